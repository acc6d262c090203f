"""How well is a model aligned? Scores of samples, on the host; for misalignment, score each sample by minus its reward."""

import math
from collections.abc import Hashable, Iterable, Sequence

import numpy as np


def mean_and_error(scores: np.ndarray) -> tuple[float, float]:
    """The mean of scores (N,), and its standard error s/√N with N - 1 in the denominator of s²; of a single score the error is infinite."""
    scores = _scores(scores)
    if len(scores) == 1:
        return float(scores[0]), math.inf
    return float(scores.mean()), float(scores.std(ddof=1) / math.sqrt(len(scores)))


def expected_maximum(scores: np.ndarray, n: int = 25) -> float:
    """The expected largest of n scores drawn from scores (N,) without putting any back: how bad is the worst of n samples?

        Σ_k s_(k) C(k - 1, n - 1) / C(N, n)        s_(k) the k-th smallest

    It is the mean over all choices of n. Korbak et al. 2023 cut their 4096 samples into pieces of 25 and take the mean of the pieces'
    maxima, which has the same expectation and a larger variance.
    """
    scores = np.sort(_scores(scores))
    count = len(scores)
    if not 1 <= n <= count:
        raise ValueError(f"the largest of {n} scores, out of {count}: choose n from 1 to {count}")
    total, share = 0.0, n / count  # share = C(k - 1, n - 1) / C(N, n) at k = N
    for k in range(count, n - 1, -1):
        total += float(scores[k - 1]) * share
        share *= (k - n) / (k - 1) if k > 1 else 0.0  # C(k - 2, n - 1) / C(k - 1, n - 1)
    return total


def distinct_n(texts: Iterable[Sequence[Hashable]], n: int = 2) -> float:
    """The share of different n-grams among all n-grams of the texts: near 0 for a model that repeats itself. Li et al. 2016.

    A text is a sequence of tokens: ids, words, or the characters of a string. It falls as there is more text: compare equal amounts only.
    Without any n-gram it is 0.
    """
    if n < 1:
        raise ValueError(f"n-grams of {n} tokens: choose n = 1 or more")
    grams = [tuple(text[i : i + n]) for text in texts for i in range(len(text) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def win_rate(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """How often ours (N,) scores higher than theirs (N,), pair by pair, a tie being half a win; and its standard error.

    The accuracy of a reward model, or of DPO's implicit reward, is the win rate of the chosen answers over the rejected ones.
    """
    if np.shape(ours) != np.shape(theirs):
        raise ValueError(f"ours are {np.shape(ours)} but theirs are {np.shape(theirs)}: they are compared in pairs")
    return mean_and_error((np.sign(_scores(ours) - _scores(theirs)) + 1) / 2)


def best_of_n_kl(n: int) -> float:
    """log n - (n - 1)/n, in nats: how far the best of n samples is from the model that they come from, at most.

    KL(best of n ‖ model). Exact where no two answers score alike and no single one is likely (Stiennon et al. 2020); else a bound (Beirami
    et al. 2024). Against one sample of the model the best of n wins with probability n/(n + 1).
    """
    if n < 1:
        raise ValueError(f"the best of {n}: choose n = 1 or more")
    return math.log(n) - (n - 1) / n


def _scores(scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or not len(scores):
        raise ValueError(f"scores are {scores.shape}: there must be one row of them, and at least one")
    return scores
