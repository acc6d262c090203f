"""Cells: a scale for any values, and numbers that fit in them and stand out from them."""

import numpy as np
import pytest

from minillm.plots.cells import colours, draw_cells, write_numbers
from minillm.plots.style import new_figure


def numbers(values, centred=False):
    """The texts in the cells of one row."""
    panel = new_figure().subplots()
    cmap, norm = colours(np.array([values]), centred)
    write_numbers(panel, draw_cells(panel, np.array([values]), norm, cmap))
    return list(panel.texts)


@pytest.mark.parametrize("values", [[], [np.nan], [0.0], [7.0, 7.0], [-2.0]])
@pytest.mark.parametrize("centred", [False, True])
def test_every_scale_has_a_width(values, centred):
    _, norm = colours(np.array(values), centred)
    assert norm.vmin < norm.vmax


def test_a_centred_scale_is_as_wide_on_either_side():
    cmap, norm = colours(np.array([-1.0, np.inf, 3]), centred=True)
    assert (cmap.name, norm.vmin, norm.vmax) == ("RdBu_r", -3, 3)
    cmap, norm = colours(np.ma.array([-1.0, 3, 9], mask=[False, False, True]), centred=False)
    assert (cmap.name, norm.vmin, norm.vmax) == ("viridis", -1, 3)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0, 3, -20], ["0", "3", "-20"]),
        ([0.5, -0.001, 0], ["0.50", "0.00", "0.00"]),
        ([12.34, 1, 0.02], ["12.3", "1.0", "0.0"]),
        ([1234.5, -1, 0.4], ["1234", "-1", "0"]),
        ([3e-8, 0, -1e-9], ["3e-08", "0", "-1e-09"]),
        ([1.0, np.nan, np.inf], ["1"]),
    ],
)
def test_numbers_fit_their_cells(values, texts):
    assert [text.get_text() for text in numbers(values)] == texts


def test_numbers_stand_out_from_their_cells():
    assert [text.get_color() for text in numbers([-1.0, 0, 1], centred=True)] == ["w", "k", "w"]
    assert [text.get_color() for text in numbers([0.0, 1.0])] == ["w", "k"]
