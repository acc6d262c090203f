"""Layer norm and RMS norm on a GPU: `normalization.cu`."""

from minillm.backend import Array, array_module
from minillm.kernels.launching import check_shape, launch, row_threads

FILE = "normalization.cu"
MOST_PARTS = 64  # into which the rows are divided for the sums over all of them


def layer_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    """x (..., D), gamma (D,), beta (D,) -> y (..., D), x̂ (..., D), rstd (..., 1), as `ops.layer_norm` has them."""
    return _forward("layer_norm", x, (gamma, beta), eps)


def layer_norm_backward(
    dy: Array, xhat: Array, rstd: Array, gamma: Array, weights: bool
) -> tuple[Array, Array | None, Array | None]:
    """dy (..., D) -> dx (..., D), dgamma (D,), dbeta (D,), as `ops.layer_norm_backward`; None for the two without `weights`."""
    dx = _backward("layer_norm_backward", dy, xhat, rstd, gamma)
    return dx, *(_sums(dy, xhat) if weights else (None, None))


def rms_norm(x: Array, gamma: Array, eps: float) -> tuple[Array, Array, Array]:
    """x (..., D), gamma (D,) -> y (..., D), x̂ (..., D), rstd (..., 1), as `ops.rms_norm` has them."""
    return _forward("rms_norm", x, (gamma,), eps)


def rms_norm_backward(dy: Array, xhat: Array, rstd: Array, gamma: Array, weights: bool) -> tuple[Array, Array | None]:
    """dy (..., D) -> dx (..., D), dgamma (D,), as `ops.rms_norm_backward`; None for the latter without `weights`."""
    dx = _backward("rms_norm_backward", dy, xhat, rstd, gamma)
    return dx, _sums(dy, xhat)[0] if weights else None


def _forward(name: str, x: Array, weights: tuple[Array, ...], eps: float) -> tuple[Array, Array, Array]:
    xp, columns = array_module(x), x.shape[-1]
    check_shape((columns,), *weights)
    y, xhat, rstd = xp.empty_like(x), xp.empty_like(x), xp.empty((*x.shape[:-1], 1), x.dtype)
    launch(FILE, name, (rstd.size,), (row_threads(columns),), x, *weights, y, xhat, rstd, columns, float(eps))
    return y, xhat, rstd


def _backward(name: str, dy: Array, xhat: Array, rstd: Array, gamma: Array) -> Array:
    dx, columns = array_module(dy).empty_like(dy), dy.shape[-1]
    check_shape(xhat.shape, dy)
    launch(FILE, name, (rstd.size,), (row_threads(columns),), dy, xhat, rstd, gamma, dx, columns)
    return dx


def _sums(dy: Array, xhat: Array) -> tuple[Array, Array]:
    """Σ dy x̂ and Σ dy over all rows, (D,) each."""
    xp, columns = array_module(dy), dy.shape[-1]
    rows = dy.size // columns
    count = min(MOST_PARTS, -(-rows // 32))
    parts, sums = xp.empty((count, 2, columns), dy.dtype), xp.empty((2, columns), dy.dtype)
    launch(FILE, "norm_backward_weights", (-(-columns // 32), count), (32, 32), dy, xhat, parts, rows, columns)
    launch(FILE, "sum_of_parts", (-(-sums.size // 256),), (256,), parts, sums, count, sums.size)
    return sums[0], sums[1]
