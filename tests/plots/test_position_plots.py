"""Positions: the table as it is, coloured around 0, and the columns that were asked for."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import position_curves, position_heatmap

TABLE = np.random.default_rng(0).normal(size=(7, 5))


def test_heatmap_shows_the_table_around_zero():
    panel, bar = position_heatmap(TABLE, title="a title").axes
    (image,) = panel.get_images()
    np.testing.assert_array_equal(image.get_array(), TABLE)
    assert image.get_clim() == (-np.abs(TABLE).max(), np.abs(TABLE).max())
    assert image.get_cmap().name == "RdBu_r"
    assert (panel.get_xlabel(), panel.get_ylabel(), bar.get_ylabel()) == ("dimension", "position", "value")
    assert panel.get_title(loc="left") == "a title"


@pytest.mark.parametrize("shape", [(1, 1), (5, 4), (60, 64), (500, 8), (3, 512)])
def test_heatmap_can_be_read(assert_inside, assert_readable, shape):
    figure = position_heatmap(np.zeros(shape), title="A title")
    assert_inside(figure)
    assert_readable(figure.axes[0], smallest=9)
    assert all(
        tick == round(tick) for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis) for tick in axis.get_ticklocs()
    )


def test_curves_are_the_columns_asked_for():
    axes = position_curves(TABLE, [3, 0], title="a title").axes[0]
    for line, dimension in zip(axes.lines, [3, 0], strict=False):
        np.testing.assert_array_equal(line.get_xydata(), list(enumerate(TABLE[:, dimension])))
    assert {text.get_text() for text in axes.texts} == {"dimension 3", "dimension 0"}
    assert axes.get_xlabel() == "position"


def test_shapes_and_dimensions_that_do_not_fit_are_refused():
    for draw in (position_heatmap, lambda table: position_curves(table, [0])):
        with pytest.raises(InputError, match=r"\(7,\) but this figure draws \(T, D\)"):
            draw(TABLE[:, 0])
    for dimension in (5, -1):
        with pytest.raises(InputError, match=rf"no dimension {dimension}: the table is \(7, 5\)"):
            position_curves(TABLE, [0, dimension])
