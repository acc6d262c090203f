"""Chants: some words drawn at random, said again and again. Only looking back tells which word comes next."""

import numpy as np

from minillm.models import GPT
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


def chanted_on(model: GPT, distance: int, *, words: int, seed: int = 0, count: int = 40) -> float:
    """Per cent of the first seven words of a second round that come out right, when a round has `distance` words. Needs 8 at least."""
    rng = np.random.default_rng((seed, 1))
    first = np.stack([rng.permutation(words)[:distance] for _ in range(count)])
    logits, _ = model.forward(np.concatenate([first, first[:, :7]], axis=1))
    return 100 * (logits[:, distance:].argmax(axis=-1) == first[:, 1:8]).mean()
