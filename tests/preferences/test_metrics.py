"""Metrics by hand, by brute force, and by their formulas."""

import math
from itertools import combinations

import numpy as np
import pytest

from minillm import preferences


def test_mean_and_its_error():
    assert preferences.mean_and_error(np.array([1, 2, 3, 6])) == pytest.approx((3, math.sqrt(14 / 3 / 4)))
    lines = np.array([1.0] * 20 + [0.0] * 80)  # of good and bad lines: √(p (1 - p) / (N - 1))
    assert preferences.mean_and_error(lines) == pytest.approx((0.2, math.sqrt(0.16 / 99)))
    assert preferences.mean_and_error([0.3]) == (0.3, math.inf)


@pytest.mark.parametrize("wrong", [[], [[1.0, 2.0]], 3.0])
def test_scores_are_a_row(wrong):
    with pytest.raises(ValueError, match="scores are"):
        preferences.mean_and_error(wrong)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7])
def test_expected_maximum_is_the_mean_over_all_choices(n):
    scores = np.array([0.3, -1.0, 2.5, 2.5, 0.0, 7.0, -3.0])
    brute = np.mean([max(choice) for choice in combinations(scores, n)])
    assert preferences.expected_maximum(scores, n) == pytest.approx(brute)


def test_expected_maximum_of_many():
    """Of 4096 evenly spread scores the largest of 25 is at 25/26; binomials of that size are no floats."""
    scores = np.random.default_rng(0).permutation(np.arange(1, 4097) / 4097)
    assert preferences.expected_maximum(scores) == pytest.approx(25 / 26)
    with pytest.raises(ValueError, match="the largest of 5 scores, out of 4"):
        preferences.expected_maximum(scores[:4], 5)


def test_distinct_n():
    texts = ["abab", "ab"]  # a b a b a b; ab ba ab ab
    assert preferences.distinct_n(texts, 1) == 2 / 6
    assert preferences.distinct_n(texts, 2) == 2 / 4
    assert preferences.distinct_n([np.array([1, 2, 1]), [1, 2]], 2) == 2 / 3
    assert preferences.distinct_n(["a", ""], 2) == 0
    with pytest.raises(ValueError, match="0 tokens"):
        preferences.distinct_n(texts, 0)


def test_win_rate_counts_a_tie_as_half():
    rate, error = preferences.win_rate(np.array([1, 2, 3, 4]), np.array([0, 2, 5, 3]))
    assert rate == (2 + 0.5) / 4 and error == pytest.approx(np.std([1, 0.5, 0, 1], ddof=1) / 2)
    with pytest.raises(ValueError, match=r"ours are \(4,\) but theirs are \(3,\)"):
        preferences.win_rate(np.zeros(4), np.zeros(3))


def test_best_of_n():
    assert preferences.best_of_n_kl(1) == 0
    found = [preferences.best_of_n_kl(n) for n in (4, 8, 16, 128)]
    assert found == pytest.approx([0.636, 1.204, 1.835, 3.860], abs=6e-4)
    with pytest.raises(ValueError, match="best of 0"):
        preferences.best_of_n_kl(0)


def test_the_bound_on_best_of_n_is_a_bound():
    """KL(best of n ‖ model) of a model with m answers, exactly: near the bound for many unlikely ones, far below for few."""
    for answers, near in ((2000, 5e-3), (3, math.inf)):
        edges = np.arange(answers + 1) / answers
        for n in (2, 4, 16):
            best = np.diff(edges**n)  # p(the best of n is the k-th worst answer)
            kl = np.sum(best * np.log(best * answers))
            bound = preferences.best_of_n_kl(n)
            assert bound - near < kl < bound
