"""Relative positions: a bias on attention's scores that depends only on the distance between two words, learned (T5) or not (ALiBi)."""

import math
from typing import NamedTuple

import numpy as np

from minillm.backend import Array, array_module


def relative_buckets(
    queries: int, keys: int, buckets: int = 32, max_distance: int = 128, bidirectional: bool = True
) -> np.ndarray:
    """The bucket of every distance from a query to a key, (T + S - 1,) on the host. The last query is at the position of the last key.

    Entry n is for all pairs with j - i = n - (T - 1): a diagonal of the (T, S) scores. Small distances have a bucket each, larger ones
    share buckets that grow with the logarithm, and all from `max_distance` on share one. Where attention looks both ways, half of
    the buckets are for keys after the query; where it doesn't, these share bucket 0. Raffel et al. 2020, section 2.1.
    """
    after = np.arange(-(keys - 1), queries)  # key position - query position, diagonal by diagonal
    start = np.zeros_like(after)
    if bidirectional:
        buckets //= 2
        start = np.where(after > 0, buckets, 0)
        distance = np.abs(after)
    else:
        distance = np.maximum(-after, 0)
    exact = buckets // 2
    # In float32, as T5 was trained: float64 would put a few distances, such as 16 with 9 buckets, on the other side of a border.
    steps = np.log(np.maximum(distance, 1).astype(np.float32) / exact) / np.float32(math.log(max_distance / exact))
    far = exact + (steps * (buckets - exact)).astype(np.int64)
    return start + np.where(distance < exact, distance, np.minimum(far, buckets - 1))


class RelativeBiasSaved(NamedTuple):
    buckets: Array
    table_shape: tuple[int, int]


def relative_bias(table, buckets, queries):
    """bias_hij = table[buckets[j - i + T - 1], h]: each bucket's row of the table, repeated along its diagonals.

    table (N, H), buckets (T + S - 1,) with ids below N, queries T -> bias (1, H, T, S)
    """
    xp = array_module(table)
    keys = len(buckets) + 1 - queries
    diagonals = xp.arange(keys) + xp.arange(queries - 1, -1, -1)[:, None]
    return table.T.take(buckets.take(diagonals), axis=1)[None], RelativeBiasSaved(buckets, table.shape)


def relative_bias_backward(dbias, saved):
    """dbias (1, H, T, S) -> dtable (N, H)

    All entries of a diagonal read the same row, so their gradients add up; then the diagonals of one bucket add up. To sum the diagonals,
    each row is written one column further to the right than the row above: a diagonal then is a column.
    """
    buckets, (rows, heads) = saved
    xp, (_, _, queries, keys) = array_module(dbias), dbias.shape
    slanted = xp.zeros((heads, queries, queries + keys), dbias.dtype)
    slanted[:, :, :keys] = dbias[0, :, ::-1]  # the last query first: its diagonals are the leftmost
    slanted = slanted.reshape(heads, -1)[:, :-queries].reshape(heads, queries, queries + keys - 1)
    one_hot = (buckets[:, None] == xp.arange(rows)).astype(dbias.dtype)
    return (slanted.sum(axis=1) @ one_hot).T  # bias = table[buckets] along each diagonal


def alibi_slopes(heads: int) -> np.ndarray:
    """How fast each head forgets, (H,) on the host: for a power of two 2^(-8/H), 2^(-16/H) ... 2^(-8).

    Press, Smith & Lewis 2022, section 3. For other numbers, as in their code: the slopes of the next lower power of two, then every second
    one of twice as many.
    """
    power = 1 << (heads.bit_length() - 1)
    slopes = 2.0 ** (-8 / power * np.arange(1, power + 1))
    between = 2.0 ** (-4 / power * np.arange(1, 2 * power + 1, 2))
    return np.concatenate([slopes, between[: heads - power]])


def alibi_bias(heads: int, keys: int) -> np.ndarray:
    """ALiBi's bias for causal attention, (1, H, 1, S) on the host: -slope (S - 1 - j) for key j, less the further back it is.

    In the paper it is -slope (i - j) for query i. The two differ by a number that is the same for all keys of a query, which softmax does
    not see. Nothing here is learned, so there is no backward.
    """
    return alibi_slopes(heads)[None, :, None, None] * np.arange(1 - keys, 1.0)
