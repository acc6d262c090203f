"""What is added to a token for its position: the whole table, or some of its columns as curves."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minillm.errors import InputError
from minillm.plots.cells import colours, draw_cells
from minillm.plots.charts import line_chart
from minillm.plots.labels import plain_text
from minillm.plots.layout import fit
from minillm.plots.style import house_style, new_figure


@house_style()
def position_heatmap(table: np.ndarray, *, title: str | None = None) -> Figure:
    """The table (T, D): a row for each position, a column for each dimension; blue is below 0, white is 0, red above."""
    table = _checked(table)
    positions, dimensions = table.shape
    width, height = np.clip([0.1 * dimensions, 0.1 * positions], 1.6, [6, 5])

    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    cmap, norm = colours(table, centred=True)
    image = draw_cells(panel, table, norm, cmap)
    figure.colorbar(image, ax=panel, label="value", fraction=0.05, aspect=30)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panel.set_xlabel("dimension")
    panel.set_ylabel("position")
    if title:
        panel.set_title(plain_text(title), parse_math=False, wrap=True)
    fit(figure, axes, width, height)
    return figure


def position_curves(table: np.ndarray, dimensions: Sequence[int], *, title: str | None = None) -> Figure:
    """Some columns of the table (T, D), each a curve over the positions."""
    table = _checked(table)
    for dimension in dimensions:
        if not 0 <= dimension < table.shape[1]:
            raise InputError(
                f"There is no dimension {dimension}: the table is {table.shape}.",
                f"Take dimensions from 0 to {table.shape[1] - 1}.",
            )
    curves = {f"dimension {dimension}": list(enumerate(table[:, dimension])) for dimension in dimensions}
    return line_chart(curves, xlabel="position", ylabel="value", title=title)


def _checked(table: np.ndarray) -> np.ndarray:
    table = np.asarray(table)
    if table.ndim != 2 or not table.size:
        raise InputError(
            f"The table is {table.shape} but this figure draws (T, D).",
            "Give a row for each position and a column for each dimension.",
        )
    return table
