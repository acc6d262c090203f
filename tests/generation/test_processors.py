"""The cases of transformers' own tests (tests/generation/test_logits_process.py), then what must hold for any row."""

import numpy as np
import pytest

from minillm.generation import Rules, processors
from minillm.generation.processors import (
    ban,
    ban_repeated_ngrams,
    cut_epsilon,
    cut_eta,
    divide_by_temperature,
    keep_min_p,
    keep_only,
    keep_top_k,
    keep_top_p,
    keep_typical,
    log_probabilities,
    penalize_repetition,
)

RAMP = np.arange(10.0) - 5


def kept(scores):
    return np.flatnonzero(scores > -np.inf).tolist()


def logs(p):
    with np.errstate(divide="ignore"):
        return np.log(np.array(p))


# Cases ---------------------------------------------------------------------------------------------------------------

SETS = [
    (keep_top_p, 0.8, [0.3, 0.1, 0.1, 0.5], [0.3, 0, 0, 0.5]),
    (keep_top_p, 0.8, [0.15, 0.3, 0.3, 0.25], [0, 0.3, 0.3, 0.25]),
    (keep_min_p, 0.05, [0.9, 0.0274, 0.047, 0.0274], [0.9, 0, 0.047, 0]),
    (keep_min_p, 0.05, [0.15, 0.3, 0.3, 0.25], [0.15, 0.3, 0.3, 0.25]),
    (keep_min_p, 0.05, [0.97, 0.01, 0.01, 0.01], [0.97, 0, 0, 0]),
    (keep_typical, 0.5, [0.97, 0.01, 0.01, 0.01], [0.97, 0, 0, 0]),
    (keep_typical, 0.5, [0.4, 0.2, 0.2, 0.2], [0, 0.2, 0.2, 0.2]),
    (cut_epsilon, 0.1, [0.87, 0.099, 0.001, 0.03], [0.87, 0, 0, 0]),
    (cut_epsilon, 0.1, [0.4, 0.299, 0.101, 0.2], [0.4, 0.299, 0.101, 0.2]),
    (cut_epsilon, 0.25, [0.5, 0.25, 0.125, 0.125], [0.5, 0.25, 0, 0]),
    (cut_eta, 0.25, [0.3] + [0.1] * 7, [0.3] + [0.1] * 7),  # nearly even, so less is enough: 0.5 exp(-1.97)
    (cut_eta, 0.0625, [0.0, 0.1, 0.8, 0.1], [0.0, 0.1, 0.8, 0.1]),
    (cut_eta, 0.0625, [0.01, 0.04, 0.9, 0.05], [0, 0, 0.9, 0]),
]


