"""Matrices side by side: several on one scale, or an answer beside the one that was asked for."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minillm.errors import InputError
from minillm.plots.cells import colours, draw_cells, write_numbers
from minillm.plots.labels import name_labels, plain_text, text_lines, token_labels
from minillm.plots.layout import fit, name_ticks
from minillm.plots.style import house_style, new_figure

WIDEST = 14  # inches for the panels of one row
NUMBERED = 8  # rows and columns, at most, of a panel that carries its numbers


@house_style()
def matrix_maps(
    matrices: Mapping[str, np.ndarray],
    *,
    rows: str | Sequence[str],
    columns: str | Sequence[str],
    centred: bool = False,
    title: str | None = None,
) -> Figure:
    """Matrices (R, C) by their names, a panel each, all on one scale: the same colour is the same value.

    `rows` and `columns` are the names of the R rows and of the C columns; one string says what they count instead. `centred` is for
    signed values: white is 0. Masked values and those that are not finite are missing, and grey. Small maps carry their numbers.
    """
    stack = _checked(matrices, rows, columns)
    count, height, width = stack.shape
    numbered = max(height, width) <= NUMBERED
    tall, wide = _inches(height, numbered, named=rows), _inches(width, numbered, named=columns)
    across = int(np.clip(WIDEST // wide, 1, count))
    down = -(-count // across)

    figure = new_figure()
    axes = figure.subplots(down, across, squeeze=False)
    panels = axes.ravel()[:count]
    for empty in axes.flat[count:]:
        empty.set_axis_off()
    cmap, norm = colours(stack, centred)
    names, name_note = name_labels(list(matrices))
    for panel, name, matrix in zip(panels, names, stack, strict=True):
        image = draw_cells(panel, matrix, norm, cmap)
        panel.set(xticks=[], yticks=[])  # named on the left and below only
        _set_title(panel, name, wide)
        if numbered:
            write_numbers(panel, image)
    figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, aspect=30)

    row_label, row_note = _name_cells([panel.yaxis for panel in axes[:, 0]], rows, height, tall)
    column_label, column_note = _name_cells([panel.xaxis for panel in panels[-across:]], columns, width, wide)
    missing = "grey: missing" if np.ma.is_masked(stack) else ""
    figure.supylabel(row_label, fontsize=10, parse_math=False)
    below = text_lines(column_label, missing, row_note, column_note, name_note)
    figure.supxlabel(below, fontsize=10, parse_math=False, wrap=True)
    if title:
        figure.suptitle(plain_text(title), parse_math=False, wrap=True, fontsize=11)
    fit(figure, axes, wide, tall)
    return figure


@house_style()
def comparison(target: np.ndarray, yours: np.ndarray, *, title: str | None = None) -> Figure:
    """An array beside the one that it should be, and their difference, yours - target: (N,) or (R, C).

    The first two share a scale. The difference has its own, white at 0, and the place of its largest value is named. What is only rounding,
    1e-9 of the largest number, is no difference.
    """
    target, yours = np.asarray(target, dtype=float), np.asarray(yours, dtype=float)
    if target.shape != yours.shape:
        raise InputError(
            f"The target is {target.shape} and yours is {yours.shape}: they cannot be compared.",
            "Look for an axis that is missing, too many, or in another place.",
        )
    if target.ndim not in (1, 2) or not target.size:
        raise InputError(
            f"The arrays are {target.shape} but this figure draws (N,) or (R, C).", "Give one slice of them, as a[0]."
        )
    height, width = target.shape if target.ndim == 2 else (target.size, 1)
    numbered = max(height, width) <= NUMBERED
    tall, wide = _inches(height, numbered, named=""), _inches(width, numbered, named="")

    figure = new_figure()
    axes = figure.subplots(1, 3, squeeze=False)
    difference = np.ma.masked_invalid(yours) - np.ma.masked_invalid(target)
    rounding = 1e-9 * np.ma.abs(np.ma.masked_invalid(target)).max()
    difference = np.ma.where(np.ma.abs(difference) <= rounding, 0, difference)
    shared = colours(np.stack([target, yours]), centred=False)
    left, middle, right = axes[0]
    for panel, name, values, (cmap, norm) in (
        (left, "target", target, shared),
        (middle, "yours", yours, shared),
        (right, "yours - target", difference, colours(difference, centred=True)),
    ):
        image = draw_cells(panel, values.reshape(height, width), norm, cmap)
        panel.set_title(name, loc="center", fontsize=10)
        panel.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
        panel.yaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        if target.ndim == 1:
            panel.set_xticks([])
        if panel is not left:
            panel.set_yticks([])
            beside = [left, middle] if panel is middle else panel
            figure.colorbar(image, ax=beside, format="%.3g", fraction=0.05, pad=0.02, aspect=30)
        if numbered:
            write_numbers(panel, image)
    figure.supxlabel(_summary(target, yours, np.ma.abs(difference)), fontsize=10)
    if title:
        figure.suptitle(plain_text(title), parse_math=False, wrap=True, fontsize=11)
    fit(figure, axes, wide, tall)
    return figure


def _checked(
    matrices: Mapping[str, np.ndarray], rows: str | Sequence[str], columns: str | Sequence[str]
) -> np.ma.MaskedArray:
    """The matrices (N, R, C), what is not finite masked, once they have one shape and fit the names."""
    arrays = {name: np.ma.array(matrix, dtype=float) for name, matrix in matrices.items()}
    if not arrays:
        raise InputError("There is no matrix to draw.", "Give at least one, by its name.")
    first, shape = next((name, matrix.shape) for name, matrix in arrays.items())
    for name, matrix in arrays.items():
        if matrix.ndim != 2 or not matrix.size:
            raise InputError(f"The matrix {name!r} is {matrix.shape} but this figure draws (R, C).", "Give two axes.")
        if matrix.shape != shape:
            raise InputError(
                f"The matrix {name!r} is {matrix.shape} but {first!r} is {shape}.",
                "Give matrices of one shape: the panels share the names of their rows and columns.",
            )
    for count, names, kind in zip(shape, (rows, columns), ("row", "column"), strict=True):
        if not isinstance(names, str) and len(names) != count:
            raise InputError(
                f"The matrices are {shape} but there are {len(names)} {kind} names.",
                f"Give one string for each {kind}, or one string alone that says what the {kind}s count.",
            )
    return np.ma.masked_invalid(np.ma.stack(list(arrays.values())))


def _inches(count: int, numbered: bool, *, named: str | Sequence[str]) -> float:
    """The length of a side of so many cells: room for a number, or for a name of 9 points, or for the picture alone."""
    if numbered:
        return max(0.9, 0.42 * count)
    return float(np.clip(0.17 * count, 0.9, 4 if isinstance(named, str) else 12))


def _name_cells(axes: Sequence[Axis], names: str | Sequence[str], count: int, inches: float) -> tuple[str, str]:
    """Name the cells of these axes, all alike; returns the label that they need, and the note."""
    if isinstance(names, str):
        for axis in axes:
            axis.set_major_locator(MaxNLocator(max(2, int(inches / 0.4)), integer=True, min_n_ticks=1))
        return plain_text(names), ""
    labels, note = token_labels(names)
    words = [name_ticks(axis, labels, inches / count, smallest=7) for axis in axes]
    return words[0].strip(" ()"), note


def _set_title(panel: Axes, name: str, inches: float) -> None:
    """The name above a panel, in as many lines as its width asks for."""
    characters = max(8, int(inches * 72 / 5.5))  # of 10 points, some 5.5 wide on average
    panel.set_title(textwrap.fill(name, characters), loc="center", fontsize=10, parse_math=False)


def _summary(target: np.ndarray, yours: np.ndarray, apart: np.ma.MaskedArray) -> str:
    """Where the two are furthest apart, and how many of their values that are not finite differ."""
    if not apart.count():
        largest = ""
    elif apart.max() == 0:
        largest = "no difference" + (" where both are finite" if np.ma.is_masked(apart) else "")
    else:
        place = ", ".join(map(str, np.unravel_index(apart.argmax(), apart.shape)))
        largest = f"largest difference: {apart.max():.3g}, at [{place}]"
    grey = "grey: not finite"
    unlike = np.sum(np.ma.getmaskarray(apart) & ~((target == yours) | (np.isnan(target) & np.isnan(yours))))
    if unlike:
        grey += f"; {unlike} of them not the same in both"
    return text_lines(largest, grey if np.ma.is_masked(apart) else "")
