"""The two GELUs on a GPU: `gelu.cu`."""

from minillm.backend import Array, array_module
from minillm.kernels.launching import launch

THREADS = 256  # of a block


def gelu(x: Array) -> tuple[Array, Array]:
    """x of any shape -> y, p, as `ops.gelu` has them."""
    return _forward("gelu", x)


def gelu_backward(dy: Array, x: Array, p: Array) -> Array:
    """dy -> dx, as `ops.gelu_backward`."""
    return _backward("gelu_backward", dy, x, p)


def gelu_erf(x: Array) -> tuple[Array, Array]:
    """x of any shape -> y, Φ(x), as `ops.gelu_erf` has them."""
    return _forward("gelu_erf", x)


def gelu_erf_backward(dy: Array, x: Array, phi: Array) -> Array:
    """dy -> dx, as `ops.gelu_erf_backward`."""
    return _backward("gelu_erf_backward", dy, x, phi)


def _forward(name: str, x: Array) -> tuple[Array, Array]:
    xp = array_module(x)
    y, p = xp.empty_like(x), xp.empty_like(x)
    launch("gelu.cu", name, (-(-x.size // THREADS),), (THREADS,), x, y, p, x.size)
    return y, p


def _backward(name: str, dy: Array, x: Array, p: Array) -> Array:
    dx = array_module(dy).empty_like(dy)
    launch("gelu.cu", name, (-(-x.size // THREADS),), (THREADS,), dy, x, p, dx, x.size)
    return dx
