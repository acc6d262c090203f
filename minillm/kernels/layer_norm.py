"""Layer norm on a GPU: `layer_norm.cu`."""

from minillm.backend import Array, array_module
from minillm.kernels.launching import launch, row_threads

FILE = "layer_norm.cu"
MOST_PARTS = 64  # into which the rows are divided for the sums over all of them


def layer_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    """x (..., D), gamma (D,), beta (D,) -> y (..., D), x̂ (..., D), rstd (..., 1), as `ops.layer_norm` has them."""
    xp, columns = array_module(x), x.shape[-1]
    y, xhat, rstd = xp.empty_like(x), xp.empty_like(x), xp.empty((*x.shape[:-1], 1), x.dtype)
    launch(FILE, "layer_norm", (rstd.size,), (row_threads(columns),), x, gamma, beta, y, xhat, rstd, columns, eps)
    return y, xhat, rstd


def layer_norm_backward(
    dy: Array, xhat: Array, rstd: Array, gamma: Array, weights: bool
) -> tuple[Array, Array | None, Array | None]:
    """dy (..., D) -> dx (..., D), dgamma (D,), dbeta (D,), as `ops.layer_norm_backward`; None for the two without `weights`."""
    xp, columns, rows = array_module(dy), dy.shape[-1], rstd.size
    dx = xp.empty_like(dy)
    launch(FILE, "layer_norm_backward", (rows,), (row_threads(columns),), dy, xhat, rstd, gamma, dx, columns)
    if not weights:
        return dx, None, None
    count = min(MOST_PARTS, -(-rows // 32))
    parts, sums = xp.empty((count, 2, columns), dy.dtype), xp.empty((2, columns), dy.dtype)
    grid = (-(-columns // 32), count)
    launch(FILE, "layer_norm_backward_weights", grid, (32, 32), dy, xhat, parts, rows, columns)
    launch(FILE, "sum_of_parts", (-(-sums.size // 256),), (256,), parts, sums, count, sums.size)
    return dx, sums[0], sums[1]
