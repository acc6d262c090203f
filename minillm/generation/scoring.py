"""What generation asks of a model, and the scores of the next token."""

import math
from typing import Any, Protocol, runtime_checkable

import numpy as np

from minillm.backend import Array
from minillm.generation.token_plan import TokenPlan
from minillm.models import KeyValueCache, finite_on_host


class Cache(Protocol):
    """What a model remembers of the B texts that it has read so far, so that a new token costs one token's work."""

    length: int  # tokens of each text; for a GPT, setting it to 0 forgets them

    def reorder(self, rows: np.ndarray) -> None:
        """From now on row i goes on where row rows[i] was. Rows may be left out or come twice, and B may change."""


class IncrementalModel(Protocol):
    """A model that reads on: a GPT, or the decoder of an encoder-decoder."""

    config: Any

    def extend(self, ids: np.ndarray, cache: Any) -> Array:
        """The next tokens (B, T) -> logits (B, V) of the token that follows them."""


@runtime_checkable
class Scorer(Protocol):
    """What scores the next token of B texts that grow. A `ModelScorer` of one model is the simplest; others put several together."""

    def next_scores(self, text: np.ndarray) -> np.ndarray:
        """text (B, T), whose beginning is as it was at the last call -> scores (B, V) of the token that follows; float64, on the host."""

    def reorder(self, rows: np.ndarray) -> None:
        """From now on row i goes on where row rows[i] was."""


class ModelScorer:
    """A model and its cache, reading B texts that grow.

    Without a cache the model is a GPT, and sees the last `context` tokens: when they are full, the older half is forgotten and the newer
    half read anew at the first positions. A cache that is given comes from an encoder-decoder's `start`, which reads on without a limit.
    """

    def __init__(self, model: IncrementalModel, batch: int, cache: Cache | None):
        self.model = model
        self.cache = KeyValueCache(model, batch) if cache is None else cache
        self.context = model.config.context if cache is None else math.inf
        self.plan = TokenPlan(model, batch) if TokenPlan.suits(model) else None
        self.seen = 0  # tokens of each text that were read, forgotten ones included

    def next_scores(self, text: np.ndarray) -> np.ndarray:
        """text (B, T), whose beginning is as it was at the last call -> scores (B, V) of the token that follows; float64, on the host."""
        length = text.shape[1]
        new = min(length - self.seen, self.context)
        if self.cache.length + new > self.context:
            self.cache.length = 0
            new = max(self.context // 2, 1)
        self.seen = length
        extend = self.plan.extend if self.plan and new == 1 else self.model.extend
        return finite_on_host(extend(text[:, -new:], self.cache)).astype(np.float64)

    def room(self, text: np.ndarray) -> int:
        """How many tokens more than this text can be read before older ones are forgotten; below 0 if the text is too long already."""
        return self.context - self.cache.length - (text.shape[1] - self.seen)

    def scores_after_each(self, text: np.ndarray, count: int) -> np.ndarray:
        """text (1, T) -> scores (count, V) of what follows each of its last `count` tokens; for more than one there must be room."""
        if count == 1:
            return self.next_scores(text)
        logits = self.model.extend(text[:, self.seen :], self.cache, last=count)
        self.seen = text.shape[1]
        return finite_on_host(logits)[0].astype(np.float64)

    def go_back(self, length: int) -> None:
        """Of the text only the first `length` tokens were read: what was read after them is forgotten."""
        back = max(self.seen - length, 0)
        self.cache.length, self.seen = max(self.cache.length - back, 0), self.seen - back

    def reorder(self, rows: np.ndarray) -> None:
        self.cache.reorder(rows)
        if self.plan and self.plan.batch != len(rows):
            self.plan = TokenPlan(self.model, len(rows))


def as_scorer(model: IncrementalModel | Scorer, batch: int, cache: Cache | None) -> Scorer:
    """A model's own scores, or what scores already."""
    return model if isinstance(model, Scorer) else ModelScorer(model, batch, cache)
