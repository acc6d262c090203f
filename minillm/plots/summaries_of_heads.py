"""One number for each head of each layer: what a head does, or what is lost without it."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.cells import colours, draw_cells, write_numbers
from minillm.plots.labels import plain_text
from minillm.plots.layout import fit, name_ticks
from minillm.plots.style import house_style, new_figure


@house_style()
def head_map(values: np.ndarray, *, label: str, centred: bool = False, title: str | None = None) -> Figure:
    """A score (L, H) of each head, a row a layer, a column a head; `label` says what is counted, beside the scale.

    `centred` draws signed values, white where they are 0: the change of the loss without each head. Without it the
    scale starts or ends at 0 as well, so that small differences look small. Values that are not finite are missing: grey.
    """
    values = np.ma.masked_invalid(np.ma.array(values, dtype=float))
    if values.ndim != 2 or not values.size:
        raise InputError(
            f"The values are {values.shape} but this figure draws (L, H).",
            "Give one number for each head of each layer.",
        )
    layers, heads = values.shape
    numbered = max(layers, heads) <= 16
    cell = 0.45 if numbered else 0.2  # inches: room for a number, or for the name of a layer
    width, height = np.clip([heads * cell, layers * cell], 0.9, 20)

    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    cmap, norm = colours(np.ma.append(values, 0), centred)
    image = draw_cells(panel, values, norm, cmap)
    bar = figure.colorbar(image, ax=panel, fraction=0.05, aspect=30)
    characters = max(16, int(height * 72 / 5.5))  # of 10 points, some 5.5 wide on average
    bar.set_label(textwrap.fill(plain_text(label), characters, break_on_hyphens=False), parse_math=False)
    if numbered:
        write_numbers(panel, image)
    name_ticks(panel.yaxis, [str(layer) for layer in range(layers)], height / layers, smallest=7)
    name_ticks(panel.xaxis, [str(head) for head in range(heads)], width / heads, smallest=7)
    panel.set_ylabel("layer")
    panel.set_xlabel("head\ngrey: missing" if np.ma.is_masked(values) else "head")
    if title:
        panel.set_title(plain_text(title), parse_math=False, wrap=True)
    fit(figure, axes, width, height)
    return figure
