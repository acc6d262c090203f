"""Two things that are wanted at once, one point a method: what does one cost in terms of the other?"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.charts import MARKERS, name_lines
from minillm.plots.labels import name_labels, plain_text, text_lines
from minillm.plots.layout import LINE_HEIGHT, POINTS, fit
from minillm.plots.style import COLOURS, house_style, new_figure


@house_style()
def trade_off(
    points: Mapping[str, Sequence[tuple[float, float]]], *, xlabel: str, ylabel: str, title: str | None = None
) -> Figure:
    """For each name its (x, y), one of each seed: their mean, large, with bars of one standard error, and the seeds themselves, small.

    Both are better when they are smaller. A step line joins the means that no other beats in both (the Pareto frontier).
    """
    arrays = {name: np.asarray(seeds, float) for name, seeds in points.items()}
    if not arrays:
        raise InputError("There is no point to draw.", "Give at least one, by its name.")
    for name, array in arrays.items():
        if array.ndim != 2 or array.shape[1] != 2 or not len(array) or not np.isfinite(array).all():
            raise InputError(f"The points of {name!r} are no finite pairs (x, y).", "Give one pair a seed.")
    names, note = name_labels(list(arrays))
    means = np.array([array.mean(axis=0) for array in arrays.values()])
    pitch = 9 * LINE_HEIGHT / POINTS
    width, height = 4.4, max(2.9, pitch * len(names))
    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    best = frontier(means)
    panel.plot(*means[best].T, drawstyle="steps-post", color="0.75", linewidth=1.2, zorder=1)
    ends = []
    for i, (array, mean, name) in enumerate(zip(arrays.values(), means, names, strict=True)):
        look = {"color": list(COLOURS.values())[i % 7], "marker": MARKERS[i % 7], "linestyle": ""}
        if len(array) > 1:
            error = array.std(axis=0, ddof=1) / np.sqrt(len(array))
            panel.errorbar(*mean, xerr=error[0], yerr=error[1], color=look["color"], capsize=2, linewidth=1, zorder=2)
            panel.plot(*array.T, markersize=3, alpha=0.5, zorder=2, **look)
        panel.plot(*mean, markersize=8, mec="white", mew=0.6, zorder=3, **look)
        ends.append((float(mean[1]), name, look | {"markersize": 6}))
    name_lines(panel, ends, pitch / height)
    panel.set_xlabel(text_lines(plain_text(xlabel), "", note), parse_math=False, wrap=True)
    panel.set_ylabel(plain_text(ylabel), parse_math=False)
    if title:
        panel.set_title(plain_text(title), parse_math=False, wrap=True)
    fit(figure, axes, width, height)
    return figure


def frontier(points: np.ndarray) -> np.ndarray:
    """Which of the points (N, 2) no other beats, being as small in both and smaller in one: their numbers, from the smallest x on."""
    order = np.lexsort(points.T[::-1])
    kept, lowest = [], np.inf
    for i in order:
        if points[i, 1] < lowest:
            kept.append(i)
            lowest = points[i, 1]
    return np.array(kept)