@pytest.mark.parametrize(("processor", "setting", "p", "expected"), SETS, ids=lambda x: getattr(x, "__name__", None))
def test_what_is_kept(processor, setting, p, expected):
    np.testing.assert_allclose(np.exp(processor(logs(p), setting)), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("processor", "setting", "counts"),
    [
        (keep_top_p, 0.9, (3, 1)),
        (keep_min_p, 0.9, (1, 1)),
        (keep_typical, 0.7, (2, 1)),
        (cut_epsilon, 0.05, (3, 1)),
        (cut_eta, 0.1, (2, 1)),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_ramps_gentle_and_extreme(processor, setting, counts):
    """transformers keeps two where one would do, at the request of its test; here one is the least."""
    for scale, count in zip((1, 100), counts, strict=True):
        assert kept(processor(scale * RAMP, setting)) == list(range(10 - count, 10))


def test_top_k_of_ramps():
    assert kept(keep_top_k(np.arange(10.0), 3)) == [7, 8, 9]
    rolled = np.where(np.arange(10) < 5, np.arange(10) + 10, np.arange(10))  # the highest stand in the middle
    assert kept(keep_top_k(rolled.astype(float), 3)) == [2, 3, 4]


def test_the_repetition_penalty():
    scores = np.full((2, 10), 0.1)
    scores[0, 0], scores[1, 5] = -0.1, 0.4
    expected = scores.copy()
    expected[0, :2], expected[1, [0, 5]] = (-0.2, 0.05), (0.05, 0.2)
    ids = np.array([[0, 1], [5, 0]])
    np.testing.assert_allclose(penalize_repetition(scores, ids, 2.0), expected)
    np.testing.assert_allclose(penalize_repetition(scores, np.tile(ids, 3), 2.0), expected, err_msg="once for each id")


@pytest.mark.parametrize(
    ("ids", "n", "banned"),
    [
        ([1, 1, 2, 1], 2, [1, 2]),
        ([0, 1, 0, 1], 2, [0]),
        ([1, 1, 2, 1], 3, []),
        ([0, 1, 0, 1], 3, [0]),
        ([1, 2, 5, 7, 8, 5, 1, 2], 3, [5]),
        ([1, 2], 3, []),  # one token short of a 3-gram
        ([1, 1], 3, []),
        ([1, 1, 1], 3, [1]),
        ([4, 2, 4], 1, [2, 4]),
    ],
    ids=str,
)
def test_no_repeated_ngrams(ids, n, banned):
    assert np.flatnonzero(np.isneginf(ban_repeated_ngrams(np.zeros(10), np.array(ids), n))).tolist() == banned


def test_each_row_has_its_own_ngrams():
    scores = ban_repeated_ngrams(np.zeros((2, 3)), np.array([[1, 1, 2, 1], [0, 1, 0, 1]]), 2)
    assert np.isneginf(scores).tolist() == [[False, True, True], [True, False, False]]


def test_some_tokens_never_come():
    assert kept(Rules(banned=range(17, 20)).apply(np.zeros((1, 20)), np.zeros((1, 5), int), 0)[0]) == list(range(17))


@pytest.mark.parametrize("eos", [(0,), [0, 18]])
def test_no_end_before_the_minimum(eos):
    rules = Rules(min_tokens=3, eos=eos)
    for written in range(6):
        scores = rules.apply(np.full((4, 20), 0.05), np.zeros((4, 5 + written), int), written)
        banned = [token for token in range(20) if token not in kept(scores[0])]
        assert banned == (list(eos) if written < 3 else [])


@pytest.mark.parametrize("end_after", [0, 2])
def test_nothing_but_the_end_after_the_maximum(end_after):
    rules = Rules(end_after=end_after, eos=(0, 18))
    for written in range(3):
        allowed = kept(rules.apply(np.zeros((1, 20)), np.zeros((1, 5 + written), int), written)[0])
        assert allowed == ([0, 18] if written == end_after else list(range(20)))


# Any row -------------------------------------------------------------------------------------------------------------

ALL = {
    "temperature": lambda s, ids: divide_by_temperature(s, 0.7),
    "top-k": lambda s, ids: keep_top_k(s, 5),
    "top-p": lambda s, ids: keep_top_p(s, 0.6),
    "min-p": lambda s, ids: keep_min_p(s, 0.2),
    "typical": lambda s, ids: keep_typical(s, 0.6),
    "epsilon": lambda s, ids: cut_epsilon(s, 0.07),
    "eta": lambda s, ids: cut_eta(s, 0.2),
    "repetition": lambda s, ids: penalize_repetition(s, ids, 1.3),
    "n-grams": lambda s, ids: ban_repeated_ngrams(s, ids, 2),
    "ban": lambda s, ids: ban(s, (2, 5)),
    "only": lambda s, ids: keep_only(s, (2, 5)),
    "log": lambda s, ids: log_probabilities(s),
}


@pytest.fixture
def rows():
    """Scores (2, 7, 11) with some that are out already, and texts (2, 7, 20); all of it locked."""
    rng = np.random.default_rng(0)
    scores, ids = rng.standard_normal((2, 7, 11)) * 2, rng.integers(0, 6, (2, 7, 20))
    scores[:, ::2, 3] = -np.inf
    for array in (scores, ids):
        array.flags.writeable = False
    return scores, ids


@pytest.mark.parametrize("name", ALL)
def test_rows_are_treated_one_by_one_and_left_as_they_were(rows, name):
    scores, ids = rows
    together = ALL[name](scores, ids)
    assert together.dtype == np.float64 and not np.isnan(together).any()
    assert not np.array_equal(together, scores), "or this shows nothing"
    assert np.isneginf(together[np.isneginf(scores)]).all(), "what was out stays out"
    for place in np.ndindex(2, 7):
        np.testing.assert_allclose(ALL[name](scores[place], ids[place]), together[place], rtol=1e-12)


@pytest.mark.parametrize("name", ["top-k", "top-p", "min-p", "typical", "epsilon", "eta", "n-grams", "ban", "only"])
def test_what_stays_keeps_its_score(rows, name):
    scores, ids = rows
    after = ALL[name](scores, ids)
    stays = after > -np.inf
    np.testing.assert_array_equal(after[stays], scores[stays])
    if name in ("top-k", "top-p", "min-p", "epsilon", "eta"):
        assert (after.argmax(-1) == scores.argmax(-1)).all(), "the likeliest is always among them"


@pytest.mark.parametrize("k", [1, 2, 5, 11, 40])
def test_top_k_keeps_exactly_k_also_of_equals(k):
    rng = np.random.default_rng(k)
    for scores in (rng.standard_normal((50, 11)), rng.integers(0, 3, (50, 11)).astype(float), np.zeros((1, 11))):
        for row in scores:
            chosen = kept(keep_top_k(row, k))
            assert len(chosen) == min(k, 11)
            assert chosen == sorted(sorted(range(11), key=lambda i, row=row: (-row[i], i))[:k])
        np.testing.assert_array_equal(keep_top_k(scores, k), [keep_top_k(row, k) for row in scores])


def likeliest_by_sorting(row, p):
    """The ids that top-p keeps, found with all tokens in their order."""
    order = np.argsort(-row, kind="stable")
    chances = np.exp(row - row.max())
    short = np.cumsum((chances / chances.sum())[order]) < p - 1e-12
    return sorted(order[: np.count_nonzero(short) + 1].tolist())


@pytest.mark.parametrize("p", [1e-17, 1e-9, 0.1, 0.5, 0.9, 0.999])
def test_top_p_sorts_as_few_as_it_may(p):
    """Of many tokens: peaked, even, full of equals, and with some that may not come."""
    rng = np.random.default_rng(0)
    for scale in (0, 0.01, 1, 10):
        scores = scale * rng.standard_normal((3, 1000))
        scores[1] = np.round(scores[1])
        scores[2, ::3] = -np.inf
        expected = [likeliest_by_sorting(row, p) for row in scores]
        assert [kept(row) for row in keep_top_p(scores, p)] == expected


def nearest_by_sorting(row, p):
    """The ids that typical sampling keeps, found with all tokens in their order."""
    logp = log_probabilities(row)
    expected = -sum(np.exp(x) * x for x in logp if x > -np.inf)
    away = np.abs(-logp - expected)
    order = np.argsort(away, kind="stable")
    last = min(np.count_nonzero(np.cumsum(np.exp(logp[order])) < p), len(row) - 1)
    return np.flatnonzero(away <= away[order[last]] + 1e-12).tolist()


@pytest.mark.parametrize("p", [0.03, 0.2, 0.5, 0.9, 0.99])
def test_typical_sorts_as_few_as_it_may(p):
    """Of nearly even rows and of steep ones, with a token that may not come."""
    rng = np.random.default_rng(1)
    for spread in (0.1, 1, 3, 9):
        scores = spread * rng.standard_normal((30, 41))
        scores[:, 5] = -np.inf
        after = keep_typical(scores, p)
        assert [kept(row) for row in after] == [nearest_by_sorting(row, p) for row in scores]
        np.testing.assert_array_equal(keep_typical(scores.reshape(5, 6, 41), p).reshape(30, 41), after)


def test_tokens_too_rare_for_top_p_may_be_typical():
    """600 of them are nearer to the entropy than the likeliest, and with the 5000 before them reach p without it."""
    chances = np.concatenate([[0.3], np.full(5000, 0.69 / 5000), np.full(600, 0.01 / 600)])
    assert kept(keep_typical(logs(chances), 0.695)) == [*range(1, 5601)]


def test_top_p_keeps_the_fewest_that_reach_p():
    """By the definition: every set of likeliest tokens, shortest first."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        p = rng.dirichlet(np.full(11, 0.5))
        share, ranked = rng.uniform(), np.sort(p)[::-1]
        count = next(n for n in range(1, 12) if n == 11 or ranked[:n].sum() >= share)
        assert sorted(p[kept(keep_top_p(logs(p), share))])[::-1] == ranked[:count].tolist()


def test_what_nothing_takes_away():
    """The widest settings let every token pass."""
    row = np.random.default_rng(0).standard_normal(11)
    for widest in (keep_top_p(row, 1.0), keep_min_p(row, 1e-12), keep_typical(row, 1.0), cut_epsilon(row, 1e-12)):
        np.testing.assert_array_equal(widest, row)
    np.testing.assert_array_equal(penalize_repetition(row, np.arange(11), 1.0), row)


def test_log_probabilities_of_large_scores_are_exact():
    """exp(1000) is more than a float can hold."""
    found = log_probabilities(np.array([1000.0, 1000 - np.log(3), -np.inf]))
    np.testing.assert_allclose(found, logs([3 / 4, 1 / 4, 0]))


def test_every_public_processor_is_tested_here():
    made = {name for name, f in vars(processors).items() if getattr(f, "__module__", "") == processors.__name__}
    assert len({name for name in made if not name.startswith("_")}) == len(ALL)
