"""Sampling: which token to write next, given a score for each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minillm.errors import InputError
from minillm.generation.phrase_ban import PhraseBan
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
    penalize_repetition,
)
from minillm.ops import softmax


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the text so far has to say about the next token, in any kind of search. Settings that mean nothing raise InputError."""

    repetition_penalty: float = 1.0  # above 1, tokens that are in the text already are less likely
    no_repeat_ngram: int | None = None  # no so many tokens in a row come twice
    banned: Sequence[int] = ()  # the ids that never come
    phrases: PhraseBan | None = None  # the texts that never come
    eos: Sequence[int] = ()  # the ids that end a text
    min_tokens: int = 0  # at least so many are written before the end
    end_after: int | None = None  # after so many, only the end may come

    def __post_init__(self):
        object.__setattr__(self, "eos", tuple(int(token) for token in self.eos))
        if not 0 < self.repetition_penalty < float("inf"):
            raise InputError(
                f"The repetition penalty must be positive, got {self.repetition_penalty}.",
                "1 turns it off, 1.2 is usual.",
            )
        if self.no_repeat_ngram is not None and self.no_repeat_ngram < 1:
            raise InputError(
                f"no-repeat-ngram must be at least 1, got {self.no_repeat_ngram}.", "Leave it out to allow repetition."
            )
        if self.min_tokens < 0:
            raise InputError(f"min-tokens must be 0 or more, got {self.min_tokens}.", "Leave it out to allow any end.")
        if self.end_after is not None and (self.end_after < self.min_tokens or not self.eos):
            raise InputError(
                f"No text can end after {self.end_after} tokens.",
                f"Name the tokens of eos that end it, and at least min-tokens, {self.min_tokens}.",
            )

    def apply(self, scores: np.ndarray, text: np.ndarray, written: int) -> np.ndarray:
        """scores (B, V) of the token after text (B, T), of which the last `written` tokens are new -> scores (B, V)."""
        if self.repetition_penalty != 1:
            scores = penalize_repetition(scores, text, self.repetition_penalty)
        if self.no_repeat_ngram is not None:
            scores = ban_repeated_ngrams(scores, text, self.no_repeat_ngram)
        if self.banned:
            scores = ban(scores, self.banned)
        if self.phrases is not None:
            forbidden = self.phrases.forbidden(text)
            scores = scores.copy()
            scores[:, : forbidden.shape[1]][forbidden] = -np.inf  # a model's vocabulary may be padded
        if written < self.min_tokens:
            scores = ban(scores, self.eos)
        if written == self.end_after:
            scores = keep_only(scores, self.eos)
        return scores


@dataclass(frozen=True, kw_only=True)
class Sampling(Rules):
    """How the next token is drawn: first the rules, then what `next_token_probabilities` does."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    epsilon: float | None = None
    eta: float | None = None

    def __post_init__(self):
        super().__post_init__()
        if not 0 <= self.temperature < float("inf"):
            raise InputError(
                f"The temperature must be 0 or more, got {self.temperature}.",
                "0 is greedy, 1 samples as the model believes.",
            )
        if self.top_k is not None and self.top_k < 1:
            raise InputError(f"top-k must be at least 1, got {self.top_k}.", "Leave it out to consider every token.")
        shares = {"top-p": self.top_p, "min-p": self.min_p, "typical-p": self.typical_p}
        for name, value in (shares | {"epsilon": self.epsilon, "eta": self.eta}).items():
            if value is not None and not 0 < value <= 1:
                raise InputError(f"{name} must lie in (0, 1], got {value}.", "Leave it out to consider every token.")

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """scores (..., V) that obey the rules -> probabilities (..., V)."""
        return next_token_probabilities(
            scores, self.temperature, self.top_k, self.top_p, self.min_p, self.typical_p, self.epsilon, self.eta
        )


def next_token_probabilities(
    logits: np.ndarray,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    typical_p: float | None = None,
    epsilon: float | None = None,
    eta: float | None = None,
) -> np.ndarray:
    """logits (..., V) -> the probabilities (..., V) to draw the next token from, in float64.

    First temperature: p = softmax(logits / temperature); 0 is greedy, all weight on the highest score, of equals on the lower id. Then, as
    far as given and in this order, top-k, top-p, min-p, typical, epsilon and eta (see `processors`) drop tokens; each counts with what
    the others before it have left.
    """
    scores = logits.astype(np.float64, copy=False)
    if temperature == 0:
        return (np.arange(scores.shape[-1]) == scores.argmax(axis=-1)[..., None]).astype(np.float64)
    if temperature != 1:
        scores = divide_by_temperature(scores, temperature)
    if top_k is not None:
        scores = keep_top_k(scores, top_k)
    if top_p is not None and top_p < 1:
        scores = keep_top_p(scores, top_p)
    if min_p is not None:
        scores = keep_min_p(scores, min_p)
    if typical_p is not None and typical_p < 1:
        scores = keep_typical(scores, typical_p)
    if epsilon is not None:
        scores = cut_epsilon(scores, epsilon)
    if eta is not None:
        scores = cut_eta(scores, eta)
    return softmax(scores)[0]


def sample(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a token from each row: probabilities (..., V) -> ids (...), the first whose cumulative probability passes a random number."""
    cumulative = probabilities.cumsum(axis=-1)
    chance = rng.random(probabilities.shape[:-1])[..., None]
    return (cumulative / cumulative[..., -1:] > chance).argmax(axis=-1)
