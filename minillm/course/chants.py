"""Chants: some words drawn at random, said again and again. Only looking back tells which word comes next."""

import numpy as np

from minillm.ops import IGNORE


def write_chants(
    rng: np.random.Generator, count: int, *, words: int, length: int, shortest: int, longest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Ids (count, length) to read and targets (count, length) to guess, in rounds of `shortest` to `longest` out of so many words.

    What nobody can know, the first round, is not asked.
    """
    ids, targets = np.empty((2, count, length), int)
    for row in range(count):
        period = rng.integers(shortest, longest + 1)
        said = np.resize(rng.permutation(words)[:period], length + 1)
        ids[row], targets[row] = said[:-1], said[1:]
        targets[row, :period] = IGNORE
    return ids, targets
