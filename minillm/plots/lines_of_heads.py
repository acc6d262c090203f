"""Lines from token to token: where each head of a layer looks, in the form of Vaswani et al. 2017, figures 3 to 5."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.checked_weights import checked_weights
from minillm.plots.labels import name_labels, plain_text, text_lines
from minillm.plots.layout import fit, name_ticks
from minillm.plots.style import COLOURS, house_style, new_figure
from minillm.plots.weights import query_and_key_names

MOST = 64  # tokens: with more, the lines cannot be told apart
ACROSS = 4  # panels side by side


@house_style()
def head_lines(
    weights: np.ndarray,
    queries: Sequence[str],
    keys: Sequence[str] | None = None,
    *,
    labels: Sequence[str] | None = None,
    smallest: float = 0.05,
    drop_first: bool = False,
    title: str | None = None,
) -> Figure:
    """The heads of one layer, a panel each: weights (H, T, S) as lines from the queries on the left to the keys on the right.

    A line is thicker and darker the larger its weight; weights under `smallest` are not drawn. `labels` are the H names of the heads, by
    default their numbers. `drop_first` leaves out the first key, on which many heads rest when they look for nothing, and scales the rest
    of each row to sum to 1: the figure says so.
    """
    weights = checked_weights(weights, "HTS", queries, keys).data
    heads, rows, columns = weights.shape
    longest = max(rows, columns)
    if longest > MOST:
        raise InputError(
            f"There are {longest} tokens, and lines can be told apart among {MOST} at most.",
            "Give a part of the text, or draw it with attention_heatmap or attention_grid.",
        )
    if drop_first:
        weights = _without_first(weights)
    if labels is not None and len(labels) != heads:
        raise InputError(f"There are {heads} heads but {len(labels)} labels.", "Give one string for each head.")
    down = -(-heads // ACROSS)
    across = -(-heads // down)
    pitch = 0.25 if longest <= 16 else 0.16  # inches from one token to the next
    width, height = 2.4 if heads == 1 else 1.5, max(1, longest * pitch)

    figure = new_figure()
    axes = figure.subplots(down, across, squeeze=False)
    for panel in axes.flat[heads:]:
        panel.remove()
    query_names, key_names, note = query_and_key_names(queries, keys)
    head_names, head_note = name_labels(labels or [f"head {head}" for head in range(heads)])
    for head, panel in enumerate(axes.flat[:heads]):
        _draw_lines(panel, weights[head], smallest)
        panel.set(xlim=(0, 1), ylim=(longest - 0.5, -0.5), xticks=[], yticks=[])
        if heads > 1 or labels:
            panel.set_title(head_names[head], loc="center", fontsize=10, parse_math=False)
        # The tokens are named on the outer sides only.
        if head % across == 0:
            _name_column(panel, query_names, pitch, "query: looks from")
        if head % across == across - 1 or head == heads - 1:
            right = panel.twinx()
            right.set_ylim(panel.get_ylim())
            _name_column(right, key_names, pitch, "key: looks at")
            # Where the row ends early there is room beside it, and none need be made between the columns.
            right.set_in_layout(head % across == across - 1)
    for panel in figure.axes:
        panel.grid(False)
        panel.spines[:].set_visible(False)
    drawn = f"lines: weights of at least {smallest:g}"
    dropped = "first key left out, the rest of each row scaled to sum to 1" if drop_first else ""
    figure.supxlabel(text_lines(drawn, dropped, note, head_note), fontsize=10, wrap=True)
    if title:
        figure.suptitle(plain_text(title), parse_math=False, wrap=True, fontsize=11)
    fit(figure, axes, width, height)
    return figure


def _without_first(weights: np.ndarray) -> np.ndarray:
    """The weights (H, T, S) with 0 for the first key and the others of each row scaled to sum to 1, where there are any."""
    rest = weights.copy()
    rest[..., 0] = 0
    total = rest.sum(axis=-1, keepdims=True)
    return np.divide(rest, total, out=rest, where=total > 0)


def _draw_lines(panel: Axes, weights: np.ndarray, smallest: float) -> None:
    """The weights (T, S) from `smallest` up as lines, the largest on top."""
    rows, columns = np.nonzero((weights >= smallest) & (weights > 0))
    order = np.argsort(weights[rows, columns])
    rows, columns = rows[order], columns[order]
    drawn = np.minimum(weights[rows, columns], 1)
    starts = np.stack([np.zeros(len(rows)), rows], axis=-1)
    ends = np.stack([np.ones(len(rows)), columns], axis=-1)
    lines = LineCollection(
        np.stack([starts, ends], axis=1),
        colors=[to_rgba(COLOURS["blue"], 0.2 + 0.8 * weight) for weight in drawn],
        linewidths=0.5 + 2.5 * drawn,
    )
    panel.add_collection(lines, autolim=False)


def _name_column(panel: Axes, names: list[str], pitch: float, label: str) -> None:
    """Name the tokens of one side of a panel."""
    panel.set_ylabel(label + name_ticks(panel.yaxis, names, pitch, smallest=7))
    panel.tick_params(length=0)
