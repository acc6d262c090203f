"""How much a score would differ with other texts of the same kind: the bootstrap."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

RESAMPLES = 1000
SEED = 12345  # sacrebleu's, so that the resamples are the same


def resampled_scores(
    score: Callable[[np.ndarray], float], statistics: np.ndarray, resamples: int = RESAMPLES, seed: int = SEED
) -> np.ndarray:
    """The scores of as many corpora, each of N texts drawn from the N there are, with replacement: (resamples,). Efron 1979; Koehn 2004.

    statistics (N, K) are those of each text. A corpus is the sum of its texts' rows, so no text is read again.
    """
    rng, count = np.random.default_rng(seed), len(statistics)
    draws = (np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(resamples))
    return np.array([score(often @ statistics) for often in draws])


def interval(scores: np.ndarray) -> tuple[float, float]:
    """Between which two of the resampled scores the middle 95 % lie: a fortieth is cut off at each end.

    From few texts it comes out too narrow, and from a single one with no width at all.
    """
    ordered, cut = np.sort(scores), len(scores) // 40
    return float(ordered[cut]), float(ordered[len(scores) - 1 - cut])


class Comparison(NamedTuple):
    """Two systems on the same texts."""

    difference: float  # ours minus theirs
    low: float  # its interval of 95 %
    high: float
    wins: float  # the share of resamples in which ours scores higher, a tie being half a win


def paired_bootstrap(
    score: Callable[[np.ndarray], float],
    ours: np.ndarray,
    theirs: np.ndarray,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Comparison:
    """Whether one system is better than another on the same texts: statistics (N, K) of both. Koehn 2004.

    Each resample draws the same texts for both, so what makes a text hard for both cancels out: the interval of the difference is narrower
    than those of the two scores would suggest.
    """
    if np.shape(ours) != np.shape(theirs):
        raise ValueError(f"ours are {np.shape(ours)} but theirs are {np.shape(theirs)}: they are compared in pairs")
    differences = resampled_scores(score, ours, resamples, seed) - resampled_scores(score, theirs, resamples, seed)
    difference = score(ours.sum(axis=0)) - score(theirs.sum(axis=0))
    return Comparison(difference, *interval(differences), wins=float((np.sign(differences) + 1).mean() / 2))
