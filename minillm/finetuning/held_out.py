"""Which examples are held out of a file, and which of those a model answers as it learns."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minillm.errors import InputError
from minillm.units import count

HELD_OUT = 10  # of so many examples, one is held out
SCORED = 200  # held-out examples that a model answers at each evaluation


def tenth_of(keys: Sequence[str], seed: int, path: str | Path, what: str, remedy: str) -> np.ndarray:
    """Which of the rows with these keys are held out, boolean (N,): all rows with one of a tenth of the different keys, drawn at random.

    InputError if there are fewer than ten of them; `what` each is called, and `path` their file.
    """
    different = list(dict.fromkeys(keys))
    if len(different) < HELD_OUT:
        raise InputError(
            f"{path} has {count(len(different), f'different {what}')}, too few to hold a tenth out.", remedy
        )
    drawn = np.random.default_rng(seed).permutation(len(different))[: len(different) // HELD_OUT]
    chosen = {different[i] for i in drawn}
    return np.array([key in chosen for key in keys])


def scored_places(count: int) -> np.ndarray:
    """The places of SCORED of so many held-out examples, spread over all of them, or of all if there are fewer."""
    return np.linspace(0, count - 1, min(count, SCORED)).astype(np.int64)
