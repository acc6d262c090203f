"""Attention maps: who looks at whom, in one head or in all of them. Rows are queries, columns are keys."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minillm.plots.cells import write_numbers
from minillm.plots.checked_weights import checked_weights
from minillm.plots.labels import plain_text, text_lines
from minillm.plots.layout import fit, name_ticks
from minillm.plots.style import COLOURS, house_style, new_figure
from minillm.plots.weights import FEW, draw_weights, query_and_key_names, weight_bar


@house_style()
def attention_heatmap(
    weights: np.ndarray,
    queries: Sequence[str],
    keys: Sequence[str] | None = None,
    *,
    causal: bool = False,
    mark_largest: bool = False,
    title: str | None = None,
) -> Figure:
    """One head: weights (T, S), the T query tokens, and the S key tokens (None: the queries look at themselves).

    With `causal`, keys later than the query are drawn as missing: the mask forbids them, which is more than a weight of 0.
    `mark_largest` frames the largest weight of each row: in the cross-attention of a translation, the alignment.
    """
    weights = checked_weights(weights, "TS", queries, keys, causal)
    rows, columns = weights.shape
    numbered = max(rows, columns) <= FEW
    cell = 0.42 if numbered else 0.17  # inches: room for a number, or for a name of 9 points
    width, height = np.clip([columns * cell, rows * cell], 1.8, 20)

    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    image = draw_weights(panel, weights)
    weight_bar(figure, image, panel, fraction=0.05, aspect=30)
    if numbered:
        write_numbers(panel, image, ".2f")
    if mark_largest:
        _frame_largest(panel, weights)

    query_names, key_names, note = query_and_key_names(queries, keys)
    query_label = "query: looks from" + name_ticks(panel.yaxis, query_names, height / rows, smallest=7)
    key_label = "key: looks at" + name_ticks(panel.xaxis, key_names, width / columns, smallest=7)
    panel.set_ylabel(query_label)
    masked = "grey: masked" if np.ma.is_masked(weights) else ""
    marked = "framed: the largest of its row" if mark_largest else ""
    panel.set_xlabel(text_lines(key_label, masked, marked, note), wrap=True)
    if title:
        panel.set_title(plain_text(title), parse_math=False, wrap=True)
    fit(figure, axes, width, height)
    return figure


@house_style()
def attention_grid(
    weights: np.ndarray,
    queries: Sequence[str],
    keys: Sequence[str] | None = None,
    *,
    causal: bool = False,
    title: str | None = None,
    layer_numbers: Sequence[int] | None = None,
    head_numbers: Sequence[int] | None = None,
) -> Figure:
    """Many heads on one scale: weights (L, H, T, S), a row a layer, a column a head; else as the heatmap.

    The numbers name the rows and columns, for a picture of some layers or heads of a model; None counts from 0.
    """
    weights = checked_weights(weights, "LHTS", queries, keys, causal)
    layers, heads, rows, columns = weights.shape
    longest = max(rows, columns)
    most = max(layers, heads)
    cell = min(max(1.4, 0.17 * longest), 12 / most) / longest  # inches: some 12 for the whole picture
    if 0.11 * longest * most <= 22:  # up to 22 where that leaves room for every name, in 6 points
        cell = max(cell, 0.11)
    width, height = np.maximum([columns * cell, rows * cell], 0.8)

    figure = new_figure()
    axes = figure.subplots(layers, heads, squeeze=False)
    for (layer, head), panel in np.ndenumerate(axes):
        image = draw_weights(panel, weights[layer, head])
        panel.set(xticks=[], yticks=[])  # the tokens are named on the left and below only
    weight_bar(figure, image, axes, fraction=0.04, pad=0.02, aspect=40)

    query_names, key_names, note = query_and_key_names(queries, keys)
    for layer, panel in zip(layer_numbers or range(layers), axes[:, 0], strict=True):
        query_label = "query: looks from" + name_ticks(panel.yaxis, query_names, height / rows, smallest=6)
        panel.set_ylabel(f"layer {layer}")
    for head, top, bottom in zip(head_numbers or range(heads), axes[0], axes[-1], strict=True):
        key_label = "key: looks at" + name_ticks(bottom.xaxis, key_names, width / columns, smallest=6)
        top.set_title(f"head {head}", loc="center", fontsize=10)
    figure.supylabel(query_label, fontsize=10)
    masked = "grey: masked" if np.ma.is_masked(weights) else ""
    figure.supxlabel(text_lines(key_label, masked, note), fontsize=10, wrap=True)
    if title:
        figure.suptitle(plain_text(title), parse_math=False, wrap=True, fontsize=11)
    fit(figure, axes, width, height)
    return figure


def _frame_largest(panel: Axes, weights: np.ma.MaskedArray) -> None:
    """A frame around the largest weight of each row, the first of them where several are equal; none in a row of zeros."""
    for row, column in enumerate(weights.argmax(axis=1)):
        if weights[row, column] > 0:
            # White beneath the colour, so that the frame stands out from the pale cells and from the dark ones.
            for colour, thickness in (("w", 3), (COLOURS["vermillion"], 1.6)):
                corner = (column - 0.45, row - 0.45)
                panel.add_patch(Rectangle(corner, 0.9, 0.9, fill=False, edgecolor=colour, linewidth=thickness))
