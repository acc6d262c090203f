"""Figures of what a model does and how it learned: plain NumPy arrays and lists of strings in, matplotlib Figures out.

Importing this package loads matplotlib, so `import minillm` does not import it. Nothing here opens a window or touches
pyplot: a Figure is returned, and `save` writes it on any machine, with or without a screen.
"""

from minillm.plots.attention import attention_grid, attention_heatmap
from minillm.plots.loss import loss_curve
from minillm.plots.save import save
from minillm.plots.style import COLOURS, house_style

__all__ = ["COLOURS", "attention_grid", "attention_heatmap", "house_style", "loss_curve", "save"]
