"""What answers to questions have to beat: an answer that knows no question, and a sentence."""

from types import SimpleNamespace

import numpy as np
import pytest

from minillm.finetuning.questions import Questions
from minillm.finetuning.questions.scores import (
    answer_metrics,
    answer_scores,
    blind_answers,
    sentence_like,
    sentences_like,
)
from tests.generation.test_answering import TOKENIZER


def echo() -> SimpleNamespace:
    """A model that answers with a word of the question, and without one with the first word of the passage."""

    def forward(ids, *, mask, token_types):
        rows = zip(ids, mask & (token_types == 0), strict=True)
        asked = np.array([np.isin(row, row[question]) for row, question in rows])
        scores = np.where(asked & (token_types == 1), 9.0, 0.0) - np.arange(ids.shape[1]) / 1000
        scores[:, 0] = -9
        return np.stack([scores, scores], axis=1), None

    return SimpleNamespace(forward=forward, config=SimpleNamespace(body=SimpleNamespace(context=40)))


ASKED = Questions(
    ["1", "2", "3"],
    ["the owl", "x", "x"],
    ["a owl b", "a owl b", "b. the owl x. a"],
    [["owl"], [""], ["x"]],
    [[None]] * 3,
)


def test_the_same_model_without_the_question():
    assert blind_answers(echo(), TOKENIZER, ASKED) == ["a", "a", "b"]


def test_the_sentence_most_like_the_question():
    assert sentences_like(ASKED) == ["a owl b", "a owl b", "the owl x."]
    passage = "The fox sleeps. The old owl flew to the sea! We saw it."
    assert sentence_like("Where did the owl fly?", passage) == "The old owl flew to the sea!"
    assert sentence_like("我们看见了什么？", "狐狸睡了。我们看见了它。") == "我们看见了它。"


def test_scores_are_those_of_squad_from_0_to_100():
    assert answer_scores(["The owl", "", "y"], ASKED) == pytest.approx({"F1": 200 / 3, "EM": 200 / 3})
    chinese = ASKED.chosen([0])._replace(answers=[["我们"]])
    assert (
        answer_scores(["我"], chinese)["F1"] == pytest.approx(200 / 3)
        and answer_metrics(chinese)[0].settings == "lang:zh"
    )
