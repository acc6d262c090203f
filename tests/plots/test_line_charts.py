"""Curves by their names: every point where it belongs, every name apart from the others, and nothing left out in silence."""

import math
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from minillm.errors import InputError
from minillm.plots import labels, layer_norms, line_chart
from minillm.plots.charts import _spread

LABELS = {"xlabel": "step", "ylabel": "loss"}


def curve(points, rate=0.01):
    return [(step, 4 * math.exp(-rate * step)) for step in range(points)]


def data_lines(axes):
    return [line for line in axes.lines if line.get_transform() == axes.transData]


def names(axes):
    """The names right of the data, from the top down."""
    return [text.get_text() for text in sorted(axes.texts, key=lambda text: -text.get_position()[1])]


def test_curves_are_the_points_and_are_named_where_they_end():
    curves = {"slow": curve(9, 0.1), "fast": curve(5, 1), "middle": curve(7, 0.2)}
    axes = line_chart(curves, **LABELS, title="a title").axes[0]
    for line, points in zip(data_lines(axes), curves.values(), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), points)
    assert names(axes) == ["slow", "middle", "fast"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title(loc="left")) == ("step", "loss", "a title")


def test_a_band_is_drawn_around_its_own_curve_in_its_colour():
    curves, band = {"one": [(0, 1), (1, 2)], "two": [(0, 3), (1, 4)]}, [(0, 2.5, 3.25), (1, 3.75, 4.5)]
    axes = line_chart(curves, **LABELS, bands={"two": band}).axes[0]
    (shadow,) = axes.collections
    corners = {tuple(corner) for corner in shadow.get_paths()[0].vertices.tolist()}
    assert {(x, y) for x, low, high in band for y in (low, high)} <= corners
    assert to_hex(shadow.get_facecolor()[0]) == to_hex(data_lines(axes)[1].get_color())


def test_a_name_stands_beside_the_end_of_its_curve():
    figure = line_chart({"up": [(0, 0), (1, 1)], "down": [(0, 1), (1, 0)]}, **LABELS)
    axes = figure.axes[0]
    figure.draw_without_rendering()
    for text, y in zip(axes.texts, (0, 1), strict=True):
        box = text.get_window_extent()
        assert abs((box.y0 + box.y1) / 2 - axes.transData.transform((0, y))[1]) < 3
        assert box.x0 > axes.bbox.x1


@pytest.mark.parametrize("count", [2, 8, 21])
def test_curves_are_told_apart_by_more_than_colour(count):
    lines = data_lines(line_chart({f"head {i}": curve(100) for i in range(count)}, **LABELS).axes[0])
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines}
    assert len(looks) == count
    assert len({look[1:] for look in looks}) == count
    assert "--" not in {line.get_linestyle() for line in lines}


@pytest.mark.parametrize("count", [1, 8, 30])
@pytest.mark.parametrize("points", [0, 1, 300])
def test_any_number_of_curves_can_be_read(assert_inside, count, points):
    curves = {rf"$\frac$ {i}": curve(points) for i in range(count)}
    figure = line_chart(curves, **LABELS, levels={"chance": 4.17, "unigram": 4.16}, title="A title")
    assert_inside(figure)
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == count + 2
    # A box holds some air above its letters.
    assert not any(one.shrunk(1, 0.8).overlaps(two.shrunk(1, 0.8)) for one, two in combinations(boxes, 2))


def test_levels_are_dashed_and_told_with_their_values():
    axes = line_chart({"train": curve(50)}, **LABELS, levels={"chance": math.log(65), "unigram": None}).axes[0]
    levels = [line for line in axes.lines if line.get_linestyle() == "--" and line.get_transform() != axes.transAxes]
    assert [line.get_ydata()[0] for line in levels] == [math.log(65)]
    assert names(axes) == ["chance: 4.174", "train"]


def test_a_level_outside_the_data_is_inside_the_figure():
    axes = line_chart({"train": [(0, 1.0), (1, 2.0)]}, **LABELS, levels={"chance": 9.0}).axes[0]
    assert axes.get_ylim()[0] < 1 and axes.get_ylim()[1] > 9


def test_logarithmic_axes_say_what_they_leave_out(assert_inside):
    points = [(0, 5.0), (1, 4.0), (10, 0.0), (1000, 0.01), (2000, math.nan)]
    figure = line_chart({"train": points}, **LABELS, log_x=True, log_y=True)
    axes = figure.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    np.testing.assert_array_equal(data_lines(axes)[0].get_xydata(), [(1, 4.0), (1000, 0.01)])
    assert axes.get_xlabel() == "step\n3 points left out: not finite, or 0 or less"
    assert_inside(figure)
    assert {"1", "10", "100", "1000"} <= {label.get_text() for label in axes.get_xticklabels()}


