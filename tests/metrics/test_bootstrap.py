"""The bootstrap: sacrebleu's resamples, intervals as wide as the formula says, and pairs."""

import math

import numpy as np
import pytest

from minillm.metrics import BLEU, Accuracy, interval, measure, paired_bootstrap, resampled_scores


def test_resamples_and_interval_are_sacrebleus(golden):
    """Which adds up in float32."""
    metric = BLEU()
    scores = resampled_scores(metric.score, metric.of_each(*zip(*golden["pairs"], strict=True)))
    low, high = interval(scores)
    assert (high - low) / 2 == pytest.approx(golden["bootstrap"]["half width"], abs=1e-4)
    assert scores.mean() == pytest.approx(golden["bootstrap"]["mean"], abs=1e-4)


def test_the_interval_of_a_share_is_that_of_the_formula():
    """p ± 1.96 √(p (1 - p)/N), about."""
    right = np.random.default_rng(0).random(400) < 0.7
    measured = measure(Accuracy(), ["yes" if each else "no" for each in right], ["yes"] * 400)
    p = right.mean()
    assert measured.value == pytest.approx(100 * p)
    half = 1.96 * math.sqrt(p * (1 - p) / 400)
    expected = [100 * (p - half), 100 * (p + half)]
    assert [measured.low, measured.high] == pytest.approx(expected, abs=10 * half)


def test_the_same_seed_gives_the_same_interval():
    statistics = np.random.default_rng(0).random((50, 1))
    first, second, other = (resampled_scores(np.sum, statistics, 50, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, second) and not np.array_equal(first, other)


def test_a_fortieth_is_cut_off_at_each_end():
    assert interval(np.random.default_rng(0).permutation(1000)) == (25, 974)


def mean(total: np.ndarray) -> float:
    return total[0] / total[1]


def test_pairs_tell_a_small_difference_that_the_scores_alone_do_not():
    """Texts differ by far more than systems do."""
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 10, 100)
    ours, theirs = (np.stack([hard + better + rng.normal(0, 0.5, 100), np.ones(100)], axis=1) for better in (0.5, 0))
    low, high = interval(resampled_scores(mean, theirs))
    compared = paired_bootstrap(mean, ours, theirs)
    assert low < mean(ours.sum(axis=0)) < high
    assert 0 < compared.low < compared.difference < compared.high < 1 and compared.wins == 1
    assert paired_bootstrap(mean, theirs, ours).wins == 0
    assert paired_bootstrap(mean, ours, ours) == (0, 0, 0, 0.5)


def test_pairs_are_pairs():
    with pytest.raises(ValueError, match="compared in pairs"):
        paired_bootstrap(mean, np.ones((3, 2)), np.ones((4, 2)))
