"""Accuracy and macro-F1, by hand."""

import pytest

from minillm.metrics import Accuracy, MacroF1, measure

LABELS = ["good", "good", "good", "good", "bad", "bad", "odd"]
ANSWERS = ["good", "good", "good", "bad", "bad", "good", "good"]


def test_accuracy_is_the_share_of_right_answers():
    assert measure(Accuracy(), ANSWERS, LABELS).value == pytest.approx(100 * 4 / 7)


def test_macro_f1_gives_each_class_the_same_weight():
    """good: P 3/5, R 3/4; bad: P 1/2, R 1/2; odd, which is never answered: 0. A class that is nowhere doesn't count."""
    expected = (2 * 3 / (5 + 4) + 1 / 2 + 0) / 3
    for classes in (["good", "bad", "odd"], ["bad", "nowhere", "odd", "good"]):
        assert measure(MacroF1(classes), ANSWERS, LABELS).value == pytest.approx(100 * expected)


def test_always_the_commonest_class_is_accurate_and_no_good():
    labels = ["good"] * 9 + ["bad"]
    assert measure(Accuracy(), ["good"] * 10, labels).value == 90
    assert measure(MacroF1(["good", "bad"]), ["good"] * 10, labels).value == pytest.approx(100 * 18 / 19 / 2)
