"""The map of embeddings: the right plane, told how much it keeps, and names that cover nothing."""

from itertools import combinations

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import embedding_map, embedding_maps, labels
from minillm.plots.embeddings import _principal_components


def vectors(count, width=8):
    return np.random.default_rng(0).normal(size=(count, width)) * np.arange(1, width + 1)


def markers(axes):
    return [line for line in axes.lines if line.get_xydata().size]


def named(axes):
    return [text for text in axes.texts if text.get_text()]


def test_points_lie_on_the_first_two_principal_components():
    x = vectors(20)
    axes = embedding_map(x, [str(i) for i in range(20)]).axes[0]
    (points,) = markers(axes)
    # The other road: eigenvectors of the covariance, smallest first.
    variances, directions = np.linalg.eigh(np.cov(x.T))
    expected = (x - x.mean(axis=0)) @ directions[:, :-3:-1]
    np.testing.assert_allclose(np.abs(points.get_xydata()), np.abs(expected), atol=1e-9)
    assert axes.get_xlabel() == f"component 1 ({variances[-1] / variances.sum():.0%} of the variance)"
    assert axes.get_ylabel() == f"component 2 ({variances[-2] / variances.sum():.0%} of the variance)"


def test_distances_are_on_one_scale():
    x = np.array([[0.0, 0], [3, 0], [0, 4]])
    axes = embedding_map(x, list("abc")).axes[0]
    (points,) = markers(axes)
    distances = [np.linalg.norm(one - two) for one, two in combinations(points.get_xydata(), 2)]
    np.testing.assert_allclose(distances, [3, 4, 5])
    assert axes.get_aspect() == 1


def test_the_largest_entry_of_each_direction_is_positive():
    for seed in range(8):
        x = np.random.default_rng(seed).normal(size=(9, 5))
        places, _ = _principal_components(x)
        for direction in np.linalg.lstsq(x - x.mean(axis=0), places)[0].T:
            assert direction[np.abs(direction).argmax()] > 0


def test_groups_differ_in_colour_and_marker_and_are_named_below():
    groups = {"cat": "animal", "two": "$\\frac$", "dog": "animal", "absent": "absent"}
    figure = embedding_map(vectors(4), ["cat", "two", "dog", "the"], groups=groups)
    animals, numbers, rest = markers(figure.axes[0])
    assert [len(line.get_xydata()) for line in (animals, numbers, rest)] == [2, 1, 1]
    assert animals.get_color() != numbers.get_color() != rest.get_color()
    assert animals.get_marker() != numbers.get_marker()
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["animal", "$\\frac$"]
    assert not legend.get_window_extent().overlaps(figure.axes[0].bbox)


@pytest.mark.parametrize("count", [2, 12, 40])
def test_names_cover_nothing(words, assert_inside, count):
    figure = embedding_map(vectors(count), words(count), title="A title")
    assert_inside(figure)
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in named(axes)]
    assert not any(one.overlaps(two) for one, two in combinations(boxes, 2))
    points = axes.transData.transform(markers(axes)[0].get_xydata())
    assert not any(box.contains(*point) for box in boxes for point in points)
    assert all(axes.bbox.contains(box.x0, box.y0) and axes.bbox.contains(box.x1, box.y1) for box in boxes)


def test_all_of_thirty_words_are_named():
    axes = embedding_map(vectors(30), [f"word {i}" for i in range(30)]).axes[0]
    assert sorted(text.get_text() for text in named(axes)) == sorted(f"word {i}" for i in range(30))
    assert "named" not in axes.get_xlabel()


def test_a_crowd_is_named_in_part_and_says_so(assert_inside):
    figure = embedding_map(vectors(300), [f"word {i}" for i in range(300)])
    axes = figure.axes[0]
    assert f"{len(named(axes))} of 300 words are named" in axes.get_xlabel()
    assert 0 < len(named(axes)) <= 40
    assert_inside(figure)


@pytest.mark.parametrize("x", [np.ones((1, 3)), np.ones((3, 3)), np.array([[1.0], [2], [4]])])
def test_fewer_than_two_directions_are_drawn_too(assert_inside, x):
    assert_inside(embedding_map(x, list("abc")[: len(x)]))


def test_undrawable_words_and_groups_are_numbered(monkeypatch, assert_inside):
    monkeypatch.setattr(labels, "FONTS", ["DejaVu Sans"])
    figure = embedding_map(vectors(2), ["猫", "cat"], groups={"猫": "动物"})
    assert_inside(figure)
    assert [text.get_text() for text in named(figure.axes[0])] == ["#0", "cat"]
    assert figure.axes[0].get_xlabel().count("#: position") == 1


def test_several_moments_are_several_maps_and_the_groups_are_named_once(assert_inside):
    words, groups = list("abcd"), {"a": "first", "b": "first", "c": "second"}
    moments = {"before": vectors(4), "after": vectors(4) ** 2}
    figure = embedding_maps(moments, words, groups=groups, title="A title")
    assert_inside(figure)
    for panel, (name, x) in zip(figure.axes, moments.items(), strict=True):
        alone = embedding_map(x, words, groups=groups).axes[0]
        for line, expected in zip(markers(panel), markers(alone), strict=True):
            np.testing.assert_array_equal(line.get_xydata(), expected.get_xydata())
            assert (line.get_color(), line.get_marker()) == (expected.get_color(), expected.get_marker())
        assert panel.get_title(loc="center") == name and "%)" in panel.get_xlabel()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["first", "second"]
    assert "share of the variance" in figure.axes[1].get_xlabel()
    assert not any(legend.get_window_extent().overlaps(panel.xaxis.label.get_window_extent()) for panel in figure.axes)
    assert not figure.get_supxlabel()
    with pytest.raises(InputError, match="no map"):
        embedding_maps({}, words, groups=groups)
    with pytest.raises(InputError, match="3 words"):
        embedding_maps(moments, words[:3], groups=groups)


def test_a_line_joins_each_pair_where_its_words_stand():
    words = ["cat", "猫", "dog", "狗"]
    axes = embedding_maps({"all": vectors(4)}, words, groups={}, pairs=[("狗", "dog"), ("cat", "猫")]).axes[0]
    first, second, points = markers(axes)
    places = dict(zip(words, points.get_xydata(), strict=True))
    np.testing.assert_array_equal(first.get_xydata(), [places["狗"], places["dog"]])
    np.testing.assert_array_equal(second.get_xydata(), [places["cat"], places["猫"]])


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match=r"\(4, 8\) but there are 3 words"):
        embedding_map(vectors(4), list("abc"))
    with pytest.raises(InputError, match=r"\(3,\) but"):
        embedding_map(np.ones(3), list("abc"))
    with pytest.raises(InputError, match="not finite"):
        embedding_map(np.array([[1, np.nan], [0, 1]]), list("ab"))
