"""Maps of cells, one for each value of a matrix: their colours, the numbers in them, and what is drawn where a value is missing."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.image import AxesImage

MISSING = "#e4e4e4"  # the grey behind the cells


def draw_cells(panel: Axes, values: np.ndarray, norm: Normalize, cmap: str | Colormap | None = None) -> AxesImage:
    """One map (R, C) that fills its axes; masked cells and values that are not finite show the grey behind them."""
    panel.set_facecolor(MISSING)
    panel.grid(False)
    panel.spines[:].set_visible(False)
    return panel.imshow(values, norm=norm, cmap=cmap, aspect="auto")


def colours(values: np.ndarray, centred: bool) -> tuple[Colormap, Normalize]:
    """The colours for these values and any that are drawn beside them; `centred`: white is 0, and -x is as strong as x.

    Values that are all equal get a scale as well: 0 to 1, or around the one value.
    """
    finite = np.ma.masked_invalid(values).compressed()
    if centred:
        largest = np.abs(finite).max(initial=0) or 1
        return colormaps["RdBu_r"], Normalize(-largest, largest)
    lowest, highest = (finite.min(), finite.max()) if finite.size else (0, 1)
    if lowest == highest:
        lowest, highest = min(0, lowest), max(1, highest)
    return colormaps["viridis"], Normalize(lowest, highest)


def write_numbers(panel: Axes, image: AxesImage, form: str | None = None) -> None:
    """Each value in its cell, in white on the dark colours and in black on the light ones; nothing where it is missing.

    `form` is a format such as ".2f"; None takes one that tells these values apart in some five characters.
    """
    values = image.get_array()
    form = form or _form(values.compressed())
    for (row, column), value in np.ma.ndenumerate(values):
        text = f"{value:{form}}"
        text = text.removeprefix("-") if float(text) == 0 else text  # not -0.00
        write_in_cell(panel, image, row, column, text)


def write_in_cell(panel: Axes, image: AxesImage, row: int, column: int, text: str, fontsize: float = 8) -> None:
    """A text in one cell, in white on a dark colour and in black on a light one."""
    red, green, blue, _ = image.cmap(image.norm(image.get_array()[row, column]))
    colour = "w" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45 else "k"
    written = panel.text(column, row, text, ha="center", va="center", fontsize=fontsize, color=colour, parse_math=False)
    written.set_in_layout(False)  # it is inside: measuring it for the layout would only take time


def _form(values: np.ndarray) -> str:
    """The format for values up to the largest of these."""
    largest = np.abs(values).max(initial=0)
    if np.all(values == np.round(values)) and largest < 1e5:
        return ".0f"
    if not 0.01 <= largest < 1e5:
        return ".1g"
    return ".2f" if largest < 10 else ".1f" if largest < 100 else ".0f"
