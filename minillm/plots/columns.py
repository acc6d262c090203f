"""Texts side by side, line by line, with those that break a rule marked."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.labels import font_families, is_drawable, plain_text
from minillm.plots.style import COLOURS, house_style, new_figure
from minillm.visible import columns as columns_of

SIZE, PITCH = 8, 0.165  # points of a letter; inches of a line
LETTER = 0.6 * SIZE / 72  # inches: the letters of DejaVu Sans Mono are 0.6 as wide as high
SPACE = "·"


@house_style()
def text_columns(
    columns: Mapping[str, Sequence[tuple[str, bool]]], *, width: int = 44, title: str | None = None
) -> Figure:
    """For each name its lines, each with whether it is bad. A bad line is red, and has a cross in front, for whoever sees no red.

    Lines longer than `width` letters (a Chinese one counts as two) are cut; a blank at the end of a line, where it can't be seen, is drawn
    as a dot.
    """
    if not columns or not any(columns.values()):
        raise InputError("There is no line to draw.", "Give at least one column with a line.")
    rows = max(map(len, columns.values()))
    figure = new_figure()
    figure.set_layout_engine("none")
    gap, top = 4, 0.62 if title else 0.34  # letters between two columns; inches
    wide = (len(columns) * (width + 2 + gap)) * LETTER + 0.1
    high = rows * PITCH + top + 0.1
    figure.set_size_inches(wide, high)
    families = ["DejaVu Sans Mono", *font_families()]
    for i, (name, lines) in enumerate(columns.items()):
        left = (0.1 + i * (width + 2 + gap) * LETTER) / wide
        figure.text(left, 1 - (top - 0.17) / high, plain_text(name), fontsize=10, weight="bold", parse_math=False)
        for row, (line, bad) in enumerate(lines):
            style = {"color": COLOURS["vermillion"] if bad else "0.15", "fontsize": SIZE, "family": families}
            y = 1 - (top + (row + 0.8) * PITCH) / high
            figure.text(left, y, ("✗ " if bad else "  ") + shown(line, width), parse_math=False, **style)
    if title:
        figure.text(0.1 / wide, 1 - 0.22 / high, plain_text(title), fontsize=11, parse_math=False)
    return figure


def shown(line: str, width: int) -> str:
    """A line as it can be drawn: tabs and control characters as one sign each, and what no font has as a question mark."""
    blanks = len(line) - len(line.rstrip(" "))
    line = line[: len(line) - blanks] + SPACE * blanks
    line = "".join(c if c.isprintable() and is_drawable(c) else "⇥" if c == "\t" else "?" for c in line)
    if columns_of(line) <= width:
        return line
    while columns_of(line) > width - 1:
        line = line[:-1]
    return line + "…"
