"""Embedding: rows of a table; and sinusoidal positions, which are not learned."""

from typing import NamedTuple

import numpy as np

from minillm.backend import Array, array_module

ONE_HOT_LIMIT = 512  # up to this vocabulary the embedding's gradient is one matrix product


class EmbeddingSaved(NamedTuple):
    ids: Array
    table_shape: tuple[int, int]


def embedding(ids, table):
    """y = table[ids]: row number `ids` of the table.

    ids (...) integers, table (V, D) -> y (..., D). The ids must lie in [0, V): CuPy wraps others around silently, so the caller checks.
    """
    return table.take(ids, axis=0), EmbeddingSaved(ids, table.shape)


def embedding_backward(dy, saved):
    """dy (..., D) -> dtable (V, D)

    dtable_v = Σ dy over the positions that had id v: a word that occurs twice gets both gradients.
    For a small vocabulary the sum is a product with the one-hot matrix of the ids: faster, and deterministic on a GPU.
    """
    ids, (vocab, width) = saved
    xp = array_module(dy)
    ids, rows = ids.reshape(-1), dy.reshape(-1, width)
    if vocab <= ONE_HOT_LIMIT:
        one_hot = (ids[:, None] == xp.arange(vocab)).astype(dy.dtype)
        return one_hot.T @ rows  # y = one_hot table
    dtable = xp.zeros((vocab, width), dy.dtype)
    xp.add.at(dtable, ids, rows)  # y = table[ids]
    return dtable


def sinusoidal_positions(length: int, d_model: int, start: int = 0) -> np.ndarray:
    """The sinusoidal code of positions start ... start + length - 1, a NumPy array (length, d_model) in float64.

        PE(pos, 2i) = sin(pos / 10000^(2i/d_model))        PE(pos, 2i+1) = cos(pos / 10000^(2i/d_model))

    Vaswani et al. 2017, section 3.5. Nothing here is learned, so there is no backward.
    """
    if d_model % 2:
        raise ValueError(f"sinusoidal positions need an even d_model, got {d_model}: sines and cosines come in pairs")
    positions = np.arange(start, start + length)[:, None]
    angles = positions / 10000.0 ** (np.arange(0, d_model, 2) / d_model)
    code = np.empty((length, d_model))
    code[:, 0::2] = np.sin(angles)
    code[:, 1::2] = np.cos(angles)
    return code
