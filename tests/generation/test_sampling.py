import math

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.generation import Sampling, next_token_probabilities, sample

EVEN = np.log([0.5, 0.25, 0.125, 0.125])


def probabilities(p, **settings):
    return next_token_probabilities(np.log(p), **settings).tolist()


def test_plain_sampling_is_the_softmax():
    logits = np.random.default_rng(0).normal(0, 3, 50)
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(next_token_probabilities(logits), expected, rtol=1e-12)
    np.testing.assert_allclose(next_token_probabilities(logits + 1e4), expected, rtol=1e-9)


def test_temperature_divides_the_scores():
    assert probabilities([0.8, 0.2], temperature=2) == pytest.approx([2 / 3, 1 / 3])
    assert probabilities([0.8, 0.2], temperature=0.5) == pytest.approx([16 / 17, 1 / 17])


@pytest.mark.parametrize("temperature", [0, 5e-324, 1e-300, 1e-6])
def test_towards_temperature_zero_the_highest_score_takes_all(temperature):
    logits = np.random.default_rng(0).normal(0, 3, 50).astype(np.float32)
    p = next_token_probabilities(logits, temperature)
    assert p[logits.argmax()] == 1 and p.sum() == 1


def test_of_equal_scores_greedy_takes_the_first_and_so_does_top_1():
    logits = np.array([0.0, 2.0, 2.0, 2.0, 1.0])
    for p in (next_token_probabilities(logits, 0), next_token_probabilities(logits, 0, top_k=3, top_p=0.1)):
        assert p.tolist() == [0, 1, 0, 0, 0]
    assert next_token_probabilities(logits, 1.0, top_k=1).tolist() == [0, 1, 0, 0, 0]
    assert next_token_probabilities(logits, 1.0, top_k=2).tolist() == [0, 0.5, 0.5, 0, 0]


def test_top_k_keeps_the_k_likeliest():
    p = [0.1, 0.4, 0.2, 0.3]
    assert probabilities(p, top_k=2) == pytest.approx([0, 4 / 7, 0, 3 / 7])
    assert probabilities(p, top_k=3) == pytest.approx([0, 4 / 9, 2 / 9, 3 / 9])
    assert probabilities(p, top_k=4) == probabilities(p, top_k=99) == pytest.approx(p)


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(1e-9, 1), (0.3, 1), (0.5, 1), (0.5001, 2), (0.75, 2), (0.76, 3), (0.875, 3), (0.876, 4), (1, 4)],
)
def test_top_p_keeps_the_smallest_set_that_reaches_p(top_p, kept):
    """0.5, 0.25, 0.125 and 0.125 are exact in binary; of the two equals the lower id stays."""
    p = np.array([0.5, 0.25, 0.125, 0.125])
    expected = np.where(np.arange(4) < kept, p, 0)
    assert next_token_probabilities(EVEN, top_p=top_p).tolist() == pytest.approx((expected / expected.sum()).tolist())
    shuffled = [2, 0, 3, 1]  # the ids' order must not matter
    again = next_token_probabilities(EVEN[shuffled], top_p=top_p)
    assert np.count_nonzero(again) == kept and again[1] == again.max()


def test_top_p_of_equal_tokens():
    assert np.count_nonzero(probabilities([0.25] * 4, top_p=0.5)) == 2
    assert probabilities([0.25] * 4, top_p=0.2) == [1, 0, 0, 0]


def test_the_order_is_temperature_then_top_k_then_top_p():
    """At temperature 2 four tokens weigh 4 : 3 : 2 : 1; of the three likeliest, the first has 4/9 and two have 7/9."""
    p = np.array([16, 9, 4, 1]) / 30
    assert probabilities(p, temperature=2, top_k=3, top_p=4 / 9 + 0.01) == pytest.approx([4 / 7, 3 / 7, 0, 0])
    assert probabilities(p, temperature=2, top_k=3, top_p=0.79) == pytest.approx([4 / 9, 3 / 9, 2 / 9, 0])


def test_min_p_comes_after_top_p_and_counts_with_what_is_left():
    p = [0.4, 0.3, 0.2, 0.1]
    assert probabilities(p, min_p=0.6) == pytest.approx([4 / 7, 3 / 7, 0, 0])
    assert probabilities(p, top_p=0.3, min_p=0.6) == [1, 0, 0, 0]
    assert probabilities(p, temperature=0.5, min_p=0.6) == [1, 0, 0, 0]  # 0.16 : 0.09


