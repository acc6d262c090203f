"""Sums written as matrix products, and other parts that several ops share."""

from functools import cache

from minillm import kernels
from minillm.backend import Array, array_module, constant


@constant
@cache
def _filled(xp, length: int, value: float, dtype) -> Array:
    return xp.full(length, value, dtype)


def sum_last(x: Array) -> Array:
    """Sum over the last axis, kept: (..., D) -> (..., 1). A product with ones is 3 to 6 times faster than `x.sum(-1)` on NumPy."""
    return (x @ _filled(array_module(x), x.shape[-1], 1.0, x.dtype))[..., None]


def mean_last(x: Array) -> Array:
    """Mean over the last axis, kept: (..., D) -> (..., 1)."""
    width = x.shape[-1]
    return (x @ _filled(array_module(x), width, 1 / width, x.dtype))[..., None]


def max_last(x: Array) -> Array:
    """Maximum over the last axis, kept: (..., D) -> (..., 1). NumPy finds where it is 3 to 5 times faster than what it is."""
    rows = x.reshape(-1, x.shape[-1])
    return rows[array_module(x).arange(len(rows)), rows.argmax(axis=-1)].reshape(*x.shape[:-1], 1)


def log_softmax(x: Array) -> Array:
    """log softmax over the last axis: x - log Σ exp(x). The largest x is subtracted first, so that nothing overflows."""
    if kernels.fit(x):
        return kernels.log_softmax(x)
    xp = array_module(x)
    logp = x - x.max(axis=-1, keepdims=True)
    logp -= xp.log(sum_last(xp.exp(logp)))
    return logp


def sum_rows(x: Array) -> Array:
    """Sum over all rows: (..., D) -> (D,)."""
    rows = x.reshape(-1, x.shape[-1])
    return _filled(array_module(x), rows.shape[0], 1.0, x.dtype) @ rows


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """The gradient of an array of this shape that was broadcast to x's shape: the sum of x over all that read the same number."""
    new = x.ndim - len(shape)
    axes = (*range(new), *(new + i for i, length in enumerate(shape) if length == 1))
    return (x.sum(axis=axes) if axes else x).reshape(shape)
