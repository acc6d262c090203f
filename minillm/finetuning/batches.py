"""What batches of all tasks have in common: rows of a like length, and what fills up the short ones."""

from collections.abc import Sequence

import numpy as np

from minillm.text import Tokenizer

NEAR = 8


def padding_of(tokenizer: Tokenizer) -> int:
    """What fills up the short rows of a batch. Nobody looks at it: where there is no token for it, any will do."""
    pad = tokenizer.role("pad_token")
    return 0 if pad is None else pad


class LikeLengths:
    """Rows drawn at random, each as likely as any other.

    Those of one draw have a like length, so that little is padding: they come from the same NEAR draws' worth of rows, in their order by
    length.
    """

    def __init__(self, lengths: Sequence[int] | np.ndarray):
        self._order = np.argsort(lengths, kind="stable")

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        count, near = len(self._order), NEAR * size
        first = int(rng.integers(count)) // near * near
        return self._order[rng.integers(first, min(first + near, count), size=size)]
