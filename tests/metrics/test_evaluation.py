"""Scores of a model beside those of what it has to beat."""

import pytest

from minillm.metrics import BLEU, Accuracy, measure
from minillm.metrics.evaluation import count_answers, evaluation_of, worst_places

REFERENCES = ["a b c d e", "f g h i", "a c e g i"]
ANSWERS = ["a b c d e", "f g h j", "a c e g"]
COPIES = ["a b c d x", "g h i j", "b d f h"]


def test_baselines_have_their_score_and_the_models_distance_from_it():
    counts = [count_answers(BLEU(), ANSWERS, REFERENCES, {"copy": COPIES, "itself": ANSWERS})]
    found = evaluation_of("pair", counts, worst=[])
    assert found.count == 3 and found.measures == [measure(BLEU(), ANSWERS, REFERENCES)]
    copy, itself = found.baselines
    assert copy.measured == measure(BLEU(), COPIES, REFERENCES)
    assert copy.ahead.difference == pytest.approx(found.measures[0].value - copy.measured.value)
    assert copy.ahead.low <= copy.ahead.difference <= copy.ahead.high and copy.ahead.wins > 0.9
    assert itself.ahead == (0, 0, 0, 0.5)


def test_each_measure_has_its_baselines():
    counts = [count_answers(metric, ANSWERS, REFERENCES, {"copy": COPIES}) for metric in (BLEU(), Accuracy())]
    found = evaluation_of("pair", counts, worst=[])
    assert [measured.name for measured in found.measures] == ["BLEU", "accuracy"]
    assert [baseline.measured.name for baseline in found.baselines] == ["BLEU", "accuracy"]


def test_the_worst_ten_are_in_the_order_of_the_file_where_they_are_alike():
    assert worst_places([3, 1, 2, 1, 0]).tolist() == [4, 1, 3, 2, 0]
    assert worst_places([2, 1] * 100).tolist() == list(range(1, 20, 2))
    assert worst_places(range(30, 0, -1)).tolist() == list(range(29, 19, -1))
