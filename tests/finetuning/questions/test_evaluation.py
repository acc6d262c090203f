"""How good a question answerer is on a file of questions."""

import pytest

from minillm.finetuning import Questions, evaluate_questions
from tests.generation.test_answering import TOKENIZER as POINTS_IN
from tests.generation.test_answering import pointing

PASSAGE = "The fox sleeps. The old owl flew to the sea! We saw it."


def test_a_question_answerer_is_judged_by_f1_and_exact_match():
    questions = Questions(
        ["1", "2", "3"],
        ["who flew ?", "where to ?", "when ?"],
        [PASSAGE] * 3,
        [["Owl"], ["the sea"], ["now", "the owl flew!"]],
        [[None]] * 3,
    )
    found = evaluate_questions(pointing("owl", "owl", context=40), POINTS_IN, questions)
    assert found.answers == ["owl"] * 3 and found.ids == ["1", "2", "3"]
    f1, exact = found.evaluation.measures
    assert (f1.name, exact.name) == ("F1", "EM")
    assert exact.value == pytest.approx(100 / 3) and f1.value == pytest.approx(100 * (1 + 0 + 2 / 3) / 3)
    assert "lang:en" in f1.signature
    like, blind, *_ = found.evaluation.baselines
    assert like.name == "the sentence most like the question" and like.measured.value < f1.value
    assert blind.name == "the same model without the question"
    assert blind.measured.value == f1.value, "this one looks at no question"
    assert [case.text for case in found.evaluation.worst] == ["where to ?", "when ?", "who flew ?"]
    assert found.evaluation.worst[0][1:4] == ("where to ?", "owl", "the sea")


def test_where_answers_may_be_missing_the_model_may_say_so():
    questions = Questions(["1", "2"], ["who flew ?", "why ?"], [PASSAGE, "We saw it."], [["owl"], [""]], [[None]] * 2)
    found = evaluate_questions(pointing("owl", "owl", missing=5, context=40), POINTS_IN, questions)
    assert found.answers == ["owl", ""] and found.evaluation.measures[1].value == 100


def test_chinese_answers_are_measured_by_character():
    questions = Questions(["1"], ["谁？"], ["我们 owl"], [["我们"]], [[None]])
    found = evaluate_questions(pointing("我", "我", context=40), POINTS_IN, questions).evaluation
    assert found.measures[0].value == pytest.approx(100 * 2 / 3) and "lang:zh" in found.measures[0].signature
