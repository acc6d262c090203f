"""The logit lens: the word of each cell, its probability as the colour, and long texts in bands."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.plots import labels, logit_lens


def drawn(rows, columns, tokens=None, predicted=None, **options):
    probabilities = np.random.default_rng(0).random((rows, columns))
    tokens = tokens or [f"t{i}" for i in range(columns)]
    predicted = predicted or [[f"{row}.{column}" for column in range(columns)] for row in range(rows)]
    return probabilities, logit_lens(
        probabilities, predicted, tokens, layers=[f"l {i}" for i in range(rows)], **options
    )


def tick_texts(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_cells_are_words_on_their_probabilities():
    probabilities, figure = drawn(
        2, 3, tokens=list("aba"), predicted=[["x", "$y$", "z"], ["z", "z", "x"]], title="early"
    )
    panel, bar = figure.axes
    (image,) = panel.get_images()
    np.testing.assert_array_equal(image.get_array(), probabilities)
    assert image.get_clim() == (0, 1)
    words = {text.get_position(): text.get_text() for text in panel.texts}
    assert words == {(0, 0): "x", (1, 0): "$y$", (2, 0): "z", (0, 1): "z", (1, 1): "z", (2, 1): "x"}
    assert not any(text.get_parse_math() for text in panel.texts)
    assert tick_texts(panel.xaxis) == list("aba")
    assert tick_texts(panel.yaxis) == ["l 0", "l 1"]
    assert bar.get_ylabel() == "probability"
    assert figure.get_suptitle() == "early"


def test_words_stand_out_from_their_cells():
    panel = logit_lens(np.array([[0.01, 0.99]]), [["x", "y"]], list("ab"), layers=["embedding"]).axes[0]
    assert [text.get_color() for text in panel.texts] == ["w", "k"]


def test_long_words_are_cut_to_six_columns(monkeypatch):
    monkeypatch.setattr(labels, "is_drawable", lambda text: True)
    words = ["sixsix", "sevense", "␣the", "", "桌子上", "桌子上面", "a桌子上"]
    panel = drawn(1, 7, predicted=[words])[1].axes[0]
    assert [text.get_text() for text in panel.texts] == ["sixsix", "seven…", "␣the", "", "桌子上", "桌子…", "a桌子…"]


def test_words_fit_into_their_cells():
    figure = drawn(2, 7, predicted=[["common", "moments", "Women's", "␣many", "␣transformer", "⟨E4 BD⟩", "x"]] * 2)[1]
    figure.draw_without_rendering()
    panel = figure.axes[0]
    cell = panel.get_window_extent().width / 7
    assert max(text.get_window_extent().width for text in panel.texts) <= cell


def test_a_long_text_goes_on_below_in_cells_of_the_same_size():
    probabilities, figure = drawn(2, 41)
    *bands, _ = figure.axes
    assert len(bands) == 3
    shown = np.concatenate([band.get_images()[0].get_array() for band in bands], axis=1)
    np.testing.assert_array_equal(shown, probabilities)
    assert [name for band in bands for name in tick_texts(band.xaxis)] == [f"t{i}" for i in range(41)]
    words = [text.get_text() for band in bands for text in band.texts if text.get_position()[1] == 1]
    assert words == [f"1.{i}" for i in range(41)]
    assert len({band.get_xlim() for band in bands}) == 1
    assert figure.get_size_inches()[0] < 12


def test_a_number_is_the_same_word_on_the_axis_and_in_the_cells(monkeypatch, caplog):
    monkeypatch.setattr(labels, "FONTS", ["DejaVu Sans"])
    figure = drawn(1, 3, tokens=["猫", "x", "猫"], predicted=[["在", "猫", "x"]])[1]
    in_cells, on_axis = [text.get_text() for text in figure.axes[0].texts], tick_texts(figure.axes[0].xaxis)
    (record,) = caplog.records
    for label in (in_cells[1], *on_axis[::2]):
        assert f"{label} = '猫'" in record.getMessage()
    assert f"{in_cells[0]} = '在'" in record.getMessage()
    assert in_cells[2] == on_axis[1] == "x"


@pytest.mark.parametrize(
    ("probabilities", "predicted", "tokens", "layers", "message"),
    [
        ((2,), (1, 2), 2, 1, r"probabilities are \(2,\) but this figure draws \(N, T\)"),
        ((2, 3), (3, 2), 3, 2, r"probabilities are \(2, 3\) but the predicted tokens are \(3, 2\)"),
        ((2, 3), (2, 4), 3, 2, r"probabilities are \(2, 3\) but the predicted tokens are \(2, 4\)"),
        ((2, 3), (2, 3), 4, 2, r"probabilities are \(2, 3\) but there are 4 tokens: \(N, T\) needs 3"),
        ((2, 3), (2, 3), 3, 3, r"probabilities are \(2, 3\) but there are 3 names of layers: \(N, T\) needs 2"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(probabilities, predicted, tokens, layers, message):
    with pytest.raises(InputError, match=message):
        logit_lens(np.zeros(probabilities), np.full(predicted, "x"), ["t"] * tokens, layers=["l"] * layers)


@pytest.mark.parametrize("bad", [-0.5, 1.5, np.nan])
def test_what_is_not_a_probability_is_refused(bad):
    with pytest.raises(InputError, match="between 0 and 1"):
        logit_lens(np.array([[bad]]), [["x"]], ["a"], layers=["l"])
