"""Attention maps: who looks at whom, one head or all of them. Rows are queries, columns are keys."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from minillm.errors import InputError
from minillm.plots.labels import plain_text, token_labels
from minillm.plots.style import house_style, new_figure

POINTS = 72  # to the inch
LINE_HEIGHT = 1.3  # of a line of text, in font sizes: room for accents and for Chinese
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
    """One head: weights (T, S), the T query tokens, and the S key tokens (left out: the queries look at themselves).

    With `causal`, keys later than the query are drawn as missing: the mask forbids them, which is not a weight of zero.
    """
    keys = queries if keys is None else keys
    weights = _checked(weights, "(T, S)", queries, keys, causal)
    rows, columns = weights.shape
    annotated = max(rows, columns) <= 12
    # inches: room for a number, then for a readable token; a picture of thousands of tokens still has an end
    cell = max(0.42 if annotated else 0.17, 1.8 / max(rows, columns))
    cell = min(cell, 20 / max(rows, columns))

    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    image = _draw(panel, weights)
    if annotated:
        _write_numbers(panel, weights)
    figure.colorbar(image, ax=panel, aspect=30, fraction=0.05, label="attention weight")
    query_labels, query_note = token_labels(queries)
    key_labels, key_note = (query_labels, query_note) if keys is queries else token_labels(keys)
    skipped = _name_rows(panel.yaxis, query_labels, cell, smallest=7)
    skipped_keys = _name_columns(panel.xaxis, key_labels, cell, smallest=7)
    panel.set_ylabel("query: looks from" + skipped)
    notes = [note for note in ("grey: masked" * causal, query_note or key_note) if note]
    panel.set_xlabel("\n".join(["key: looks at" + skipped_keys, *notes]), wrap=True)
    if title:
        panel.set_title(plain_text(title), parse_math=False, wrap=True)
    _fit(figure, axes, columns * cell, rows * cell)
    return figure
