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
def trade_off(
    points: Mapping[str, Sequence],
    *,
    xlabel: str,
    ylabel: str,
    limit: Sequence[tuple[float, float]] = (),
    title: str | None = None,
) -> Figure:
    """For each name its (x, y), one of each seed: their mean, large, with bars of one standard error, and the seeds themselves, small.

    A name may have several strengths, a list of such points for each: a line joins their means. Both axes are better where they are
    smaller. A grey step line joins the means that no other beats in both (the Pareto frontier); where it is known what can't be beaten, a
    `limit` of (x, y), that is drawn in its place, dashed.
    """
    strengths = [_strengths(name, given) for name, given in points.items()]
    if not strengths:
        raise InputError("There is no point to draw.", "Give at least one, by its name.")
    names, note = name_labels(list(points))
    means = [np.array([seeds.mean(axis=0) for seeds in each]) for each in strengths]
    pitch = 9 * LINE_HEIGHT / POINTS
    width, height = 4.4, max(2.9, pitch * len(names))
    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    every = np.concatenate(means)
    if len(limit):
        panel.plot(*np.transpose(limit), linestyle="--", color="0.45", linewidth=1.2, zorder=1)
    else:
        panel.plot(*every[frontier(every)].T, drawstyle="steps-post", color="0.75", linewidth=1.2, zorder=1)
    ends = []
    for i, (each, joined, name) in enumerate(zip(strengths, means, names, strict=True)):
        look = {"color": list(COLOURS.values())[i % 7], "marker": MARKERS[i % 7], "linestyle": ""}
        for seeds, mean in zip(each, joined, strict=True):
            if len(seeds) > 1:
                error = seeds.std(axis=0, ddof=1) / math.sqrt(len(seeds))
                panel.errorbar(
                    *mean, xerr=error[0], yerr=error[1], color=look["color"], capsize=2, linewidth=1, zorder=2
                )
                panel.plot(*seeds.T, markersize=3, alpha=0.5, zorder=2, **look)
        panel.plot(*joined.T, markersize=8, mec="white", mew=0.6, zorder=3, **look | {"linestyle": "-", "linewidth": 1})
        ends.append((float(joined[-1, 1]), name, look | {"markersize": 6}))
    name_lines(panel, ends, pitch / height)
    panel.set_xlabel(text_lines(plain_text(xlabel), "", note), parse_math=False, wrap=True)
    panel.set_ylabel(plain_text(ylabel), parse_math=False)
    if title:
        panel.set_title(plain_text(title), parse_math=False, wrap=True)
    fit(figure, axes, width, height)
    return figure


def _strengths(name: str, given: Sequence) -> list[np.ndarray]:
    """The points (seeds, 2) of each strength of a name."""
    several = len(given) > 0 and np.ndim(given[0]) == 2
    strengths = [np.asarray(seeds, float) for seeds in (given if several else [given])]
    if not all(
        seeds.ndim == 2 and seeds.shape[1] == 2 and seeds.size and np.isfinite(seeds).all() for seeds in strengths
    ):
        raise InputError(f"The points of {name!r} are no finite pairs (x, y).", "Give one pair a seed.")
    return strengths


def frontier(points: np.ndarray) -> np.ndarray:
    """Which of the points (N, 2) no other beats, being as small in both and smaller in one: their numbers, from the smallest x on."""
    order = np.lexsort(points.T[::-1])
    best, lowest = [], np.inf
    for i in order:
        if points[i, 1] < lowest:
            best.append(i)
            lowest = points[i, 1]
    return np.array(best)
