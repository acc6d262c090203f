"""How good a classifier is on labelled texts of a file."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.finetuning import Examples, class_probabilities, evaluate_classifier, tokenize
from minillm.finetuning.columns import Line
from minillm.models import ClassifierConfig, EncoderConfig, SequenceClassifier
from minillm.text import CharTokenizer

TEXTS = [f"{word} {number}" for number in range(20) for word in ("good", "bad", "odd")]
TOKENIZER = CharTokenizer.train(" ".join(TEXTS))
BODY = EncoderConfig(TOKENIZER.vocab_size, context=12, layers=1, heads=2, d_model=8)
MODEL = SequenceClassifier(ClassifierConfig(BODY, 3), seed=1)
MODEL.labels = ["bad", "good", "odd"]
LINES = [Line(10 + place, text, text.split()[0]) for place, text in enumerate(TEXTS) if text != "odd 3"]
LABELS = [line.second for line in LINES]


def test_answers_accuracy_and_confusion_agree():
    found = evaluate_classifier(MODEL, TOKENIZER, LINES)
    probabilities = class_probabilities(MODEL, tokenize([line.first for line in LINES], TOKENIZER).rows, 0)
    assert found.answers == [MODEL.labels[i] for i in probabilities.argmax(axis=1)]
    accuracy, macro = found.evaluation.measures
    right = np.mean([answer == label for answer, label in zip(found.answers, LABELS, strict=True)])
    assert right == np.trace(found.confusion) / found.confusion.sum() and accuracy.value == pytest.approx(100 * right)
    assert found.confusion.sum(axis=1).tolist() == [20, 20, 19]
    named = found.confusion.sum(axis=0) + found.confusion.sum(axis=1)
    assert macro.value == pytest.approx(100 * (2 * np.diag(found.confusion) / named).mean())


def test_the_worst_are_those_whose_label_is_least_likely_with_their_lines():
    found = evaluate_classifier(MODEL, TOKENIZER, LINES).evaluation
    chances = [case.score for case in found.worst]
    assert chances == sorted(chances) and len(chances) == 10
    for case in found.worst:
        line = next(line for line in LINES if line.number == case.line)
        assert (case.text, case.reference) == (line.first, line.second)
    probabilities = class_probabilities(MODEL, tokenize([line.first for line in LINES], TOKENIZER).rows, 0)
    assert chances[0] == min(row[MODEL.labels.index(label)] for row, label in zip(probabilities, LABELS, strict=True))


def test_what_is_to_be_beaten():
    alone = evaluate_classifier(MODEL, TOKENIZER, LINES).evaluation.baselines
    assert [(each.name, each.measured.name) for each in alone] == [
        ("always good", "accuracy"),
        ("always good", "macro-F1"),
    ]
    assert alone[0].measured.value == pytest.approx(100 * 20 / 59)
    training = Examples([f"odd {i}" for i in range(9)] + ["good 1", "bad 1"] * 3, ["odd"] * 9 + ["good", "bad"] * 3)
    found = {
        each.name: each.measured.value
        for each in evaluate_classifier(MODEL, TOKENIZER, LINES, training).evaluation.baselines
        if each.measured.name == "accuracy"
    }
    assert found == pytest.approx({"always odd": 100 * 19 / 59, "a bag of words": 100})


def test_a_label_that_the_model_does_not_know_is_told_with_its_line():
    with pytest.raises(InputError, match=r"Line 7 has the label 'fair', which the model does not know"):
        evaluate_classifier(MODEL, TOKENIZER, [*LINES, Line(7, "good", "fair")])
