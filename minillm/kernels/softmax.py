"""The softmax of attention on a GPU: `softmax.cu`."""

from minillm.backend import Array, array_module
from minillm.kernels.launching import check_shape, launch, row_threads

FILE = "softmax.cu"


def softmax(scores: Array, causal: bool = False, window: int | None = None) -> Array:
    """scores (..., S) -> p (..., S), as `ops.softmax`; with `causal`, of (..., T, S) those that `ops.causal_mask` lets a query see."""
    p, keys = array_module(scores).empty_like(scores), scores.shape[-1]
    queries = scores.shape[-2] if causal else 0
    rows, window = scores.size // keys, keys if window is None else int(min(window, keys))
    launch(FILE, "softmax", (rows,), (row_threads(keys),), scores, p, keys, queries, window)
    return p


def softmax_backward(dp: Array, p: Array) -> Array:
    """dp (..., S), p (..., S) -> dscores (..., S), as `ops.softmax_backward`."""
    check_shape(p.shape, dp)
    ds, keys = array_module(dp).empty_like(dp), dp.shape[-1]
    launch(FILE, "softmax_backward", (dp.size // keys,), (row_threads(keys),), dp, p, ds, keys)
    return ds
