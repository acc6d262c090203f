"""A made language whose entropy is known: the next word depends on the two before it, by a table that is drawn.

Words are numbers. Rare words are rare (p ∝ 1/rank); what comes after a pair is drawn around what comes after its second word, and that
around the frequencies: as in a text, the longer memory refines the shorter one.
"""

import math
from collections.abc import Iterator

import numpy as np

from minillm.text import CausalBatch

STRENGTH = 8.0  # how near a distribution is to the one that it is drawn around


class PairLanguage:
    """after_two (V, V, V): the probabilities of the next word after u v. pairs (V, V): how often each pair comes."""

    def __init__(self, words: int = 64, seed: int = 0):
        rng = np.random.default_rng(seed)

        def drawn(around: np.ndarray) -> np.ndarray:
            """Dirichlet distributions around others."""
            gamma = rng.standard_gamma(STRENGTH * around) + 1e-12
            return gamma / gamma.sum(axis=-1, keepdims=True)

        frequencies = 1 / (np.arange(words) + 2.0)
        after_one = drawn(np.broadcast_to(frequencies / frequencies.sum(), (words, words)))
        self.after_two = drawn(np.broadcast_to(after_one, (words, words, words)))
        self.pairs = np.full((words, words), 1 / words**2)
        for _ in range(100):  # until it no longer changes
            self.pairs = np.einsum("uv,uvw->vw", self.pairs, self.after_two)

    def entropy(self, memory: int) -> float:
        """What a word costs in nats, given the `memory` words before it: 0, 1, 2, or more, which help no further.

        H = Σ π(u, v) Σ_w -p(w | u, v) ln p(w | u, v), where π says how often the pair u v comes.
        """
        joint = self.pairs[:, :, None] * self.after_two
        joint = joint.sum(axis=(0, 1)) if memory == 0 else joint.sum(axis=0) if memory == 1 else joint
        return float(-(joint * np.log(joint / joint.sum(axis=-1, keepdims=True))).sum())

    def floor(self, context: int) -> float:
        """The least mean loss of windows of so many places: the first of them has read one word only."""
        return (self.entropy(1) + (context - 1) * self.entropy(2)) / context

    def write(self, texts: int, length: int, rng: np.random.Generator) -> np.ndarray:
        """ids (texts, length)."""
        words, start_up = len(self.pairs), 10
        cumulative = self.after_two.cumsum(axis=-1)
        ids = rng.integers(words, size=(texts, length + start_up))
        for t in range(2, length + start_up):
            below = cumulative[ids[:, t - 2], ids[:, t - 1]] < rng.random(texts)[:, None]
            ids[:, t] = below.sum(axis=-1).clip(max=words - 1)
        return ids[:, start_up:]


class PairText:
    """Batches for a trainer: windows of `context` words out of two million, and others that are held out."""

    def __init__(self, language: PairLanguage, context: int, rng: np.random.Generator):
        self.context = context
        self.ids = language.write(1024, 2000, rng)
        self.held_out = language.write(math.ceil(65536 / context), context + 1, rng)

    def batch(self, rng: np.random.Generator, size: int) -> CausalBatch:
        row, start = rng.integers(len(self.ids), size=size), rng.integers(self.ids.shape[1] - self.context, size=size)
        window = self.ids[row[:, None], start[:, None] + np.arange(self.context + 1)]
        return CausalBatch(window[:, :-1], window[:, 1:])

    def validation_batches(self, size: int) -> Iterator[CausalBatch]:
        for i in range(0, len(self.held_out), size):
            yield CausalBatch(self.held_out[i : i + size, :-1], self.held_out[i : i + size, 1:])
