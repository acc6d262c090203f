"""Sizes: the figure grows with the picture, and names stand where they can be read."""

import math

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure

POINTS = 72  # to the inch
LINE_HEIGHT = 1.3  # of a line of text, in font sizes: room for accents and for Chinese


def name_ticks(axis: Axis, labels: list[str], pitch: float, *, smallest: float) -> str:
    """Name the cells 0, 1, 2 ... of an axis, `pitch` inches apart, in 9 points or less but never under `smallest`.

    Where every name does not fit, every second, third ... cell is named. Returns words that say so, for the axis label.
    """
    step = math.ceil(smallest * LINE_HEIGHT / (pitch * POINTS))
    size = min(9, step * pitch * POINTS / LINE_HEIGHT)
    # The ticks are positions, so a token may occur twice; a token such as $x$ is text, not mathematics.
    axis.set_ticks(range(0, len(labels), step), labels[::step], fontsize=size, parse_math=False)
    if axis.axis_name == "x":
        widest = max(label.get_window_extent().width for label in axis.get_ticklabels()) / axis.get_figure().dpi
        axis.set_tick_params(rotation=90 if widest > 0.85 * step * pitch else 0)
    return "" if step == 1 else f" (1 token in {step} is named)"


def fit(figure: Figure, axes: np.ndarray, width: float, height: float) -> None:
    """Resize the figure so that each of its axes (rows, columns) is width × height inches: text keeps its size."""
    rows, columns = axes.shape
    for _ in range(3):  # the colour bar takes a share of the new size: the rest of the error shrinks at each turn
        figure.get_layout_engine().execute(figure)
        box = axes[0, 0].get_position(original=True)
        w, h = figure.get_size_inches()
        figure.set_size_inches(w + columns * (width - box.width * w), h + rows * (height - box.height * h))
