"""Curves by their names, each named where it ends, beside levels to compare them with."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from minillm.errors import InputError
from minillm.plots.labels import name_labels, plain_text, text_lines
from minillm.plots.layout import LINE_HEIGHT, POINTS, fit
from minillm.plots.style import COLOURS, house_style, new_figure

MARKERS = "os^DvPX"
LINE_STYLES = ["-", "-.", ":"]  # "--" is for levels

End = tuple[float, str, dict]  # the last y of a line, NaN where it has none; its name; how it looks


@house_style()
def line_chart(
    curves: Mapping[str, Sequence[tuple[float, float]]],
    *,
    xlabel: str,
    ylabel: str,
    levels: Mapping[str, float | None] | None = None,
    bands: Mapping[str, Sequence[tuple[float, float, float]]] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    title: str | None = None,
) -> Figure:
    """Curves by their names, each a sequence of (x, y), named right of the data at about the height where they end.

    `levels` are dashed lines across the figure, such as the loss of guessing, with their values; one that is None is left out.
    `bands` gives some of the curves a shadow, such as the range of several runs: a sequence of (x, lowest, highest).
    Points that are not finite, and on a logarithmic axis those of 0 or less, are left out; the figure says how many.
    """
    levels = {name: level for name, level in (levels or {}).items() if level is not None}
    for name, level in levels.items():
        if not np.isfinite(level) or (log_y and level <= 0):
            raise InputError(
                f"The axis has no place for the level {name!r}: {level}.", "Leave it out, or take log_y=False."
            )
    names, note = name_labels([*curves, *levels])
    if not names:
        raise InputError("There is no curve to draw.", "Give at least one, by its name.")
    drawn = [_drawable_points(name, points, log_x, log_y) for name, points in curves.items()]
    left_out = sum(len(points) for points in curves.values()) - sum(len(points) for points in drawn)
    pitch = 9 * LINE_HEIGHT / POINTS  # inches from a name to the next, in 9 points
    width, height = 4.4, max(2.9, pitch * len(names))

    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    for i, name in enumerate(curves):
        if name in (bands or {}):
            panel.fill_between(*np.transpose(bands[name]), color=_colour(i), alpha=0.2, linewidth=0)
    ends = _draw_curves(panel, drawn, names) + _draw_levels(panel, list(levels.values()), names[len(drawn) :])
    if all(np.array_equal(points[:, 0], points[:, 0].round()) for points in drawn):  # steps, layers, positions
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for axis, log in ((panel.xaxis, log_x), (panel.yaxis, log_y)):
        if log:
            _make_logarithmic(panel, axis)
    name_lines(panel, ends, pitch / height)

    omitted = f"{left_out} points left out: not finite{', or 0 or less' if log_x or log_y else ''}" if left_out else ""
    panel.set_xlabel(text_lines(plain_text(xlabel), omitted, note), parse_math=False, wrap=True)
    panel.set_ylabel(plain_text(ylabel), parse_math=False)
    if title:
        panel.set_title(plain_text(title), parse_math=False, wrap=True)
    fit(figure, axes, width, height)
    return figure


def _drawable_points(name: str, points: Sequence[tuple[float, float]], log_x: bool, log_y: bool) -> np.ndarray:
    """The points (N, 2) of a curve that the axes have a place for."""
    array = np.asarray(points, dtype=float)
    if array.size == 0:
        array = array.reshape(0, 2)
    if array.ndim != 2 or array.shape[1] != 2:
        raise InputError(f"The curve {name!r} is {array.shape} but a curve is (N, 2).", "Give pairs (x, y).")
    keep = np.isfinite(array).all(axis=1)
    for axis, log in enumerate((log_x, log_y)):
        if log:
            keep &= array[:, axis] > 0
    return array[keep]


def _colour(i: int) -> str:
    """Of the i-th curve."""
    return list(COLOURS.values())[i % 7]


def _draw_curves(panel: Axes, curves: list[np.ndarray], names: list[str]) -> list[End]:
    """The curves, each an array (N, 2), told apart by colour and marker, and after seven by line style."""
    ends = []
    for i, (points, name) in enumerate(zip(curves, names, strict=False)):
        look = {"color": _colour(i), "linestyle": LINE_STYLES[i // 7 % 3]}
        look |= {"marker": MARKERS[i % 7], "markersize": 4.5}
        # On a long curve some eight markers, at other places on each curve.
        every = len(points) // 8 if len(points) > 20 else 1
        panel.plot(*points.T, markevery=(i * every // len(curves), every), **look)
        ends.append((points[-1, 1], name, look) if len(points) else (np.nan, f"{name} (no points)", look))
    return ends


def _draw_levels(panel: Axes, levels: list[float], names: list[str]) -> list[End]:
    """The levels, dashed; their names give their values."""
    look = {"color": "0.4", "linestyle": "--", "linewidth": 1}
    for level in levels:
        panel.axhline(level, zorder=1, **look)
    return [(level, f"{name}: {level:.4g}", look) for level, name in zip(levels, names, strict=True)]


def _make_logarithmic(panel: Axes, axis: Axis) -> None:
    """A logarithmic axis with plain numbers on it: 0.1, 20, 500; more of them where it spans few powers of ten."""
    getattr(panel, f"set_{axis.axis_name}scale")("log")
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 500 * low else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def name_lines(panel: Axes, ends: list[End], gap: float) -> None:
    """Right of the panel a piece of each line and its name, at the height where it ends or as near as the others leave room.

    `gap` is the height of a name as a share of the panel's. What has no points is named as well, on top.
    """
    panel.set_ylim(panel.get_ylim())  # from here on the heights are settled
    to_share = panel.transData + panel.transAxes.inverted()
    x = panel.get_xlim()[0]
    heights = np.array([1 if np.isnan(y) else to_share.transform((x, y))[1] for y, _, _ in ends])
    order = np.argsort(heights, kind="stable")
    for place, i in zip(_spread(heights[order], gap), order, strict=True):
        _, name, look = ends[i]
        piece = Line2D([1.03, 1.09], [place, place], transform=panel.transAxes, clip_on=False, markevery=[1], **look)
        panel.add_artist(piece)
        panel.text(1.11, place, name, transform=panel.transAxes, va="center", fontsize=9, parse_math=False)


def _spread(heights: np.ndarray, gap: float) -> np.ndarray:
    """Heights (N,), rising, moved as little as keeps them `gap` apart and between 0 and 1 (least squares, pool adjacent violators)."""
    pools: list[
        list[float]
    ] = []  # of heights less the gaps below them: they need only rise, so those that fall are pooled
    for i, height in enumerate(heights):
        pools.append([height - i * gap, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, count = pools.pop()
            pools[-1] = [(pools[-1][0] * pools[-1][1] + mean * count) / (pools[-1][1] + count), pools[-1][1] + count]
    means = np.repeat([mean for mean, _ in pools], [int(count) for _, count in pools])
    gaps = gap * np.arange(len(heights))
    return np.clip(means, 0, max(0, 1 - gaps[-1])) + gaps
