"""Exercises of lesson 12: read its mind, carefully.

Write what is missing, then: python -m minillm check 12
"""

import numpy as np


def rollout(weights: np.ndarray) -> np.ndarray:
    """Of which words each place is made after all layers: weights (L, H, T, T), layer 0 first -> (T, T).

    A layer passes on half of the mean of its heads, and half of what was there: A = (mean of the heads + I) / 2, each row divided by
    its own sum (a row of a map may sum to less than one). The rollout is A of the last layer @ ... @ A of layer 1 @ A of layer 0.
    For example two layers of one head with the map [[1, 0], [0.5, 0.5]] give [[1, 0], [0.4375, 0.5625]].

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    identity = np.eye(weights.shape[-1])
    mixed = identity
    for layer in weights:
        passed = layer.mean(axis=0) + identity
        passed = passed / passed.sum(axis=-1, keepdims=True)
        mixed = passed @ mixed
    return mixed
    # end


def previous_token_score(weights: np.ndarray) -> np.ndarray:
    """How much each head looks at the word just before: weights (H, T, T) -> (H,).

    weights[h, t, s] is how much place t looks at place s. The score is the mean of weights[h, t, t - 1] over the T - 1 places t that have
    a word before them.

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    before = np.diagonal(weights, offset=-1, axis1=1, axis2=2)
    return before.mean(axis=-1)
    # end


def without_head(heads: np.ndarray, weight: np.ndarray, bias: np.ndarray, head: int) -> np.ndarray:
    """What attention gives when one head is taken away: its numbers become zero before the output projection.

    heads (B, H, T, K): what each head wrote at each place; weight (H * K, D) and bias (D,): the output projection; head: the number of the
    head to take away. First that head's numbers become zero; then the K numbers of all heads are laid side by side at each place, head 0
    first, (B, T, H * K); then times weight, plus bias. Returns (B, T, D). heads itself must stay as it is.

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    batch, count, places, width = heads.shape
    kept = heads.copy()
    kept[:, head] = 0
    side_by_side = kept.transpose(0, 2, 1, 3).reshape(batch, places, count * width)
    return side_by_side @ weight + bias
    # end
