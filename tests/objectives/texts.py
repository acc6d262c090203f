"""Small texts of numbers, and what to compare frequencies with."""

import numpy as np

from minillm.objectives import Rows, Texts
from minillm.text import SpecialTokens

SPECIAL = SpecialTokens(pad=100, mask=101, bos=102, eos=103, sentinels=(119, 118, 117, 116, 115, 114, 113, 112))


def texts(*rows, words=None):
    """Texts of these ids. `words` has for each of them the numbers of its tokens that begin a word; without, each is a word."""
    ids = Rows.joined([np.array(row) for row in rows])
    starts = ids.real() if words is None else np.zeros_like(ids.real())
    for row, places in enumerate(words or ()):
        starts[row, places] = True
    return Texts(ids.padded(0), ids.real(), starts)


def random_texts(rng, count=40, longest=30, word=3):
    """Texts of 2 to `longest` tokens, counted up from 0, with words of 1 to about `word` tokens."""
    lengths = rng.integers(2, longest + 1, size=count)
    rows = [np.arange(length) for length in lengths]
    words = [np.flatnonzero(rng.random(length) < 2 / (word + 1)).tolist() for length in lengths]
    return texts(*rows, words=[sorted({0, *places}) for places in words])


def assert_frequency(hits, trials, p, sigmas=5):
    """So many hits in so many trials are within five standard deviations of what chance p gives."""
    sd = np.sqrt(trials * p * (1 - p))
    assert np.all(np.abs(np.asarray(hits) - trials * p) <= sigmas * sd), (hits, trials * p, sd)
