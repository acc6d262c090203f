"""Next-word bars: each bar as long as its probability, on one scale, and every word readable."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import labels, next_word_bars


def test_bars_are_the_probabilities_from_the_top_down():
    (axes,) = next_word_bars(["table", "mat", "mat"], np.array([0.5, 0.3, 0.004]), title="a title").axes
    assert [bar.get_width() for bar in axes.patches] == [0.5, 0.3, 0.004]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["table", "mat", "mat"]
    np.testing.assert_array_equal(axes.get_yticks(), range(3))
    assert axes.get_ylim() == (2.5, -0.5)
    assert [text.get_text() for text in axes.texts] == ["0.50", "0.30", "<0.01"]


def test_groups_stand_side_by_side_on_one_scale():
    probabilities = np.array([[0.9, 0.1, 0], [0.4, 0.3, 0.3]])
    figure = next_word_bars(list("abc"), probabilities, labels=["cold", "$\\frac$"], title="a title")
    left, right = figure.axes
    for panel, group in zip(figure.axes, probabilities, strict=True):
        assert [bar.get_width() for bar in panel.patches] == list(group)
    assert left.get_xlim() == right.get_xlim()
    assert [panel.get_title() for panel in figure.axes] == ["cold", "$\\frac$"]
    assert [label.get_text() for label in left.get_yticklabels()] == ["a", "b", "c"]
    assert not right.get_yticks().size
    assert left.texts[2].get_text() == "0"
    assert figure.get_suptitle() == "a title"


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("groups", [1, 3])
def test_bars_can_be_read(words, assert_inside, assert_readable, count, groups):
    probabilities = np.random.default_rng(0).dirichlet(np.full(count, 0.2), groups)
    figure = next_word_bars(
        words(count), probabilities, labels=["T = 1"] * groups, title="A title longer than one panel"
    )
    assert_inside(figure)
    assert_readable(figure.axes[0], smallest=7)
    for panel in figure.axes:
        assert all(text.get_window_extent().x1 <= panel.bbox.x1 + 1 for text in panel.texts)


def test_rows_too_low_for_a_number_have_none(words):
    (axes,) = next_word_bars(words(200), np.full(200, 0.005)).axes
    assert not axes.texts
    assert "1 token in 2 is named" in axes.get_figure().get_supxlabel()


def test_undrawable_words_are_numbered_and_the_figure_says_so(monkeypatch, assert_inside, caplog):
    monkeypatch.setattr(labels, "FONTS", ["DejaVu Sans"])
    figure = next_word_bars(["猫", "the"], np.array([0.6, 0.4]), labels=["温度"])
    assert_inside(figure)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["#0", "the"]
    assert figure.axes[0].get_title() == "#0"
    assert figure.get_supxlabel().count("#: position of a token or name") == 1
    assert "#0 = '猫'" in caplog.text and "#0 = '温度'" in caplog.text


@pytest.mark.parametrize(
    ("shape", "words", "labels", "message"),
    [
        ((3,), "ab", None, r"\(3,\) but there are 2 words"),
        ((2, 3), "ab", None, r"\(2, 3\) but there are 2 words"),
        ((2, 2, 2), "ab", None, r"\(2, 2, 2\) but"),
        ((0,), "", None, r"\(0,\) but there are 0 words"),
        ((2, 2), "ab", ["one"], r"\(2, 2\) but there are 1 labels"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shape, words, labels, message):
    with pytest.raises(InputError, match=message):
        next_word_bars(list(words), np.full(shape, 0.1), labels=labels)


@pytest.mark.parametrize("bad", [-0.1, 1.2, np.nan])
def test_what_is_not_a_probability_is_refused(bad):
    with pytest.raises(InputError, match="between 0 and 1"):
        next_word_bars(["a"], np.array([bad]))
