"""Saving a figure: the same bytes each time, with words for those who cannot see it, and never half a file."""

import os
from io import BytesIO
from pathlib import Path

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.plots.replacing import MAKER
from minillm.plots.style import DPI
from minillm.visible import shortened, visible

SETTLED = 1e-6  # of the figure's size: a thousandth of a pixel
# No date and no version of matplotlib: the same figure gives the same bytes.
METADATA = {".png": {"Software": MAKER}, ".svg": {"Date": None, "Creator": MAKER}}


def save(figure: Figure, path: str | os.PathLike, *, alt: str) -> None:
    """Write a .png (150 dpi) or .svg, with the alternative text `alt` inside: what is drawn, and what to see in it.

    The layout of the figure is settled by the first save: finish it before.
    """
    path = Path(path)
    form = path.suffix.lower()
    if form not in METADATA:
        raise InputError(
            f"Cannot draw {path}: a figure is a .png or an .svg file.", "Give the file one of these endings."
        )
    if not alt.strip():
        raise InputError(
            f"{path} has no alternative text.", "Say in two sentences what is drawn and what to see in it."
        )
    alt = shortened(visible(alt))
    metadata = {**METADATA[form], "Description": alt}
    if form == ".svg":
        metadata["Title"] = alt  # what a screen reader speaks

    _settle_layout(figure)
    drawn = BytesIO()  # drawn before the disk is touched; SVG text stays text, in the reader's own fonts
    with matplotlib.style.context(["default", {"svg.hashsalt": "minillm", "svg.fonttype": "none"}]):
        figure.savefig(drawn, format=form[1:], dpi=DPI, metadata=metadata)
    write_atomic(path, drawn.getvalue())


def _settle_layout(figure: Figure) -> None:
    """Lay the figure out and leave it so: matplotlib would do it anew for each file, and never come to quite the same."""
    engine = figure.get_layout_engine()
    if engine is not None:
        for _ in range(3):  # each turn starts from the sizes of the one before
            before = _edges(figure)
            engine.execute(figure)
            if np.abs(_edges(figure) - before).max(initial=0) < SETTLED:
                break
        figure.set_layout_engine("none")


def _edges(figure: Figure) -> np.ndarray:
    """Where the axes of a figure end, as shares of its size: (axes, 4)."""
    return np.array([axes.get_position(original=True).extents for axes in figure.axes])
