"""Batches of corrupted texts: what all the data builders of this room share."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.objectives.pieces import Pieces
from minillm.objectives.rows import Rows, Texts
from minillm.text.special_tokens import SpecialTokens

VALIDATION_SEED = 1810  # any number: the same noise for every evaluation of every run
TOGETHER = 64  # validation texts that share a generator


class CorruptedData(ABC):
    """Data for training on pieces of a corpus, with new noise at every step, and for validating with always the same noise."""

    def __init__(self, pieces: Pieces, special: SpecialTokens):
        special.check_absent(pieces.ids)
        self.pieces, self.special = pieces, special

    @abstractmethod
    def corrupt(self, rng: np.random.Generator, texts: Texts) -> tuple[Rows, ...]:
        """The texts with noise, and what is to be found out about them; the same number of rows in each."""

    @abstractmethod
    def collate(self, *rows: Rows) -> NamedTuple:
        """What `corrupt` gave as a batch, padded to the longest row."""

    def batch(self, rng: np.random.Generator, size: int) -> NamedTuple:
        """`size` pieces of the training part at random, with noise at random."""
        return self.collate(*self.corrupt(rng, self.pieces.draw(rng, size)))

    def validation_batches(self, size: int) -> Iterator[NamedTuple]:
        """All pieces of the validation part, at most `size` at a time. The noise of a piece depends on its place alone."""
        rows = (
            row
            for number, texts in enumerate(self.pieces.validation(TOGETHER))
            for row in zip(*self.corrupt(np.random.default_rng((VALIDATION_SEED, number)), texts), strict=True)
        )
        while some := list(islice(rows, size)):
            yield self.collate(*(Rows.joined(column) for column in zip(*some, strict=True)))


def check_share(name: str, value: float) -> None:
    """Raise InputError unless the value is a share, above 0 and up to 1."""
    if not 0 < value <= 1:
        raise InputError(f"{name} is a share of the text, above 0 and up to 1, got {value!r}.", "0.15 is usual.")
