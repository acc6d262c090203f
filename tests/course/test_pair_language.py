"""A made language costs what its entropy says, and no reader of it does better than its floor."""

import numpy as np
import pytest

from minillm.course.pair_language import PairLanguage, PairText

LANGUAGE = PairLanguage(words=12, seed=3)


def test_a_text_costs_its_entropy():
    ids = LANGUAGE.write(200, 400, np.random.default_rng(0))
    u, v, w = ids[:, :-2], ids[:, 1:-1], ids[:, 2:]
    assert -np.log(LANGUAGE.after_two[u, v, w]).mean() == pytest.approx(LANGUAGE.entropy(2), rel=0.01)
    assert np.bincount(ids.ravel(), minlength=12) / ids.size == pytest.approx(LANGUAGE.pairs.sum(axis=0), abs=0.01)


def test_a_longer_memory_costs_less_until_all_is_known():
    costs = [LANGUAGE.entropy(memory) for memory in range(4)]
    assert np.log(12) > costs[0] > costs[1] > costs[2] == costs[3]
    assert LANGUAGE.floor(1) == pytest.approx(costs[1]) and costs[2] < LANGUAGE.floor(10) < costs[1]


def test_the_same_seed_makes_the_same_language_and_another_seed_another():
    assert np.array_equal(PairLanguage(12, seed=3).after_two, LANGUAGE.after_two)
    assert not np.array_equal(PairLanguage(12, seed=4).after_two, LANGUAGE.after_two)


def test_targets_are_the_inputs_shifted_by_one():
    text = PairText(LANGUAGE, 8, np.random.default_rng(0))
    for batch in (text.batch(np.random.default_rng(1), 5), next(text.validation_batches(5))):
        assert batch.inputs.shape == batch.targets.shape == (5, 8)
        assert np.array_equal(batch.inputs[:, 1:], batch.targets[:, :-1])
    assert sum(len(batch.inputs) for batch in text.validation_batches(100)) == 65536 / 8
