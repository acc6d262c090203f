"""The linear map."""

from typing import NamedTuple

from minillm.backend import Array
from minillm.ops.reductions import sum_rows


class LinearSaved(NamedTuple):
    x: Array
    weight: Array
    has_bias: bool


def linear(x, weight, *, bias=None):
    """y = x W + b.

    x (..., D), weight (D, F), bias (F,) or None -> y (..., F)
    """
    return linear_output(x, weight, bias), LinearSaved(x, weight, bias is not None)


def linear_output(x, weight, bias):
    """The y of `linear` alone, for generation: there is no backward, and the time of a token is that of many small steps."""
    y = x.reshape(-1, x.shape[-1]) @ weight  # one flat product is faster than a stack of small ones
    if bias is not None:
        y += bias
    return y.reshape(*x.shape[:-1], weight.shape[1])


def linear_backward(dy, saved, weights=True):
    """dy (..., F) -> dx (..., D), dweight (D, F), dbias (F,) or None

    y_nf = Σ_d x_nd W_df + b_f, so dx_nd = Σ_f dy_nf W_df, dW_df = Σ_n x_nd dy_nf and db_f = Σ_n dy_nf.
    With `weights=False` (a frozen layer) only dx is computed, and the other two are None.
    """
    x, weight, has_bias = saved
    flat = dy.reshape(-1, dy.shape[-1])
    dx = (flat @ weight.T).reshape(x.shape)  # y = x W
    if not weights:
        return dx, None, None
    dweight = x.reshape(-1, x.shape[-1]).T @ flat  # y = x W
    return dx, dweight, sum_rows(flat) if has_bias else None  # y = ... + b
