"""Batches of texts of different lengths, and choosing at random among their tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Texts(NamedTuple):
    """Texts as a matrix, padded on the right; what stands in the padding is of no account."""

    ids: np.ndarray  # (B, T) int64
    real: np.ndarray  # (B, T) boolean, False in the padding
    starts_word: np.ndarray  # (B, T) boolean, True at the first token of each word, the first of the text among them

    def lengths(self) -> np.ndarray:
        """Tokens in each text, (B,)."""
        return self.real.sum(axis=1)

    def words(self) -> np.ndarray:
        """Which words there are, of the W that the text with most words has: boolean (B, W)."""
        count = self.starts_word.sum(axis=1)
        return np.arange(count.max()) < count[:, None]

    def of_words(self, values: np.ndarray) -> np.ndarray:
        """What is said of the words, (B, W), said of each of their tokens, (B, T)."""
        return np.take_along_axis(values, self.starts_word.cumsum(axis=1) - 1, axis=1)


@dataclass(frozen=True)
class Rows:
    """Sequences of different lengths, end to end: values (N,), and lengths (B,), which add up to N."""

    values: np.ndarray
    lengths: np.ndarray

    @classmethod
    def select(cls, matrix: np.ndarray, keep: np.ndarray) -> "Rows":
        """Of each row of a matrix (B, T) the values where `keep` (B, T), boolean, is True."""
        return cls(matrix[keep], keep.sum(axis=1))

    @classmethod
    def joined(cls, rows: Sequence[np.ndarray]) -> "Rows":
        return cls(np.concatenate(rows), np.array([len(row) for row in rows]))

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(np.split(self.values, self.lengths.cumsum()[:-1]))

    def before(self, token: int) -> "Rows":
        """Each row with this token in front of it."""
        return Rows(np.insert(self.values, self.lengths.cumsum() - self.lengths, token), self.lengths + 1)

    def after(self, token: int) -> "Rows":
        """Each row with this token at its end."""
        return Rows(np.insert(self.values, self.lengths.cumsum(), token), self.lengths + 1)

    def real(self) -> np.ndarray:
        """Boolean (B, T), True where `padded` has a value and not padding. T is 1 at least."""
        return np.arange(max(self.lengths.max(), 1)) < self.lengths[:, None]

    def padded(self, fill: int) -> np.ndarray:
        """The rows as a matrix (B, T) with T the longest, filled up on the right."""
        real = self.real()
        matrix = np.full(real.shape, fill, self.values.dtype)
        matrix[real] = self.values
        return matrix


def by_length(rows: Sequence[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Which rows to read together, `size` at a time: those of a like length, so that little is padding."""
    order = np.argsort([len(row) for row in rows], kind="stable")
    for first in range(0, len(order), size):
        yield order[first : first + size]


def shuffled(rng: np.random.Generator, candidates: np.ndarray) -> np.ndarray:
    """For each row of candidates (B, T), boolean: the places 0 to T - 1, first the candidates in random order, then the others."""
    return np.where(candidates, rng.random(candidates.shape), 1.0).argsort(axis=1)


def choose(rng: np.random.Generator, candidates: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Exactly count (B,) of the candidates (B, T) of each row, every such choice as likely as any other: boolean (B, T)."""
    selected = np.zeros_like(candidates)
    first = np.arange(candidates.shape[1]) < count[:, None]
    np.put_along_axis(selected, shuffled(rng, candidates), first, axis=1)
    return selected
