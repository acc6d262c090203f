"""Labels: whatever the fonts of the machine, no box and no warning (pytest makes every warning an error)."""

import logging
import re
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.text import Text

from minillm.plots import attention_grid, attention_heatmap, labels, loss_curve


@pytest.fixture
def no_chinese_font(monkeypatch):
    monkeypatch.setattr(labels, "FONTS", ["DejaVu Sans"])


def test_only_installed_fonts_are_asked_for(monkeypatch):
    monkeypatch.setattr(labels, "FONTS", ["No Such Font", "DejaVu Sans", "No Other Font"])
    assert labels.font_families() == ["DejaVu Sans"]


def test_a_font_further_down_the_list_is_enough(monkeypatch):
    monkeypatch.setattr(labels, "FONTS", ["First", "Second"])
    monkeypatch.setattr(labels, "font_families", lambda: ["First", "Second"])
    monkeypatch.setattr(labels, "_characters", lambda family: {"First": {ord("a")}, "Second": {ord("语")}}[family])
    assert labels.token_labels(["a", "语", "a语", "言"])[0] == ["a", "语", "a语", "#3"]


def test_tokens_that_can_be_drawn_keep_their_words(caplog):
    tokens = ["␣the", "↵", "⟨E4 BD⟩", "é", "→", "the", "the"]
    assert labels.token_labels(tokens) == (tokens, "")
    assert not caplog.records


def test_blanks_become_visible_and_long_tokens_are_cut():
    assert labels.token_labels([" ", "  the", "a b", "\n", "\t", "x" * 17])[0] == [
        "␣",
        "␣␣the",
        "a b",
        "↵",
        "⇥",
        "x" * 15 + "…",
    ]


def test_other_tokens_become_their_position_with_one_line_of_key(no_chinese_font, caplog):
    names, note = labels.token_labels(["I", "喜欢", "自然", "x"])
    assert names == ["I", "#1", "#2", "x"]
    assert note == "#: position of a token or name that no installed font can draw\n(the key is printed on stderr)"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().endswith("#1 = '喜欢', #2 = '自然'")
    assert "\n" not in record.getMessage()


def test_names_are_whole_in_one_line_and_numbered_as_tokens_are(no_chinese_font, caplog):
    long = "a name that is longer than a token may be"
    names, note = labels.name_labels([long, "two\n lines", "温度", ""])
    assert names == [long, "two lines", "#2", ""]
    assert note == labels.token_labels(["温"])[1]
    assert caplog.records[0].getMessage().endswith("#2 = '温度'")
    assert labels.name_labels(["a"]) == (["a"], "")


def test_lines_are_those_with_words_each_once():
    assert labels.text_lines("", "b", "a", "", "b") == "b\na"


@pytest.mark.parametrize("draw", [attention_heatmap, attention_grid])
def test_no_undrawable_character_reaches_the_canvas(no_chinese_font, caplog, draw):
    weights = np.eye(3) if draw is attention_heatmap else np.eye(3)[None, None]
    figure = draw(weights, ["我", "喜欢", "x"], title="自然 language")
    figure.canvas.draw()
    texts = " ".join(text.get_text() for text in figure.findobj(Text))
    assert not re.search("[\u4e00-\u9fff]", texts)
    assert "#0" in texts and "#1" in texts and "?? language" in texts
    assert "#: position of a token" in texts
    assert len(caplog.records) == 2  # one for the tokens, one for the title


def test_titles_show_a_question_mark(no_chinese_font, caplog):
    figure = loss_curve([(0, 1.0)], [], title="损失 falls\nagain")
    figure.canvas.draw()
    assert figure.axes[0].get_title(loc="left") == "?? falls\nagain"
    assert "损失 falls" in caplog.text


def test_tokens_are_not_mathematics():
    figure = attention_heatmap(np.eye(3), ["$x^2$", "$$", r"$\frac$"])
    figure.canvas.draw()
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["$x^2$", "$$", r"$\frac$"]


def test_a_control_character_is_not_drawn_even_where_a_font_has_a_shape_for_it(monkeypatch):
    font = SimpleNamespace(get_charmap=lambda: {0x00: 1, 0x0D: 2, 0x1B: 3, 0x20: 4, 0x61: 5})
    monkeypatch.setattr(labels, "font_families", lambda: ["odd"])
    monkeypatch.setattr(labels.font_manager, "get_font", lambda path: font)
    labels._characters.cache_clear()
    assert [labels.is_drawable(text) for text in ("a a", "\0", "a\r", "\x1b")] == [True, False, False, False]
    labels._characters.cache_clear()
