"""Lines from token to token: every weight that counts is a line, from its query to its key."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from minillm.errors import InputError
from minillm.plots import head_lines


def lines_of(figure):
    """For each panel with lines: {(query, key): (opacity, width)}."""
    collections = [c for panel in figure.axes for c in panel.collections if isinstance(c, LineCollection)]
    found = []
    for lines in collections:
        ends = [tuple(segment[:, 1].astype(int)) for segment in lines.get_segments()]
        assert all(list(segment[:, 0]) == [0, 1] for segment in lines.get_segments())
        found.append(dict(zip(ends, zip(lines.get_colors()[:, 3], lines.get_linewidths(), strict=True), strict=True)))
    return found


def names(panel):
    return [label.get_text() for label in panel.get_yticklabels()]


def test_each_head_has_the_lines_of_its_weights(attention):
    weights = attention(3, 4, 6)
    figure = head_lines(weights, list("abca"), list("uvwxyz"))
    found = lines_of(figure)
    assert len(found) == 3
    for head, lines in zip(weights, found, strict=True):
        assert set(lines) == {tuple(place) for place in np.argwhere(head >= 0.05)}
    assert [panel.get_title() for panel in figure.axes[:3]] == ["head 0", "head 1", "head 2"]
    assert figure.get_supxlabel() == "lines: weights of at least 0.05"


def test_larger_weights_are_darker_and_thicker_and_on_top():
    figure = head_lines(np.array([[[0.6, 0.3, 0.1]]]), ["a"], list("xyz"))
    (lines,) = lines_of(figure)
    assert lines[0, 0] > lines[0, 1] > lines[0, 2]
    assert list(lines) == [(0, 2), (0, 1), (0, 0)]  # the last is drawn over the others


def test_smallest_hides_and_zero_is_never_a_line():
    weights = np.array([[[0.9, 0.1, 0.0]]])
    for smallest, count in ((0, 2), (0.1, 2), (0.2, 1)):
        (lines,) = lines_of(head_lines(weights, ["a"], list("xyz"), smallest=smallest))
        assert len(lines) == count


def test_without_the_first_key_the_rest_of_a_row_sums_to_one():
    weights = np.array([[[0.96, 0.03, 0.01], [1.0, 0.0, 0.0]]])
    before = weights.copy()
    (expected,) = lines_of(head_lines(np.array([[[0, 0.75, 0.25], [0, 0, 0]]]), ["a", "b"], list("xyz")))
    figure = head_lines(weights, ["a", "b"], list("xyz"), drop_first=True)
    (found,) = lines_of(figure)
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()))
    assert "first key left out, the rest of each row scaled to sum to 1" in figure.get_supxlabel()
    np.testing.assert_array_equal(weights, before)


@pytest.mark.parametrize(("heads", "across"), [(1, 1), (4, 4), (5, 3), (8, 4)])
def test_tokens_are_named_on_both_sides_of_each_row(attention, heads, across):
    figure = head_lines(attention(heads, 2, 3), list("ab"), list("xyz"))
    panels, right = figure.axes[:heads], figure.axes[heads:]
    for head, panel in enumerate(panels):
        assert names(panel) == (list("ab") if head % across == 0 else [])
    assert len(right) == -(-heads // across)
    for side in right:
        assert names(side) == list("xyz")
        assert side.get_ylim() == panels[0].get_ylim() == (2.5, -0.5)  # both columns start at the top
        assert side.get_ylabel() == "key: looks at"
    assert panels[0].get_title() == ("head 0" if heads > 1 else "")


@pytest.mark.parametrize("heads", [5, 7])
def test_a_row_that_ends_early_leaves_no_gap_between_the_columns(attention, assert_inside, heads):
    figure = head_lines(attention(heads, 3, 3), ["foolishness" * 2] * 3)
    assert_inside(figure)
    boxes = [panel.get_window_extent() for panel in figure.axes[:3]]
    np.testing.assert_allclose(boxes[1].x0 - boxes[0].x1, boxes[2].x0 - boxes[1].x1, atol=2)


def test_too_many_tokens_for_lines_are_sent_to_the_heatmap():
    with pytest.raises(InputError, match="There are 65 tokens") as caught:
        head_lines(np.full((1, 1, 65), 1 / 65), ["a"], ["x"] * 65)
    assert "attention_heatmap" in caught.value.remedy


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"Attention is \(3, 3\) but this figure draws \(H, T, S\)"):
        head_lines(np.eye(3), list("abc"))
    with pytest.raises(InputError, match=r"Attention is \(1, 3, 3\) but there are 2 query tokens"):
        head_lines(np.eye(3)[None], list("ab"))


def test_heads_may_have_names_and_each_has_its_own(attention):
    figure = head_lines(attention(2, 3, 3), list("abc"), labels=["the word before", "the same word"])
    assert [panel.get_title() for panel in figure.axes[:2]] == ["the word before", "the same word"]
    with pytest.raises(InputError, match="2 heads but 1 labels"):
        head_lines(attention(2, 3, 3), list("abc"), labels=["the word before"])
