"""Figures of what a model does and how it learned: plain NumPy arrays and lists of strings in, matplotlib Figures out.

matplotlib is loaded when the first figure is asked for; `save_html` does without. Nothing here opens a window or touches pyplot: a Figure
is returned, and `save` writes it on any machine, with or without a screen.
"""

from minillm.lazy import attach

FIGURES = {
    "attention": ("attention_grid", "attention_heatmap"),
    "diagrams": ("block_diagram", "encoder_decoder_diagram", "gpt_diagram"),
    "embeddings": ("embedding_map", "embedding_maps"),
    "lines_of_heads": ("head_lines",),
    "summaries_of_heads": ("head_map",),
    "html": ("save_html",),
    "residual_stream": ("layer_norms",),
    "charts": ("line_chart",),
    "lens": ("logit_lens",),
    "loss": ("curve_of_log", "loss_curve"),
    "matrices": ("comparison", "matrix_maps"),
    "next_words": ("next_word_bars",),
    "positions": ("position_curves", "position_heatmap"),
    "rollout": ("attention_rollout", "rollout_maps"),
    "replacing": ("refuse_to_replace",),
    "saving": ("save",),
    "strips": ("score_strip",),
    "style": ("COLOURS", "house_style"),
    "columns": ("text_columns",),
    "trade_offs": ("trade_off",),
    "training_strip": ("attention_over_training",),
}
__getattr__, __dir__ = attach(__name__, FIGURES)
__all__ = [name for names in FIGURES.values() for name in names]
