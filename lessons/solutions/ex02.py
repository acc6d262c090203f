"""Exercises of lesson 02: learn instead of count.

Write what is missing, then: python -m minillm check 02
"""

import numpy as np


def softmax(x: np.ndarray) -> np.ndarray:
    """Each row of logits as probabilities: (N, V) -> (N, V). Every row sums to one.

    For example [[0, ln 3]] gives [[0.25, 0.75]], and [[1000, 1000 + ln 3]] gives the same: exp(1000) must not be computed.

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
    # end


def cross_entropy_gradient(p: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The gradient of the mean loss with respect to the logits, from the probabilities that softmax made of them.

    p (N, V): a distribution in each row; targets (N,): the number of the word that came, for each row. Returns (N, V): p - y, where y is 1
    at the target and 0 elsewhere; divided by N, because the loss is the mean of N losses. p itself must stay as it is.

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    gradient = p.copy()
    gradient[np.arange(len(targets)), targets] -= 1
    return gradient / len(targets)
    # end


def table_gradient(words: np.ndarray, gradient: np.ndarray, size: int) -> np.ndarray:
    """What each row of a table receives, when row words[n] was read for the n-th prediction.

    words (N,): which row was read, and a row may be read several times; gradient (N, V): the gradient of the n-th prediction.
    Returns (size, V): row i is the sum of all gradients of those n for which words[n] is i, and zero if there is none.
    For example words [1, 1] and gradient [[2], [3]], with size 3, give [[0], [5], [0]].

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    dtable = np.zeros((size, gradient.shape[1]))
    np.add.at(dtable, words, gradient)
    return dtable
    # end
