"""The house style: one look for every figure, the same on every machine whatever its matplotlibrc says."""

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from minillm.plots.labels import font_families

DPI = 150

# Okabe & Ito 2008: told apart with every common kind of colour vision. Their yellow is left out: too pale for a line on white.
COLOURS = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
}

STYLE = {
    "figure.figsize": (6, 4),
    "figure.dpi": DPI,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": matplotlib.cycler(color=list(COLOURS.values())),
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "image.cmap": "viridis",
    "image.interpolation": "nearest",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style: `with house_style():`, or `@house_style()` above a function that draws."""
    # The families by name, not "sans-serif": a text keeps the names it was made with after this context has ended.
    with matplotlib.style.context(["default", {**STYLE, "font.family": font_families()}]):
        yield


def new_figure() -> Figure:
    """An empty figure that no pyplot knows of, with a canvas that draws without a screen."""
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure
