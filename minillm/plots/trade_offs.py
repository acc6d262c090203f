"""Two things that are wanted at once, one point a method: what does one cost in terms of the other?"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.charts import MARKERS, name_lines
from minillm.plots.labels import name_labels, plain_text, text_lines
from minillm.plots.layout import LINE_HEIGHT, POINTS, fit
from minillm.plots.style import COLOURS, house_style, new_figure


@house_style()
def trade_off(points: Mapping[str, Sequence], *, xlabel: str, ylabel: str, title: str | None = None) -> Figure:
    """For each name its (x, y), one of each seed: their mean, large, with bars of one standard error, and the seeds themselves, small.

    A name may have several strengths, (strengths, seeds, 2): a line joins their means. Both axes are better where they are smaller. A grey
    step line joins the means that no other beats in both (the Pareto frontier).
    """
    arrays = {name: _checked(name, seeds) for name, seeds in points.items()}
    if not arrays:
        raise InputError("There is no point to draw.", "Give at least one, by its name.")
    names, note = name_labels(list(arrays))
    means = {name: array.mean(axis=1) for name, array in arrays.items()}
    pitch = 9 * LINE_HEIGHT / POINTS
    width, height = 4.4, max(2.9, pitch * len(names))
    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    every = np.concatenate(list(means.values()))
    panel.plot(*every[frontier(every)].T, drawstyle="steps-post", color="0.75", linewidth=1.2, zorder=1)
    ends = []
    for i, (array, strengths, name) in enumerate(zip(arrays.values(), means.values(), names, strict=True)):
        look = {"color": list(COLOURS.values())[i % 7], "marker": MARKERS[i % 7], "linestyle": ""}
        seeds = array.shape[1]
        if seeds > 1:
            errors = array.std(axis=1, ddof=1).T / math.sqrt(seeds)
            bars = {"xerr": errors[0], "yerr": errors[1], "capsize": 2, "linewidth": 1, "linestyle": ""}
            panel.errorbar(*strengths.T, color=look["color"], zorder=2, **bars)
            panel.plot(*array.reshape(-1, 2).T, markersize=3, alpha=0.5, zorder=2, **look)
        joined = look | {"linestyle": "-", "linewidth": 1}
        panel.plot(*strengths.T, markersize=8, mec="white", mew=0.6, zorder=3, **joined)
        ends.append((float(strengths[-1, 1]), name, look | {"markersize": 6}))
    name_lines(panel, ends, pitch / height)
    panel.set_xlabel(text_lines(plain_text(xlabel), "", note), parse_math=False, wrap=True)
    panel.set_ylabel(plain_text(ylabel), parse_math=False)
    if title:
        panel.set_title(plain_text(title), parse_math=False, wrap=True)
    fit(figure, axes, width, height)
    return figure


def _checked(name: str, points: Sequence) -> np.ndarray:
    """The points of a name, (strengths, seeds, 2)."""
    array = np.asarray(points, float)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[2] != 2 or not array.size or not np.isfinite(array).all():
        raise InputError(f"The points of {name!r} are no finite pairs (x, y).", "Give one pair a seed.")
    return array


def frontier(points: np.ndarray) -> np.ndarray:
    """Which of the points (N, 2) no other beats, being as small in both and smaller in one: their numbers, from the smallest x on."""
    order = np.lexsort(points.T[::-1])
    best, lowest = [], np.inf
    for i in order:
        if points[i, 1] < lowest:
            best.append(i)
            lowest = points[i, 1]
    return np.array(best)
