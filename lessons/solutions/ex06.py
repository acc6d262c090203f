"""Exercises of lesson 06: where am I?

Write what is missing, then: python -m minillm check 06
"""

import numpy as np


def sinusoids(T: int, D: int) -> np.ndarray:
    """The positions 0 to T - 1, each as D numbers (D is even): (T, D).

        PE[t, 2i] = sin(t ω_i)        PE[t, 2i + 1] = cos(t ω_i)        ω_i = 10000^(-2i/D),  i = 0 ... D/2 - 1

    For example sinusoids(2, 4) is [[0, 1, 0, 1], [sin 1, cos 1, sin 0.01, cos 0.01]].

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    omega = 10000.0 ** (-np.arange(0, D, 2) / D)
    angle = np.arange(T)[:, None] * omega
    table = np.empty((T, D))
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle)
    return table
    # end


def shift(p: np.ndarray, k: int) -> np.ndarray:
    """From the numbers p (D,) of a position t, those of the position t + k; t itself is not told.

    Each pair (p[2i], p[2i + 1]) is the sine and the cosine of one angle. Add k ω_i to it, with
    sin(a + b) = sin a cos b + cos a sin b and cos(a + b) = cos a cos b - sin a sin b. ω_i is that of `sinusoids`.

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    D = len(p)
    turn = k * 10000.0 ** (-np.arange(0, D, 2) / D)
    sine, cosine = p[0::2], p[1::2]
    moved = np.empty(D)
    moved[0::2] = sine * np.cos(turn) + cosine * np.sin(turn)
    moved[1::2] = cosine * np.cos(turn) - sine * np.sin(turn)
    return moved
    # end


def table_gradient(dy: np.ndarray, length: int) -> np.ndarray:
    """What a learned table of positions receives: dy (B, T, D) -> dtable (length, D).

    Forward was y[b, t] = x[b, t] + table[t], for B sentences of T words, with T at most length. So row t was read once by every sentence,
    and rows from T on were not read at all.

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    dtable = np.zeros((length, dy.shape[2]))
    dtable[: dy.shape[1]] = dy.sum(axis=0)
    return dtable
    # end
