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


def head_scores(heads: np.ndarray, weight: np.ndarray, word: np.ndarray) -> np.ndarray:
    """How much each head adds to the score of a word: heads (H, K), weight (H * K, D), word (D,) -> (H,).

    heads: what each head wrote at one place; weight: the output projection, in whose rows the K numbers of head 0 come first; word: the
    word's vector in the output head. What attention adds to the residual path there is all H * K numbers side by side, times weight. A
    vector's score is its product with `word` (we leave the final norm aside). That score is a sum with a part from each head: return
    the parts.

    For example heads [[1, 2], [3, 4]], weight [[1], [2], [3], [4]] and word [2] give [10, 50].

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    count, width = heads.shape
    rows = weight.reshape(count, width, -1)
    added = (heads[:, :, None] * rows).sum(axis=1)
    return added @ word
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
