"""Sampling: which token to write next, given a score for each."""

import numpy as np

from minillm.errors import InputError


def check_sampling(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raise InputError for settings that mean nothing."""
    if not 0 <= temperature < float("inf"):
        raise InputError(
            f"The temperature must be 0 or more, got {temperature}.", "0 is greedy, 1 samples as the model believes."
        )
    if top_k is not None and top_k < 1:
        raise InputError(f"top-k must be at least 1, got {top_k}.", "Leave it out to consider every token.")
    if top_p is not None and not 0 < top_p <= 1:
        raise InputError(f"top-p must lie in (0, 1], got {top_p}.", "Leave it out to consider every token.")


def next_token_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """logits (V,) -> the probabilities (V,) to draw the next token from, in float64.

    First temperature: p = softmax(logits / temperature); 0 is greedy, all weight on the highest score. Then top-k: only the k likeliest
    stay (Fan et al. 2018). Then top-p: only the smallest set of likeliest tokens whose weights reach p (Holtzman et al. 2020, eq. 2).
    """
    scores = logits.astype(np.float64)
    order = np.argsort(-scores, kind="stable")  # likeliest first; of equals, the lower id
    if temperature == 0:
        top_k = temperature = 1
    with np.errstate(over="ignore"):  # a tiny temperature may send all but the highest to -inf: so it should
        scores = (scores - scores[order[0]]) / temperature
    if top_k is not None:
        scores[order[top_k:]] = -np.inf
    p = np.exp(scores)
    p /= p.sum()
    if top_p is not None and top_p < 1:
        before = np.concatenate([[0], np.cumsum(p[order])[:-1]])  # weight of the tokens that are likelier
        p[order[before >= top_p]] = 0
        p /= p.sum()
    return p


def sample(probabilities: np.ndarray, rng: np.random.Generator) -> int:
    """Draw one token: the first whose cumulative probability passes a uniform random number."""
    cumulative = np.cumsum(probabilities)
    return int(np.searchsorted(cumulative / cumulative[-1], rng.random(), side="right"))
