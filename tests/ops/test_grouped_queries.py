"""Grouped queries: which head of keys each head of queries reads."""

import numpy as np

from minillm import ops


def test_neighbouring_heads_read_the_same():
    x = np.arange(3.0)[None, :, None, None] * np.ones((2, 3, 5, 4))
    y, _ = ops.repeat_heads(x, 2)
    assert y.shape == (2, 6, 5, 4) and y[0, :, 0, 0].tolist() == [0, 0, 1, 1, 2, 2]
