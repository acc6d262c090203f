"""Matrices side by side: the data on one scale, missing cells grey, and the difference where it is."""

from itertools import pairwise

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import comparison, labels, matrix_maps
from minillm.plots.cells import MISSING


def random(*shape):
    return np.random.default_rng(0).normal(size=shape)


def image_of(axes):
    (image,) = axes.get_images()
    return image


def panels_of(figure):
    return [axes for axes in figure.axes if axes.get_images()]


def tick_texts(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_panels_show_the_matrices_on_one_scale():
    matrices = {"one": random(2, 3), "two": 5 * random(2, 3)}
    figure = matrix_maps(matrices, rows=["a", "a"], columns=list("xyz"), title="a title")
    left, right = panels_of(figure)
    for panel, (name, matrix) in zip((left, right), matrices.items(), strict=True):
        np.testing.assert_array_equal(image_of(panel).get_array(), matrix)
        assert image_of(panel).get_clim() == (matrices["two"].min(), matrices["two"].max())
        assert image_of(panel).get_cmap().name == "viridis"
        assert panel.get_title() == name
        assert tick_texts(panel.xaxis) == list("xyz")
    assert tick_texts(left.yaxis) == ["a", "a"] and tick_texts(right.yaxis) == []
    assert figure.get_suptitle() == "a title"


def test_signed_values_are_centred_on_zero():
    figure = matrix_maps({"w": np.array([[-1.0, 0, 3]])}, rows="out", columns="in", centred=True)
    image = image_of(panels_of(figure)[0])
    assert image.get_clim() == (-3, 3)
    assert image.get_cmap().name == "RdBu_r"
    assert (figure.get_supylabel(), figure.get_supxlabel()) == ("out", "in")


def test_missing_cells_are_grey_and_named():
    matrix = np.ma.array([[1.0, np.nan, -np.inf, 4.0]], mask=[[False, False, False, True]])
    figure = matrix_maps({"w": matrix}, rows=["r"], columns=list("abcd"))
    (panel,) = panels_of(figure)
    np.testing.assert_array_equal(image_of(panel).get_array().mask, [[False, True, True, True]])
    assert [text.get_text() for text in panel.texts] == ["1"]
    assert panel.get_facecolor()[:3] == pytest.approx([int(MISSING[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    assert figure.get_supxlabel() == "grey: missing"
    assert matrix_maps({"w": np.eye(2)}, rows="", columns="").get_supxlabel() == ""


def test_small_maps_carry_their_numbers():
    (panel,) = panels_of(matrix_maps({"w": np.diag([1, 0.5])}, rows="r", columns="c"))
    assert [text.get_text() for text in panel.texts] == ["1.00", "0.00", "0.00", "0.50"]
    assert not panels_of(matrix_maps({"w": np.eye(9)}, rows="r", columns="c"))[0].texts


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (3, (5, 5)), (3, (30, 30)), (2, (3, 40))])
def test_panels_can_be_read(words, assert_inside, assert_readable, shape, count):
    matrices = {rf"the matrix $\frac$ after {i} steps": random(*shape) for i in range(count)}
    figure = matrix_maps(matrices, rows=words(shape[0]), columns=words(shape[1]), title="A title")
    assert_inside(figure)
    panels = panels_of(figure)
    assert len(panels) == count
    lowest = [panel for panel in panels if panel.get_xticks().size]
    assert_readable(next(panel for panel in lowest if panel.get_yticks().size), smallest=7)
    # Every column of panels is named once, under the lowest.
    assert (
        len({round(panel.bbox.x0) for panel in lowest})
        == len({round(panel.bbox.x0) for panel in panels})
        == len(lowest)
    )


def test_all_of_thirty_rows_and_columns_are_named(words):
    (panel,) = panels_of(matrix_maps({"w": random(30, 30)}, rows=words(30), columns=words(30)))
    assert tick_texts(panel.xaxis) == tick_texts(panel.yaxis) == words(30)


def test_undrawable_names_are_numbered(monkeypatch, assert_inside):
    monkeypatch.setattr(labels, "FONTS", ["DejaVu Sans"])
    figure = matrix_maps({"词": np.eye(2)}, rows=["猫", "the"], columns=["桌子", "上"], title="标题")
    assert_inside(figure)
    (panel,) = panels_of(figure)
    assert tick_texts(panel.yaxis) == ["#0", "the"] and tick_texts(panel.xaxis) == ["#0", "#1"]
    assert panel.get_title() == "#0"
    assert figure.get_supxlabel().replace("\n", " ").count("#: position") == 1


@pytest.mark.parametrize(
    ("matrices", "rows", "columns", "message"),
    [
        ({}, "r", "c", "no matrix"),
        ({"a": np.ones(3)}, "r", "c", r"'a' is \(3,\) but this figure draws \(R, C\)"),
        ({"a": np.ones((2, 3)), "b": np.ones((3, 2))}, "r", "c", r"'b' is \(3, 2\) but 'a' is \(2, 3\)"),
        ({"a": np.ones((2, 3))}, list("abc"), "c", r"\(2, 3\) but there are 3 row names"),
        ({"a": np.ones((2, 3))}, "r", list("ab"), r"\(2, 3\) but there are 2 column names"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(matrices, rows, columns, message):
    with pytest.raises(InputError, match=message):
        matrix_maps(matrices, rows=rows, columns=columns)


def test_comparison_shows_both_and_their_difference():
    target, yours = random(3, 4), 2 * random(3, 4)
    figure = comparison(target, yours, title="a title")
    panels = panels_of(figure)
    for panel, values in zip(panels, (target, yours, yours - target), strict=True):
        np.testing.assert_array_equal(image_of(panel).get_array(), values)
    assert [panel.get_title() for panel in panels] == ["target", "yours", "yours - target"]
    assert image_of(panels[0]).get_clim() == image_of(panels[1]).get_clim() == (yours.min(), yours.max())
    largest = np.abs(yours - target).max()
    assert image_of(panels[2]).get_clim() == (-largest, largest)
    assert [image_of(panel).get_cmap().name for panel in panels] == ["viridis", "viridis", "RdBu_r"]


def test_comparison_names_the_place_of_the_largest_difference():
    yours = np.zeros((3, 4))
    yours[1, 2], yours[0, 0] = -0.5, 0.4
    assert comparison(np.zeros((3, 4)), yours).get_supxlabel() == "largest difference: 0.5, at [1, 2]"
    assert comparison(np.zeros(4), yours[1]).get_supxlabel() == "largest difference: 0.5, at [2]"
    assert comparison(yours, yours).get_supxlabel() == "no difference"
    assert comparison(yours, yours + 1e-15).get_supxlabel() == "no difference", "rounding is no difference"


def test_comparison_tells_what_is_not_finite_apart():
    target = np.array([1.0, -np.inf, np.nan, 2.0])
    assert comparison(target, target).get_supxlabel() == "no difference where both are finite\ngrey: not finite"
    yours = np.array([1.0, np.nan, np.nan, np.nan])
    assert comparison(target, yours).get_supxlabel().endswith("\ngrey: not finite; 2 of them not the same in both")
    assert comparison([np.nan], [1]).get_supxlabel() == "grey: not finite; 1 of them not the same in both"


@pytest.mark.parametrize("shape", [(1,), (300,), (5, 5), (2, 200)])
def test_comparison_can_be_read(assert_inside, shape):
    figure = comparison(random(*shape), 1e-7 * random(*shape), title="A title")
    assert_inside(figure)
    titles = [panel.title.get_window_extent() for panel in panels_of(figure)]
    assert not any(one.overlaps(two) for one, two in pairwise(titles))


def test_arrays_that_cannot_be_compared_are_refused():
    with pytest.raises(InputError, match=r"target is \(2, 3\) and yours is \(3, 2\)"):
        comparison(np.ones((2, 3)), np.ones((3, 2)))
    for shape in ((), (2, 2, 2), (0,)):
        with pytest.raises(InputError, match=r"draws \(N,\) or \(R, C\)"):
            comparison(np.ones(shape), np.ones(shape))
