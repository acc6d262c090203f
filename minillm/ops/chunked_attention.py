"""Attention in memory that grows with T and not with T²: one chunk of queries and one chunk of keys at a time."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from minillm import kernels
from minillm.backend import Array, array_module
from minillm.ops.masks import additive_mask, causal_additive_mask, check_window
from minillm.ops.reductions import max_last, sum_last, sum_to


class ChunkedSaved(NamedTuple):
    q: Array
    k: Array
    v: Array
    y: Array
    peak: Array  # m, the largest score of each query, (B, H, T, 1)
    total: Array  # Σ, the sum over the keys of exp(s_j - m), (B, H, T, 1)
    mask: Array | None
    scale: float
    bias: Array | None
    causal: bool
    window: int | None
    chunk: int

    @property
    def weights(self) -> Array:
        """The attention map (B, H, T, S). Attention did not need it: it is computed at every call."""
        xp = array_module(self.q)
        everything = slice(0, self.q.shape[2]), slice(0, self.k.shape[2])
        p = (self.q * self.scale) @ self.k.swapaxes(-1, -2)
        p -= self.peak
        _bias_and_masks(p, *everything, self)
        xp.exp(p, out=p)
        p /= self.total
        return p


def chunk_size(heads: int, queries: int, keys: int, causal: bool, xp=np) -> int | None:
    """The best size of chunks for `heads` = B H matrices of scores (T, S); None where `attention` is at least as fast.

    Measured on a processor: the scores of a chunk stay in its cache, but they are computed twice, forward and backward. With a causal mask
    half of the chunks is left out: that pays from 256 x 256 scores on, and saves a third of the time at T = 1,024. Without one the two
    forms are equally fast at 1,024, and beyond it chunks save memory. A GPU is fast at large products: there, 2^26 scores are computed
    at a time, and only larger scores are cut into chunks.
    """
    scores = queries * keys
    if xp is np:
        size = 128 if scores <= 512**2 else 256
        enough = scores >= 256**2 if causal else scores > 1024**2
    else:
        size = 1 << max(7, int(math.log2(2**26 / heads) / 2))
        enough = scores > size**2
    return size if enough else None


def chunked_attention(q, k, v, *, mask=None, bias=None, causal=False, window=None, scale=None, chunk=256):
    """`attention` without its (B, H, T, S) arrays: the same y to the last few digits, whatever the size of the chunks.

    q (B, H, T, K), k (B, H, S, K), v (B, H, S, K), mask and bias broadcastable to (B, H, T, S) -> y (B, H, T, K)

    A softmax needs the sum over all keys before it can weigh the first. But a sum can be corrected later: let m be the largest score so
    far, Σ the sum of exp(s_j - m), and a the sum of exp(s_j - m) v_j. A chunk with a larger score m' shrinks both,

        Σ <- Σ exp(m - m') + Σ_j exp(s_j - m')        a <- a exp(m - m') + Σ_j exp(s_j - m') v_j

    and in the end y = a / Σ (Milakov & Gimelshein 2018, algorithm 3; Dao et al. 2022, algorithm 1). Chunks of keys that
    no query of a chunk may look at, later ones and with a `window` earlier ones, are left out. Backward needs y, m and Σ: two numbers for
    each query, not one for each pair.
    """
    if chunk < 1:
        raise ValueError(f"a chunk has at least one query and one key, got {chunk}")
    check_window(window, causal)
    xp, dtype = array_module(q), q.dtype
    q, k, v = (xp.ascontiguousarray(x) for x in (q, k, v))  # else the rows of a chunk are far apart in memory
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    if kernels.fit_tiles(q, k, v, mask, bias):
        y, peaks, totals = kernels.attention(q, k, v, causal, window, scale)
        return y, ChunkedSaved(q, k, v, y, peaks, totals, mask, scale, bias, causal, window, chunk)
    y = xp.empty((*q.shape[:-1], v.shape[-1]), dtype)
    lowest = xp.finfo(dtype).min / 2  # below every score, and finite: -inf - -inf is not a number
    peaks, totals = xp.full((*q.shape[:-1], 1), lowest, dtype), xp.zeros((*q.shape[:-1], 1), dtype)
    saved = ChunkedSaved(q, k, v, y, peaks, totals, mask, scale, bias, causal, window, chunk)
    scaled = q * scale
    for rows, seen in _grid(saved):
        a, peak, total = xp.zeros_like(y[:, :, rows]), peaks[:, :, rows], totals[:, :, rows]
        for columns in seen:
            s = scaled[:, :, rows] @ k[:, :, columns].swapaxes(-1, -2)
            _bias_and_masks(s, rows, columns, saved)
            higher = xp.maximum(peak, max_last(s))
            s -= higher
            xp.exp(s, out=s)
            shrink = xp.exp(peak - higher)
            total = total * shrink + sum_last(s)
            a = a * shrink + s @ v[:, :, columns]
            peak = higher
        total = xp.where(total == 0, 1, total)  # a query that may look nowhere gets zeros
        y[:, :, rows], peaks[:, :, rows], totals[:, :, rows] = a / total, peak, total
    return y, saved


def chunked_attention_backward(dy, saved):
    """dy (B, H, T, K) -> dq (B, H, T, K), dk (B, H, S, K), dv (B, H, S, K), dbias in the shape of bias (None without one)

    Chunk by chunk the weights are computed again, p = exp(s - m) / Σ, and the lines are those of `attention_backward`, with one change. The
    softmax's backward, ds_j = p_j (dp_j - Σ_k p_k dp_k), needs a sum over all keys, and that is known beforehand:
    Σ_k p_k dp_k = Σ_k p_k (dy · v_k) = dy · y (Dao et al. 2022, algorithm 4 and appendix B.2).

    Of all that is done for each pair of query and key, only the exponential is not a matrix product. dy is divided by Σ beforehand, in the
    place of p. The two subtractions are done by the products: q gets a further column -m, and dy a column -dy · y, which meet a column of
    ones in k and v.
    """
    q, k, v, y, peak, total, mask, scale, bias, causal, window, _ = saved
    xp = array_module(q)
    dy = xp.ascontiguousarray(dy)
    if kernels.fit_tiles(q, k, v, mask, bias):
        dq, dk, dv = kernels.attention_backward(dy, q, k, v, y, peak, total, causal, window, scale)
        return dq, dk, dv, None
    dy = dy / total
    ones = xp.ones((*k.shape[:-1], 1), q.dtype)
    q_less, k_one = xp.concatenate([q * scale, -peak], axis=-1), xp.concatenate([k, ones], axis=-1)
    dy_less, v_one = xp.concatenate([dy, -sum_last(dy * y)], axis=-1), xp.concatenate([v, ones], axis=-1)
    dq, dk, dv = xp.empty_like(q), xp.zeros_like(k), xp.zeros_like(v)
    dbias = None if bias is None else xp.zeros_like(bias)
    for rows, seen in _grid(saved):
        dq_rows = xp.zeros_like(q[:, :, rows])
        for columns in seen:
            e = q_less[:, :, rows] @ k_one[:, :, columns].swapaxes(-1, -2)  # s - m
            _bias_and_masks(e, rows, columns, saved)
            xp.exp(e, out=e)
            dv[:, :, columns] += e.swapaxes(-1, -2) @ dy[:, :, rows]  # y = e v / Σ
            ds = dy_less[:, :, rows] @ v_one[:, :, columns].swapaxes(-1, -2)  # y = p v: dp - dy · y, over Σ
            ds *= e  # p = softmax(s): ds = p (dp - dy · y)
            if bias is not None:
                part = _window(dbias, rows, columns)
                part += sum_to(ds, part.shape)  # s = ... + bias
            dq_rows += ds @ k[:, :, columns]  # s = scale q kᵀ
            dk[:, :, columns] += ds.swapaxes(-1, -2) @ q[:, :, rows]  # s = scale q kᵀ
        dq[:, :, rows] = dq_rows
    dq *= scale
    dk *= scale
    return dq, dk, dv, dbias


def _grid(saved: ChunkedSaved) -> Iterator[tuple[slice, list[slice]]]:
    """Every chunk of queries, with the chunks of keys that any of its queries may look at."""
    queries, keys, chunk = saved.q.shape[2], saved.k.shape[2], saved.chunk
    for start in range(0, queries, chunk):
        rows = slice(start, min(start + chunk, queries))
        last_seen = start + keys - queries  # by the first of these queries, if the attention is causal
        begin = 0 if saved.window is None else max(0, last_seen + 1 - saved.window)
        stop = min(keys, rows.stop + keys - queries) if saved.causal else keys
        yield rows, [slice(first, min(first + chunk, stop)) for first in range(begin, stop, chunk)]


def _bias_and_masks(s: Array, rows: slice, columns: slice, saved: ChunkedSaved) -> None:
    """Add to the scores s (B, H, rows, columns) of a chunk its part of the bias, and -inf where a mask is False."""
    if saved.bias is not None:
        s += _window(saved.bias, rows, columns)
    if saved.mask is not None:
        s += additive_mask(_window(saved.mask, rows, columns), s.dtype)
    last_seen = rows.start + saved.k.shape[2] - saved.q.shape[2]  # by the first of these queries
    in_window = saved.window is None or columns.start > last_seen + rows.stop - rows.start - 1 - saved.window
    if saved.causal and (last_seen < columns.stop - 1 or not in_window):
        s += causal_additive_mask(*s.shape[-2:], last_seen - columns.start, s.dtype, array_module(s), saved.window)


def _window(x: Array, rows: slice, columns: slice) -> Array:
    """The part of x, broadcastable to (B, H, T, S), that belongs to these queries and keys. An axis of length one belongs to all."""
    x = x.reshape((1,) * (2 - x.ndim) + x.shape)
    return x[..., rows if x.shape[-2] > 1 else slice(None), columns if x.shape[-1] > 1 else slice(None)]
