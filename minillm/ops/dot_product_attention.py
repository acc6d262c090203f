"""Softmax and attention."""

import math
from typing import NamedTuple

import numpy as np

from minillm import kernels
from minillm.backend import Array, array_module
from minillm.ops.masks import additive_mask, causal_additive_mask, check_window, mask_scores
from minillm.ops.reductions import sum_last, sum_to

LOWEST = -3.4028234663852886e38  # of all numbers of float32


class DotProductSaved(NamedTuple):
    q: Array
    k: Array
    v: Array
    weights: Array  # the attention map, (B, H, T, S)
    keep: Array | None
    scale: float
    bias_shape: tuple[int, ...] | None


class BilinearSaved(NamedTuple):
    x: Array
    weight: Array
    xw: Array
    weights: Array  # the attention map, (B, T, T)


def softmax(scores):
    """Turn each row of scores into weights that are positive and sum to one: p_j = exp(s_j) / Σ_k exp(s_k).

    scores (..., S) -> p (..., S). A score of -inf gets weight zero; a row of nothing but -inf (it may look nowhere) becomes zeros, not NaN.
    """
    if kernels.fit(scores):
        p = kernels.softmax(scores)
        return p, p
    xp = array_module(scores)
    peak = scores.max(axis=-1, keepdims=True)  # exp(s - peak) cannot overflow, and the peak cancels
    p = scores - xp.maximum(peak, LOWEST)  # -inf - peak would be NaN where the peak is -inf as well
    xp.exp(p, out=p)
    p /= xp.maximum(sum_last(p), 1)  # the largest score gives exp(0) = 1, so only the sum of an empty row is below one
    return p, p


def softmax_backward(dp, saved):
    """dp (..., S) -> dscores (..., S)

    ∂p_j/∂s_k = p_j (1[j = k] - p_k), so ds_k = p_k (dp_k - Σ_j dp_j p_j): raising one weight lowers all the others.
    """
    p = saved
    if kernels.fit(dp, p):
        return kernels.softmax_backward(dp, p)
    ds = dp * p
    ds -= p * sum_last(ds)
    return ds


def attention(q, k, v, *, mask=None, bias=None, causal=False, window=None, keep=None, scale=None):
    """Scaled dot-product attention: every query takes a weighted average of the values, weighted by how well it matches their keys.

    q (B, H, T, K), k (B, H, S, K), v (B, H, S, K), mask boolean, True = may look, broadcastable to (B, H, T, S) -> y (B, H, T, K)

        p = softmax(scale q kᵀ + bias)        y = p v        scale = 1/√K unless given

    Vaswani et al. 2017, eq. 1. `bias`, broadcastable to (B, H, T, S), is added to the scaled scores (for relative positions: Raffel et al.
    2020, section 2.1). `causal` masks the later keys as `causal_mask` does, and with a `window` those before it: the last query sees the
    last key. `keep` (B, H, T, S), if given, multiplies the weights: attention dropout, see `dropout_mask`. A query that may look nowhere
    gets zeros. `saved.weights` is the map p.
    """
    xp = array_module(q)
    check_window(window, causal)
    queries, keys = q.shape[-2], k.shape[-2]
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    k_transposed = xp.ascontiguousarray(k.swapaxes(-1, -2))  # a copy costs less than a product that strides
    if xp is not np:  # where heads lie side by side, cuBLAS would copy them for each product that reads them
        q, k, v = xp.ascontiguousarray(q), k_transposed.swapaxes(-1, -2), xp.ascontiguousarray(v)
    scores = (q * scale) @ k_transposed
    if bias is not None:
        scores += bias
    if mask is not None:
        scores += additive_mask(mask, scores.dtype)
    if causal and kernels.fit(scores):
        p = kernels.softmax(scores, causal, window)  # the causal mask is no array there
    else:
        if causal and (queries > 1 or (window or keys) < keys):
            scores += causal_additive_mask(queries, keys, keys - queries, scores.dtype, xp, window)
        p, _ = softmax(scores)
    y = (p if keep is None else p * keep) @ v
    return y, DotProductSaved(q, k, v, p, keep, scale, None if bias is None else bias.shape)


def attention_backward(dy, saved):
    """dy (B, H, T, K) -> dq (B, H, T, K), dk (B, H, S, K), dv (B, H, S, K), dbias in the shape of bias (None without one)

    The three products are undone one after the other: y = p v, then the softmax, then s = scale q kᵀ + bias. A bias that was
    broadcast gets the sum over all that read it. The masks need no line of their own: where a mask is False the weight is zero, and the
    softmax's backward multiplies by it.
    """
    q, k, v, p, keep, scale, bias_shape = saved
    xp = array_module(dy)
    if xp is not np:
        dy = xp.ascontiguousarray(dy)  # as in the forward pass: two products read it
    dp = dy @ v.swapaxes(-1, -2)  # y = p v
    if keep is None:
        dv = p.swapaxes(-1, -2) @ dy  # y = p v
    else:
        dv = (p * keep).swapaxes(-1, -2) @ dy  # y = (p keep) v
        dp *= keep
    ds = softmax_backward(dp, p)  # p = softmax(s)
    dbias = None if bias_shape is None else sum_to(ds, bias_shape)  # s = ... + bias
    dq = ds @ k  # s = scale q kᵀ
    dq *= scale
    dk = ds.swapaxes(-1, -2) @ q  # s = scale q kᵀ
    dk *= scale
    return dq, dk, dv, dbias


def bilinear_attention(x, weight, *, mask=None):
    """Attention in its simplest form: scores e_ij = x_iᵀ W x_j, weights α = softmax(e), and h_i = Σ_j α_ij x_j.

    x (B, T, D), weight (D, D), mask broadcastable to (B, T, T) -> h (B, T, D)

    It is one head of `attention` with W = W_q W_kᵀ / √K, and values and output left as they are. `saved.weights` is the map α.
    """
    xw = x @ weight
    scores = xw @ x.swapaxes(-1, -2)
    alpha, _ = softmax(scores if mask is None else mask_scores(scores, mask))
    return alpha @ x, BilinearSaved(x, weight, xw, alpha)


def bilinear_attention_backward(dh, saved, weights=True):
    """dh (B, T, D) -> dx (B, T, D), dweight (D, D)

    x is read three times: as queries, as keys and as values. The three gradients add up.
    With `weights=False` (frozen) only dx is computed.
    """
    x, weight, xw, alpha = saved
    width = x.shape[-1]
    de = softmax_backward(dh @ x.swapaxes(-1, -2), alpha)  # h = α x, α = softmax(e)
    dxw = de @ x  # e = (x W) xᵀ
    dx = alpha.swapaxes(-1, -2) @ dh  # h = α x
    dx += de.swapaxes(-1, -2) @ xw  # e = (x W) xᵀ
    dx += dxw @ weight.T  # x W
    return dx, x.reshape(-1, width).T @ dxw.reshape(-1, width) if weights else None  # x W
