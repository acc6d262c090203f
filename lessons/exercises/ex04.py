"""Exercises of lesson 04: give every word a vector.

Write what is missing, then: python -m minillm check 04
"""

import numpy as np


def windows(story: np.ndarray, n: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """The questions that a story asks: story (T,) of word numbers -> contexts (T + 1, n), targets (T + 1,).

    Each word of the story is a target once, and `end` is the last one. The context of a target is the n words before it, oldest first;
    where the story has too few, `end` stands in their place. For example the story [7, 8] with n = 3 and end = 0 gives the contexts
    [[0, 0, 0], [0, 0, 7], [0, 7, 8]] and the targets [7, 8, 0].

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")


def nearest(E: np.ndarray, word: int, k: int) -> np.ndarray:
    """The k words that are nearest to a word, nearest first: E (V, D), its number -> (k,) of other word numbers.

    Near is what has the largest cosine: the dot product of two vectors, divided by the lengths of both. A word is not its own neighbour.
    For example with E = [[1, 0], [5, 5], [2, 0.1]] the word nearest to 0 is 2.

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")


def tied_gradients(
    dlogits: np.ndarray, contexts: np.ndarray, E: np.ndarray, W: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of a network that uses its embedding twice: dlogits (N, V) -> dE (V, D), dW (n D, D).

        x = [E[w_1], ..., E[w_n]]        h = x W        logits = h Eᵀ

    contexts (N, n) are the word numbers w, E is (V, D), W is (n D, D). The first step is lesson 04's, the vectors of n words side by side.
    The last one asks how well h fits the vector of each word: the embedding is the output layer as well, it is *tied*. So E_vd moves the
    logits in two ways. The lesson doesn't have this backward: derive it, and check it with `numeric_gradient`.

    Difficulty 4/5, about 20 minutes.
    """
    raise NotImplementedError("not written yet")
