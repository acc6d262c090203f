"""Exercises of lesson 05: look at every other word.

Write what is missing, then: python -m minillm check 05
"""

import math

import numpy as np


def softmax(x: np.ndarray) -> np.ndarray:
    """Each row as weights that sum to one. (Given: it was an exercise of lesson 02.)"""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def causal_weights(scores: np.ndarray) -> np.ndarray:
    """The attention weights of a text that may not look ahead: scores (T, T) -> weights (T, T).

    Word i (row i) may look at the words 0 to i, itself included. Every row sums to one over those, and is zero at the others.
    For example [[5, 9], [0, ln 3]] gives [[1, 0], [0.25, 0.75]].

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    allowed = np.tri(len(scores), dtype=bool)
    return softmax(np.where(allowed, scores, -np.inf))
    # end


def self_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Scaled dot-product attention without a mask: q (T, K), k (S, K), v (S, M) -> y (T, M).

        y = softmax(q kᵀ / √K) v

    T, S, K and M may all be different: each of the T queries looks at all S keys and takes an average of the S values.

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    scores = q @ k.T / math.sqrt(q.shape[1])
    return softmax(scores) @ v
    # end


def self_attention_backward(dy: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, ...]:
    """The gradients of `self_attention`: dy (T, M), the gradient with respect to its output -> dq (T, K), dk (S, K), dv (S, M).

    Section 4 of the lesson has the steps. Compute the weights anew first.

    Difficulty 4/5, about 25 minutes.
    """
    # solution
    scale = 1 / math.sqrt(q.shape[-1])
    p = softmax(q @ k.T * scale)
    dp = dy @ v.T
    dv = p.T @ dy
    ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True))
    return ds @ k * scale, ds.T @ q * scale, dv
    # end
