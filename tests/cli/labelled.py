"""Texts that any model can tell apart."""

import numpy as np

from tests.words import WORDS


def lines(count: int) -> list[str]:
    """Texts that praise start with "a", the others with "the": nobody needs a large model for that."""
    rng = np.random.default_rng(1)
    words = [" ".join(rng.choice(WORDS[2:], 2)) for _ in range(count)]
    return [f"{'a' if i % 2 else 'the'} {text}\t{'praise' if i % 2 else 'blame'}" for i, text in enumerate(words)]
