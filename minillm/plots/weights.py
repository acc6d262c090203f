"""What the figures of attention share: the scale from 0 to 1, and maps side by side."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from minillm.plots.cells import draw_cells, write_numbers
from minillm.plots.labels import plain_text, text_lines, token_labels
from minillm.plots.layout import fit, name_ticks
from minillm.plots.style import new_figure

FEW = 12  # tokens: among more, most weights are small
WIDEST = 12  # inches for the panels of one row


def draw_weights(panel: Axes, weights: np.ma.MaskedArray) -> AxesImage:
    """One map (T, S) on the scale 0 to 1 that all maps share; masked cells show the grey behind them.

    Among many tokens the colours go by the square root, which tells 0.02 from 0.1.
    """
    return draw_cells(panel, weights, PowerNorm(0.5, 0, 1) if max(weights.shape) > FEW else Normalize(0, 1))


def weight_bar(
    figure: Figure, image: AxesImage, axes: Axes | Sequence[Axes], label: str = "attention weight", **sizes
) -> None:
    """The scale of the colours, named by the values themselves also where the colours go by their square root."""
    if isinstance(image.norm, PowerNorm):
        sizes |= {"ticks": [0, 0.05, 0.2, 0.5, 1], "format": "%g"}
    figure.colorbar(image, ax=axes, label=label, **sizes)


def query_and_key_names(queries: Sequence[str], keys: Sequence[str] | None) -> tuple[list[str], list[str], str]:
    """The labels of the queries, the labels of the keys, and the note that they need."""
    query_names, query_note = token_labels(queries)
    key_names, key_note = (query_names, query_note) if keys is None else token_labels(keys)
    return query_names, key_names, query_note or key_note


def weight_maps(
    weights: np.ma.MaskedArray,
    names: Sequence[str],
    queries: Sequence[str],
    keys: Sequence[str] | None = None,
    *,
    title: str | None = None,
    label: str = "attention weight",
) -> Figure:
    """Maps (N, T, S) on one scale, a panel each with its name, in as many rows as they take."""
    panels, rows, columns = weights.shape
    longest = max(rows, columns)
    numbered = longest <= 8 and panels <= 2
    # Room for a number, or for a name of 9 points where that leaves all panels in one row, or else of 6 points.
    side = 0.42 * longest if numbered else max(min(0.17 * longest, WIDEST / panels), 0.11 * longest)
    cell = np.clip(side, 1.4, 20) / longest
    width, height = max(1.4, columns * cell), max(0.8, rows * cell)
    down = -(-panels // int(np.clip(WIDEST // width, 1, panels)))
    across = -(-panels // down)

    figure = new_figure()
    axes = figure.subplots(down, across, squeeze=False)
    used, spare = axes.flat[:panels], axes.flat[panels:]
    for panel in spare:
        panel.remove()
    for panel, name, matrix in zip(used, names, weights, strict=True):
        image = draw_weights(panel, matrix)
        panel.set(xticks=[], yticks=[])  # the tokens are named on the left and below only
        panel.set_title(name, loc="center", fontsize=10)
        if numbered:
            write_numbers(panel, image, ".2f")
    weight_bar(figure, image, list(used), label, fraction=0.04, pad=0.02, aspect=30)

    query_names, key_names, note = query_and_key_names(queries, keys)
    for panel in axes[:, 0]:
        query_label = "query: looks from" + name_ticks(panel.yaxis, query_names, height / rows, smallest=6)
    for panel in used[-across:]:  # the lowest of each column
        key_label = "key: looks at" + name_ticks(panel.xaxis, key_names, width / columns, smallest=6)
    figure.supylabel(query_label, fontsize=10)
    masked = "grey: masked" if np.ma.is_masked(weights) else ""
    figure.supxlabel(text_lines(key_label, masked, note), fontsize=10, wrap=True)
    if title:
        figure.suptitle(plain_text(title), parse_math=False, wrap=True, fontsize=11)
    fit(figure, axes, width, height)
    return figure
