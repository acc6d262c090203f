"""The texts to corrupt: windows or sentences of a corpus, the first 90 % to train on and the last 10 % to validate on."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from minillm.errors import InputError
from minillm.objectives.rows import Texts
from minillm.text.corpus import training_part

SHORTEST = 2  # tokens: of a shorter piece, nothing can be hidden and something left


class Pieces(ABC):
    """Stretches of a corpus ids (N,), of 2 to `longest` tokens.

    `starts_word` (N,), boolean, is True at the first token of each word (see `word_starts`); without it every token is a word. A word that
    a piece cuts in two is a word on either side.
    """

    def __init__(
        self,
        ids: np.ndarray,
        longest: int,
        starts_word: np.ndarray | None,
        validation_starts: np.ndarray,
        validation_lengths: np.ndarray,
    ):
        self.ids, self.longest, self.starts_word = ids, longest, starts_word
        self._validation = validation_starts, validation_lengths

    @abstractmethod
    def draw(self, rng: np.random.Generator, size: int) -> Texts:
        """`size` pieces of the training part, at random."""

    def validation(self, size: int) -> Iterator[Texts]:
        """All pieces of the validation part in order, at most `size` at a time."""
        starts, lengths = self._validation
        for first in range(0, len(starts), size):
            yield self._read(starts[first : first + size], lengths[first : first + size])

    def _read(self, starts: np.ndarray, lengths: np.ndarray) -> Texts:
        place = np.arange(lengths.max())
        real = place < lengths[:, None]
        at = np.minimum(starts[:, None] + place, len(self.ids) - 1)
        words = real
        if self.starts_word is not None:
            words = self.starts_word[at] & real
            words[:, 0] = True
        return Texts(self.ids[at].astype(np.int64), real, words)


class Windows(Pieces):
    """Windows of `longest` tokens: at random places of the training part, and side by side in the validation part.

    The last window of the validation part may be shorter; a single token that is left over is left out.
    """

    def __init__(self, ids: np.ndarray, longest: int, starts_word: np.ndarray | None = None):
        end = _end_of_training(ids, longest, starts_word=starts_word)
        starts = np.arange(end, len(ids) - SHORTEST + 1, longest)
        if end < longest or not len(starts):
            raise InputError(
                f"The text is too short for windows of {longest:,} tokens: its training part has {end:,} tokens, "
                f"its validation part {len(ids) - end:,}.",
                "Use a longer text, or shorter windows.",
            )
        super().__init__(ids, longest, starts_word, starts, np.minimum(longest, len(ids) - starts))
        self._places = end - longest + 1

    def draw(self, rng: np.random.Generator, size: int) -> Texts:
        return self._read(rng.integers(self._places, size=size), np.full(size, self.longest))


class Sentences(Pieces):
    """Sentences, each as likely as any other; one of more than `longest` tokens is cut.

    `starts_sentence` (N,), boolean, is True at the first token of each sentence (see `sentence_starts`). A sentence, or what is left of it
    after cuts, is left out if it is a single token. With `held_out` all of the corpus is the validation part, and there is none to draw.
    """

    def __init__(
        self,
        ids: np.ndarray,
        longest: int,
        starts_sentence: np.ndarray,
        starts_word: np.ndarray | None = None,
        *,
        held_out: bool = False,
    ):
        end = _end_of_training(ids, longest, starts_sentence=starts_sentence, starts_word=starts_word)
        end = 0 if held_out else end
        first = starts_sentence.copy()
        first[:1] = True
        heads = np.flatnonzero(first)
        inside = np.arange(len(ids)) - np.repeat(heads, np.diff(heads, append=len(ids)))
        starts = np.flatnonzero(inside % longest == 0)
        lengths = np.diff(starts, append=len(ids))
        trains, long_enough = starts < end, lengths >= SHORTEST
        training, validation = trains & long_enough, ~trains & long_enough
        if not (training.any() or held_out) or not validation.any():
            raise InputError(
                f"The text has {training.sum():,} sentences to train on and {validation.sum():,} to validate on, of two tokens or more.",
                "Each needs one: use a longer text.",
            )
        super().__init__(ids, longest, starts_word, starts[validation], lengths[validation])
        self._training = starts[training], lengths[training]

    def draw(self, rng: np.random.Generator, size: int) -> Texts:
        starts, lengths = self._training
        which = rng.integers(len(starts), size=size)
        return self._read(starts[which], lengths[which])


def _end_of_training(ids: np.ndarray, longest: int, **starts: np.ndarray | None) -> int:
    """How many tokens, of a corpus whose arrays are what they should be, the training part has."""
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise ValueError(f"a corpus is a 1-D array of integers, and this is {ids.dtype} of shape {ids.shape}")
    if longest < SHORTEST:
        raise InputError(
            f"Pieces of {longest} tokens are too short.", "Of one token nothing can be hidden: use two or more."
        )
    for name, array in starts.items():
        if array is not None and (array.dtype != bool or array.shape != ids.shape):
            raise ValueError(
                f"{name} must be booleans {ids.shape}, one for each token, got {array.dtype} {array.shape}"
            )
    return training_part(len(ids))