def test_a_narrow_logarithmic_axis_has_numbers_on_it(assert_readable):
    figure = line_chart({"train": [(1, 2.2), (5, 4.1)]}, **LABELS, log_y=True)
    figure.draw_without_rendering()
    assert_readable(figure.axes[0], smallest=9)
    low, high = figure.axes[0].get_ylim()
    assert sum(low <= tick <= high for tick in figure.axes[0].get_yticks()) >= 3


def test_points_that_are_not_finite_are_left_out_and_counted():
    axes = line_chart({"a": [(0, 1), (1, math.inf), (2, 3)], "b": [(0, math.nan)]}, **LABELS).axes[0]
    np.testing.assert_array_equal(data_lines(axes)[0].get_xydata(), [(0, 1), (2, 3)])
    assert axes.get_xlabel() == "step\n2 points left out: not finite"
    assert names(axes) == ["b (no points)", "a"]


def test_whole_x_have_whole_ticks():
    whole = line_chart({"a": [(1, 1), (2, 2)]}, **LABELS).axes[0]
    assert all(tick == round(tick) for tick in whole.get_xticks())
    parts = line_chart({"a": [(0.5, 1), (1, 2)]}, **LABELS).axes[0]
    assert not all(tick == round(tick) for tick in parts.get_xticks())


def test_undrawable_names_are_numbered(monkeypatch, assert_inside, caplog):
    monkeypatch.setattr(labels, "FONTS", ["DejaVu Sans"])
    figure = line_chart({"前": [(0, 2)], "post": [(0, 1)]}, **LABELS, levels={"猜": 0})
    assert_inside(figure)
    assert names(figure.axes[0]) == ["#0", "post", "#2: 0"]
    assert "#: position of a token or name" in figure.axes[0].get_xlabel()
    assert "#0 = '前', #2 = '猜'" in caplog.text


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match="no curve"):
        line_chart({}, **LABELS)
    with pytest.raises(InputError, match=r"'a' is \(3,\) but a curve is \(N, 2\)"):
        line_chart({"a": [1.0, 2.0, 3.0]}, **LABELS)
    for level, log_y in ((0, True), (math.nan, False)):
        with pytest.raises(InputError, match="no place for the level 'chance'"):
            line_chart({"a": curve(3)}, **LABELS, levels={"chance": level}, log_y=log_y)


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        ([0.1, 0.5, 0.9], [0.1, 0.5, 0.9]),
        ([0.5, 0.5], [0.45, 0.55]),
        ([0.5, 0.5, 0.52], [0.40666667, 0.50666667, 0.60666667]),
        ([0.0, 0.0], [0.0, 0.1]),
        ([1.0, 1.0, 1.0], [0.8, 0.9, 1.0]),
    ],
)
def test_names_move_as_little_as_keeps_them_apart(wanted, placed):
    np.testing.assert_allclose(_spread(np.array(wanted), 0.1), placed, atol=1e-8)


def test_layer_norms_are_lines_on_a_logarithmic_scale():
    norms = {"pre-LN": [1.0, 2.0, 3.0], "post-LN": np.array([1e-6, 1e-3, 1])}
    axes = layer_norms(norms, title="a title").axes[0]
    for line, values in zip(data_lines(axes), norms.values(), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), list(enumerate(values)))
    assert (axes.get_yscale(), axes.get_xlabel(), axes.get_ylabel()) == ("log", "layer", "gradient norm")
    assert set(names(axes)) == set(norms)


def test_layer_norms_that_vanish_or_burst_are_counted(assert_inside):
    figure = layer_norms({"a": [0.0, 1e-300, 1.0, math.inf]}, ylabel="norm")
    assert "2 points left out: not finite, or 0 or less" in figure.axes[0].get_xlabel()
    assert figure.axes[0].get_ylabel() == "norm"
    assert_inside(figure)


def test_what_is_not_a_norm_is_refused():
    with pytest.raises(InputError, match=r"'a' are \(2, 2\) but this figure draws \(L,\)"):
        layer_norms({"a": np.ones((2, 2))})
    with pytest.raises(InputError, match="negative"):
        layer_norms({"a": [1.0, -1.0]})
