"""Exercises of lesson 01: guess the next word.

Write what is missing, then: python -m minillm check 01
"""

import numpy as np


def bigram_probabilities(counts: np.ndarray, alpha: float) -> np.ndarray:
    """Next-word probabilities from counts, with alpha added to every count.

    counts (V, V): row i, column j: how often word j came after word i. Returns (V, V): row i sums to one.
    For example counts [[3, 1], [0, 0]] and alpha 1 give [[4/6, 2/6], [1/2, 1/2]]: nothing is impossible any more.

    Difficulty 1/5, about 5 minutes.
    """
    raise NotImplementedError("not written yet")


def perplexity(p: np.ndarray) -> float:
    """The perplexity of a text: among how many equally likely words was the model choosing, on average?

    p (N,): the probability that the model gave to each of the N words that came. For example four words with 1/6 each: 6.

        perplexity = exp( mean of -ln p )

    Difficulty 1/5, about 5 minutes.
    """
    raise NotImplementedError("not written yet")


def next_word(p: np.ndarray, u: float) -> int:
    """Draw a word with the probabilities p (V,), from one number u, 0 <= u < 1, that is equally likely to lie anywhere.

    Lay the words side by side on a line from 0 to 1, each as wide as its probability: word 0 first. Return the number of the
    word on which u falls; its left end belongs to it. For example p = [0.2, 0.5, 0.3]: u = 0.1 -> 0, u = 0.2 -> 1, u = 0.69 -> 1.
    Rounded, the widths may add up to a little less than 1, such as 0.9999999999999999: a u beyond them is on the last word.

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")
