"""Figures of what a model does and how it learned: plain NumPy arrays and lists of strings in, matplotlib Figures out.

Importing this package loads matplotlib, so `import minillm` does not import it. Nothing here opens a window or touches
pyplot: a Figure is returned, and `save` writes it on any machine, with or without a screen.
"""

from minillm.plots.attention import attention_grid, attention_heatmap
from minillm.plots.embeddings import embedding_map
from minillm.plots.head_lines import head_lines
from minillm.plots.head_map import head_map
from minillm.plots.html import save_html
from minillm.plots.layer_norms import layer_norms
from minillm.plots.line_chart import line_chart
from minillm.plots.logit_lens import logit_lens
from minillm.plots.loss import loss_curve
from minillm.plots.matrices import comparison, matrix_maps
from minillm.plots.next_words import next_word_bars
from minillm.plots.positions import position_curves, position_heatmap
from minillm.plots.rollout import attention_rollout, rollout_maps
from minillm.plots.save import save
from minillm.plots.score_strip import score_strip
from minillm.plots.style import COLOURS, house_style
from minillm.plots.text_columns import text_columns
from minillm.plots.trade_off import trade_off
from minillm.plots.training_strip import attention_over_training

__all__ = [
    "COLOURS",
    "attention_grid",
    "attention_heatmap",
    "attention_over_training",
    "attention_rollout",
    "comparison",
    "embedding_map",
    "head_lines",
    "head_map",
    "house_style",
    "layer_norms",
    "line_chart",
    "logit_lens",
    "loss_curve",
    "matrix_maps",
    "next_word_bars",
    "position_curves",
    "position_heatmap",
    "rollout_maps",
    "save",
    "save_html",
    "score_strip",
    "text_columns",
    "trade_off",
]