def test_epsilon_counts_with_what_the_others_have_left():
    """0.1 is too little among four; without the other small ones it is 0.1 / 0.9."""
    p = [0.8, 0.1, 0.06, 0.04]
    assert np.count_nonzero(probabilities(p, epsilon=0.105)) == 1
    assert probabilities(p, top_k=2, epsilon=0.105) == pytest.approx([8 / 9, 1 / 9, 0, 0])


ALL = {
    "temperature": (0, 0.3, 1.0, 2.0),
    "top_k": (None, 1, 4, 99),
    "top_p": (None, 1e-6, 0.6, 1.0),
    "min_p": (None, 1e-6, 0.3, 1.0),
    "typical_p": (None, 0.4, 1.0),
    "epsilon": (None, 0.05, 1.0),
    "eta": (None, 0.05, 1.0),
}


def test_whatever_is_set_they_are_probabilities():
    """One row as rows; only tokens that could come can come, and one always can."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        settings = {name: values[rng.integers(len(values))] for name, values in ALL.items()}
        logits = rng.standard_normal((3, 17)) * rng.choice([0.01, 1, 30])
        logits[:, 4] = -np.inf
        p = next_token_probabilities(logits, **settings)
        np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-12, err_msg=str(settings))
        assert (p >= 0).all() and (p[:, 4] == 0).all()
        for row, expected in zip(logits, p, strict=True):
            np.testing.assert_allclose(next_token_probabilities(row, **settings), expected, rtol=1e-12)
        assert (sample(p, rng) != 4).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.5},
        {"top_k": 3},
        {"top_p": 0.5},
        {"min_p": 0.4},
        {"typical_p": 0.3},
        {"epsilon": 0.2},
        {"eta": 0.3},
    ],
    ids=str,
)
def test_every_setting_arrives(settings):
    scores = np.random.default_rng(0).standard_normal((4, 9))
    expected = next_token_probabilities(scores, **settings)
    assert not np.allclose(expected, next_token_probabilities(scores))
    np.testing.assert_array_equal(Sampling(**settings).probabilities(scores), expected)


def test_the_logits_are_left_as_they_were():
    logits = EVEN.copy()
    logits.flags.writeable = False
    next_token_probabilities(logits, 0.5, 2, 0.9)


def test_frequencies_match_the_probabilities():
    p = np.array([0.4, 0, 0.3, 0.2, 0.06, 0.04, 0])
    rng, n = np.random.default_rng(0), 20_000
    counts = np.bincount([sample(p, rng) for _ in range(n)], minlength=len(p))
    assert (counts[p == 0] == 0).all()
    possible = p > 0
    chi2 = ((counts - n * p)[possible] ** 2 / (n * p[possible])).sum()
    assert chi2 < 18.5, "4 degrees of freedom: 1 in 1000 exceeds 18.5"


def test_rows_are_drawn_each_for_itself():
    p = np.tile([[0.4, 0, 0.6], [0, 1, 0]], (1000, 1, 1))
    ids = sample(p, np.random.default_rng(0))
    assert ids.shape == (1000, 2) and (ids[:, 1] == 1).all()
    assert sorted(set(ids[:, 0].tolist())) == [0, 2] and abs((ids[:, 0] == 2).mean() - 0.6) < 0.05


class Dice:
    """A generator that always says the same."""

    def __init__(self, value):
        self.value = value

    def random(self, shape):
        return np.full(shape, self.value)


def test_the_edges_of_the_unit_interval_give_tokens_that_are_possible():
    p = np.array([0, 0.1, 0.2, 0, 0.7 + 1e-15, 0, 0])
    assert sample(p, Dice(0.0)) == 1
    assert sample(p, Dice(math.nextafter(1, 0))) == 4
    assert sample(np.full(7, 1 / 7), Dice(math.nextafter(1, 0))) == 6


@pytest.mark.parametrize(
    "bad",
    [
        *[{"temperature": value} for value in (-1, -1e-9, math.nan, math.inf)],
        *[{"top_k": value} for value in (0, -3)],
        *[
            {name: value}
            for name in ("top_p", "min_p", "typical_p", "epsilon", "eta")
            for value in (0, 2, -0.5, math.nan)
        ],
        *[{"repetition_penalty": value} for value in (0, -1, math.nan, math.inf)],
        *[{"no_repeat_ngram": value} for value in (0, -2)],
        {"min_tokens": -1},
        *[{"end_after": value} for value in (-1, 2)],  # there is no eos
    ],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused(bad):
    with pytest.raises(InputError) as caught:
        Sampling(**bad)
    assert str(*bad.values()) in caught.value.wrong
