"""Exercises of lesson 00: arrays before words.

Write what is missing, then: python -m minillm check 00
"""

import numpy as np


def centred(x: np.ndarray) -> np.ndarray:
    """Each vector less the mean of its own numbers: x (..., D) -> (..., D), whatever axes stand before the last. x stays as it is.

    For example [[1, 3], [10, 20]] gives [[-1, 1], [-5, 5]].

    Difficulty 1/5, about 5 minutes.
    """
    # solution
    return x - x.mean(axis=-1, keepdims=True)
    # end


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The squared distance of each row of x from each row of y: x (N, D), y (M, D) -> (N, M).

    Between two rows it is the sum of the squares of what their D numbers differ by.
    For example x [[0, 0]] and y [[3, 4], [1, 1]] give [[25, 2]].

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    difference = x[:, None] - y[None]
    return (difference * difference).sum(axis=-1)
    # end


def similarities(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """All dot products within each pair of tables of a stack: x (..., T, D), y (..., S, D) -> (..., T, S).

    The same axes stand before the last two of x and y: none, the sentences, or the sentences and the heads. In each table of the answer
    row t, column s is the dot product of row t of x's table with row s of y's.

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    return x @ y.swapaxes(-1, -2)
    # end
