"""Exact match and F1 equal SQuAD's script, and in Chinese MLQA's."""

import numpy as np
import pytest

from minillm.metrics import AnswerF1, ExactMatch
from minillm.metrics.squad import chinese_words, english_words


def scores(pairs, language: str) -> np.ndarray:
    metrics = ExactMatch(language), AnswerF1(language)
    return np.array([[metric.sentence_score(*pair) / 100 for metric in metrics] for pair in pairs])


def test_they_equal_squads_script(golden):
    assert scores(golden["pairs"], "en") == pytest.approx(np.array(golden["SQuAD en"]), abs=1e-9)


def test_in_chinese_they_equal_mlqas_script(golden):
    """But for answers and references without a word: there F1 is 1 as exact match is, which follows SQuAD."""
    ours, theirs = scores(golden["pairs"], "zh"), np.array(golden["SQuAD zh"])
    empty = [not chinese_words(answer + "".join(references)) for answer, references in golden["pairs"]]
    assert sum(empty) == 3 and (ours[empty] == 1).all() and (theirs[empty] == [1, 0]).all()
    assert ours[~np.array(empty)] == pytest.approx(theirs[~np.array(empty)], abs=1e-9)


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        (english_words, "The  U.S.A.'s\ta-b", ["usas", "ab"]),
        (english_words, "An apple, a theatre and THE end", ["apple", "theatre", "and", "end"]),
        (english_words, "“quotes” stay on a—the sofa", ["“quotes”", "stay", "on", "—", "sofa"]),
        (english_words, "x—the—y", ["x—", "—y"]),
        (chinese_words, "《三体》，2008年 The End！", ["三", "体", "2008", "年", "the", "end"]),
    ],
)
def test_what_counts_as_a_word(words, text, expected):
    assert words(text) == expected


def test_the_best_of_several_references_counts():
    references = ["the Denver Broncos", "Broncos"]
    assert ExactMatch().sentence_score("Broncos!", references) == 100
    assert AnswerF1().sentence_score("Denver", references) == pytest.approx(100 * 2 / 3)


def test_a_question_without_an_answer_is_answered_with_nothing():
    for metric in (ExactMatch(), AnswerF1()):
        assert metric.sentence_score("", [""]) == 100
        assert metric.sentence_score("something", [""]) == 0
        assert metric.sentence_score("", ["", "something"]) == 0, "a reference without a word is none beside others"
