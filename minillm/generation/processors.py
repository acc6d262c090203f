"""What is done to the scores of the next token before one is chosen: plain functions, scores in, scores out.

Scores are float64 on the host, one row (V,) or rows (..., V); a token that may not come gets -inf. None writes into what it was given. They
mean what the processors of Hugging Face's transformers mean, and `Sampling` applies them in the same order. One thing differs: of tokens
with equal scores the lower ids stay, so that top-k keeps exactly k. transformers keeps all that equal the k-th, which is never noticed
outside of tests.
"""

import math

import numpy as np

from minillm.ops import softmax


def log_probabilities(scores: np.ndarray) -> np.ndarray:
    """log softmax(scores): scores (..., V) -> (..., V)."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


# Rules about the text so far ----------------------------------------------------------------------------------------


def penalize_repetition(scores: np.ndarray, ids: np.ndarray, penalty: float) -> np.ndarray:
    """Make every token of ids (..., T) less likely: its score s becomes s / penalty, or s · penalty if negative.

    Once for each token, however often it is there. Keskar et al. 2019 (CTRL), section 4.1, where negative scores are divided too, and gain.
    """
    seen = np.take_along_axis(scores, ids, axis=-1)
    scores = scores.copy()
    np.put_along_axis(scores, ids, np.where(seen < 0, seen * penalty, seen / penalty), axis=-1)
    return scores


def ban_repeated_ngrams(scores: np.ndarray, ids: np.ndarray, n: int) -> np.ndarray:
    """Forbid every token that would make n tokens in a row that ids (..., T) already holds. Paulus et al. 2018, section 2.5."""
    if ids.shape[-1] < n:
        return scores
    windows = np.lib.stride_tricks.sliding_window_view(ids, n, axis=-1)  # (..., T - n + 1, n)
    end = ids[..., ids.shape[-1] - n + 1 :]  # the n - 1 tokens that the next one would follow
    again = (windows[..., :-1] == end[..., None, :]).all(axis=-1)
    scores = scores.copy()
    scores[(*np.nonzero(again)[:-1], windows[..., -1][again])] = -np.inf
    return scores


def ban(scores: np.ndarray, tokens) -> np.ndarray:
    """Forbid these tokens."""
    scores = scores.copy()
    scores[..., list(tokens)] = -np.inf
    return scores


def keep_only(scores: np.ndarray, tokens) -> np.ndarray:
    """Forbid all but these tokens."""
    allowed = np.full_like(scores, -np.inf)
    allowed[..., list(tokens)] = scores[..., list(tokens)]
    return allowed


# How daring to be ---------------------------------------------------------------------------------------------------


def divide_by_temperature(scores: np.ndarray, temperature: float) -> np.ndarray:
    """(scores - highest) / temperature: below 1 the likely tokens get likelier, above 1 the unlikely ones do."""
    with np.errstate(over="ignore"):  # a tiny temperature may send all but the highest to -inf: so it should
        return (scores - scores.max(axis=-1, keepdims=True)) / temperature


def keep_top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Only the k likeliest stay. Fan et al. 2018."""
    if k >= scores.shape[-1]:
        return scores
    least = np.partition(scores, -k, axis=-1)[..., -k, None]  # sorting 50,000 takes ten times as long
    keep = scores >= least
    if np.count_nonzero(keep) > k * least.size:  # too many are equal to the k-th
        above, equal = scores > least, scores == least
        keep = above | (equal & (above.sum(axis=-1, keepdims=True) + equal.cumsum(axis=-1) <= k))
    return np.where(keep, scores, -np.inf)


def keep_top_p(scores: np.ndarray, p: float) -> np.ndarray:
    """Only the smallest set of likeliest tokens whose probabilities reach p. Holtzman et al. 2020, eq. 2.

    Tokens less likely than (1 - p)/V add up to less than 1 - p: the others reach p without them, and are all that must be sorted.
    """
    vocabulary, kept = scores.shape[-1], np.full_like(scores, -np.inf)
    rows = (array.reshape(-1, vocabulary) for array in (scores, softmax(scores)[0], kept))
    for row, chances, stays in zip(*rows, strict=True):
        likely = np.flatnonzero(chances > (1 - p) / (vocabulary + 1))  # + 1: all may be equally likely
        likely = likely[np.argsort(-row[likely], kind="stable")]
        short = np.cumsum(chances[likely]) < p - 1e-12  # 0.5 + 0.3 has reached 0.8, whatever rounding says
        likely = likely[: np.count_nonzero(short) + 1]
        stays[likely] = row[likely]
    return kept


def keep_min_p(scores: np.ndarray, min_p: float) -> np.ndarray:
    """Only tokens at least min_p times as probable as the likeliest. Nguyen et al. 2024."""
    return np.where(scores >= scores.max(axis=-1, keepdims=True) + math.log(min_p), scores, -np.inf)


def keep_typical(scores: np.ndarray, p: float) -> np.ndarray:
    """Only the tokens that surprise about as much as is to be expected: the smallest set that reaches p of those whose -log probability
    is nearest to the entropy, and all as near as the last of them. Meister et al. 2023.

    The tokens that `keep_top_p` sorts reach p, so that those farther away than all of these need not be sorted.
    """
    logp, vocabulary = log_probabilities(scores), scores.shape[-1]
    away, limits = np.abs(-logp - _entropy(logp)), np.empty((*scores.shape[:-1], 1))
    rows = zip(np.exp(logp).reshape(-1, vocabulary), away.reshape(-1, vocabulary), strict=True)
    for i, (chances, far) in enumerate(rows):
        near = np.flatnonzero(far <= far[chances > (1 - p) / (vocabulary + 1)].max())
        near = near[np.argsort(far[near], kind="stable")]
        short = np.cumsum(chances[near]) < p
        limits.flat[i] = far[near[min(np.count_nonzero(short), len(near) - 1)]]
    return np.where(away <= limits, scores, -np.inf)


def cut_epsilon(scores: np.ndarray, epsilon: float) -> np.ndarray:
    """Only tokens of probability epsilon or more, and the likeliest in any case. Hewitt et al. 2022."""
    return _keep_probable(scores, softmax(scores)[0], epsilon)


def cut_eta(scores: np.ndarray, epsilon: float) -> np.ndarray:
    """As `cut_epsilon`, at η = min(ε, √ε exp(-entropy)): lower where the model is unsure. Hewitt et al. 2022."""
    logp = log_probabilities(scores)
    eta = np.minimum(epsilon, math.sqrt(epsilon) * np.exp(-_entropy(logp)))
    return _keep_probable(scores, np.exp(logp), eta)


def _keep_probable(scores: np.ndarray, p: np.ndarray, least) -> np.ndarray:
    return np.where((p >= least) | (scores == scores.max(axis=-1, keepdims=True)), scores, -np.inf)


def _entropy(logp: np.ndarray) -> np.ndarray:
    """-Σ p log p: (..., V) -> (..., 1). A token that may not come adds nothing."""
    finite = np.maximum(logp, -1e300)  # 0 · -1e300 is 0, and 0 · -inf is NaN
    return -(np.exp(logp) * finite).sum(axis=-1, keepdims=True)
