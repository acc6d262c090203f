"""Attention in tiles on a GPU: `attention.cu`."""

from minillm.backend import Array, array_module
from minillm.kernels.launching import check_shape, fit, launch

FILE = "attention.cu"
WIDEST = 64  # head that fits into a thread's registers
THREADS = 128  # of a block, as in attention.cu


def fit_tiles(q: Array, k: Array, v: Array, mask: Array | None, bias: Array | None) -> bool:
    """Whether these kernels take q (B, H, T, K), k and v (B, H, S, K): as `fit`, with K 8, 16 ... 64, and no mask or bias as an array."""
    batch, heads, _, width = q.shape
    alike = k.shape == v.shape == (batch, heads, k.shape[2], width)
    return mask is None and bias is None and alike and width <= WIDEST and width % 8 == 0 and fit(q, k, v)


def attention(
    q: Array, k: Array, v: Array, causal: bool, window: int | None, scale: float
) -> tuple[Array, Array, Array]:
    """y (B, H, T, K), and of each query the largest score and the sum (B, H, T, 1), as `ops.chunked_attention` has them."""
    xp = array_module(q)
    y, peak, total = xp.empty_like(q), *(xp.empty((*q.shape[:-1], 1), q.dtype) for _ in range(2))
    _launch("attention", q.shape[2], q, k, causal, window, scale, (q, k, v, y, peak, total))
    return y, peak, total


def attention_backward(
    dy: Array,
    q: Array,
    k: Array,
    v: Array,
    y: Array,
    peak: Array,
    total: Array,
    causal: bool,
    window: int | None,
    scale: float,
) -> tuple[Array, Array, Array]:
    """dy (B, H, T, K) -> dq (B, H, T, K), dk and dv (B, H, S, K), as `ops.chunked_attention_backward`."""
    check_shape(q.shape, dy)
    xp, (queries, keys), how = array_module(q), (q.shape[2], k.shape[2]), (q, k, causal, window, scale)
    dq, dk, dv, sums = xp.empty_like(q), xp.empty_like(k), xp.empty_like(v), xp.empty_like(total)
    _launch("attention_backward_queries", queries, *how, (dy, q, k, v, y, peak, total, dq, sums))
    _launch("attention_backward_values", keys, *how, (dy, q, k, peak, total, dv))
    _launch("attention_backward_keys", keys, *how, (dy, q, k, v, peak, total, sums, dk))
    return dq, dk, dv


def _launch(
    name: str, rows: int, q: Array, k: Array, causal: bool, window: int | None, scale: float, arrays: tuple[Array, ...]
) -> None:
    """A kernel with a thread for each of `rows`, queries or keys, of every head."""
    (batch, heads, queries, width), keys = q.shape, k.shape[2]
    grid = (batch * heads, -(-rows // THREADS))
    rules = queries, keys, int(causal), keys if window is None else int(min(window, keys)), float(scale)
    launch(FILE, name, grid, (THREADS,), *arrays, *rules, width=width)
