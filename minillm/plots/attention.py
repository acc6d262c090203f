"""Attention maps: who looks at whom, in one head or in all of them. Rows are queries, columns are keys."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from minillm.errors import InputError
from minillm.plots.labels import plain_text, token_labels
from minillm.plots.layout import fit, name_ticks
from minillm.plots.style import house_style, new_figure

MASKED = "#e4e4e4"


@house_style()
def attention_heatmap(
    weights: np.ndarray,
    queries: Sequence[str],
    keys: Sequence[str] | None = None,
    *,
    causal: bool = False,
    title: str | None = None,
) -> Figure:
    """One head: weights (T, S), the T query tokens, and the S key tokens (None: the queries look at themselves).

    With `causal`, keys later than the query are drawn as missing: the mask forbids them, which is more than a weight of 0.
    """
    weights = _checked(weights, "TS", queries, keys, causal)
    rows, columns = weights.shape
    numbered = max(rows, columns) <= 12
    cell = 0.42 if numbered else 0.17  # inches: room for a number, or for a name of 9 points
    width, height = np.clip([columns * cell, rows * cell], 1.8, 20)

    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    image = _draw(panel, weights)
    _colour_bar(figure, image, panel, fraction=0.05, aspect=30)
    if numbered:
        _write_numbers(panel, image)

    query_names, key_names, note = _names(queries, keys)
    query_label = "query: looks from" + name_ticks(panel.yaxis, query_names, height / rows, smallest=7)
    key_label = "key: looks at" + name_ticks(panel.xaxis, key_names, width / columns, smallest=7)
    panel.set_ylabel(query_label)
    panel.set_xlabel(_lines(key_label, "grey: masked" if np.ma.is_masked(weights) else "", note), wrap=True)
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
    weights = _checked(weights, "LHTS", queries, keys, causal)
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
        image = _draw(panel, weights[layer, head])
        panel.set(xticks=[], yticks=[])  # the tokens are named on the left and below only
    _colour_bar(figure, image, axes, fraction=0.04, pad=0.02, aspect=40)

    query_names, key_names, note = _names(queries, keys)
    for layer, panel in zip(layer_numbers or range(layers), axes[:, 0], strict=True):
        query_label = "query: looks from" + name_ticks(panel.yaxis, query_names, height / rows, smallest=6)
        panel.set_ylabel(f"layer {layer}")
    for head, top, bottom in zip(head_numbers or range(heads), axes[0], axes[-1], strict=True):
        key_label = "key: looks at" + name_ticks(bottom.xaxis, key_names, width / columns, smallest=6)
        top.set_title(f"head {head}", loc="center", fontsize=10)
    figure.supylabel(query_label, fontsize=10)
    figure.supxlabel(
        _lines(key_label, "grey: masked" if np.ma.is_masked(weights) else "", note), fontsize=10, wrap=True
    )
    if title:
        figure.suptitle(plain_text(title), parse_math=False, wrap=True, fontsize=11)
    fit(figure, axes, width, height)
    return figure


def _checked(
    weights: np.ndarray, letters: str, queries: Sequence[str], keys: Sequence[str] | None, causal: bool
) -> np.ndarray:
    """The weights (..., T, S) as a masked array, once they fit the tokens and can be attention at all."""
    weights = np.asarray(weights)
    shape = f"({', '.join(letters)})"
    if weights.ndim != len(letters) or 0 in weights.shape:
        raise InputError(
            f"Attention is {weights.shape} but this figure draws {shape}.",
            "Give (T, S) for one head, or (L, H, T, S) for a grid of layers and heads, and at least one token.",
        )
    rows, columns = weights.shape[-2:]
    for count, tokens, kind in ((rows, queries, "query"), (columns, queries if keys is None else keys, "key")):
        if len(tokens) != count:
            raise InputError(
                f"Attention is {weights.shape} but there are {len(tokens)} {kind} tokens: {shape} needs {count}.",
                "Give one string for each query (T), and for each key (S) where the keys are other tokens.",
            )
    if not np.all((weights >= 0) & (weights <= 1.001)):  # a little over 1: the rounding of low precision
        raise InputError(
            "Attention weights lie between 0 and 1, and some of these do not.",
            "Give the weights after the softmax, not the scores before it.",
        )
    if not causal:
        return np.ma.array(weights)
    # The last query is the last key, also where the first keys come from a cache and S > T.
    later = ~np.tri(rows, columns, columns - rows, dtype=bool)
    if np.any(weights[..., later] > 0):
        raise InputError(
            "Attention is drawn as causal but some weight lies on a later key.",
            "Leave out causal=True, or look for the mask that was forgotten.",
        )
    return np.ma.array(weights, mask=np.broadcast_to(later, weights.shape))


def _draw(panel: Axes, weights: np.ma.MaskedArray) -> AxesImage:
    """One map (T, S) on the scale 0 to 1 that all maps share; masked cells show the grey behind them.

    Among many tokens most weights are small: there the colours go by the square root, which tells 0.02 from 0.1.
    """
    norm = PowerNorm(0.5, 0, 1) if max(weights.shape) > 12 else Normalize(0, 1)
    panel.set_facecolor(MASKED)
    panel.grid(False)
    panel.spines[:].set_visible(False)
    return panel.imshow(weights, norm=norm, aspect="auto")


def _colour_bar(figure: Figure, image: AxesImage, axes: Axes | np.ndarray, **sizes) -> None:
    """The scale of the colours, named by the weights themselves also where the colours go by their square root."""
    if isinstance(image.norm, PowerNorm):
        sizes |= {"ticks": [0, 0.05, 0.2, 0.5, 1], "format": "%g"}
    figure.colorbar(image, ax=axes, label="attention weight", **sizes)


def _write_numbers(panel: Axes, image: AxesImage) -> None:
    """Each weight in its cell, in white on the dark colours and in black on the light ones."""
    for (row, column), weight in np.ma.ndenumerate(image.get_array()):
        red, green, blue, _ = image.cmap(image.norm(weight))
        dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45
        panel.text(column, row, f"{weight:.2f}", ha="center", va="center", fontsize=8, color="w" if dark else "k")


def _names(queries: Sequence[str], keys: Sequence[str] | None) -> tuple[list[str], list[str], str]:
    """The labels of the queries, the labels of the keys, and the note that they need."""
    query_names, query_note = token_labels(queries)
    key_names, key_note = (query_names, query_note) if keys is None else token_labels(keys)
    return query_names, key_names, query_note or key_note


def _lines(*lines: str) -> str:
    """One text of those lines that are not empty."""
    return "\n".join(filter(None, lines))
