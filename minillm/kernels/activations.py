"""Activations y = x p on a GPU, of x of any shape: `activations.cu`."""

from minillm.backend import Array, array_module
from minillm.kernels.launching import check_shape, launch

FILE = "activations.cu"
THREADS = 256  # of a block


def activation(name: str, x: Array) -> tuple[Array, Array]:
    """name: `gelu`, `gelu_erf` or `silu` -> y, p, as the op of this name has them."""
    xp = array_module(x)
    y, p = xp.empty_like(x), xp.empty_like(x)
    launch(FILE, name, (-(-x.size // THREADS),), (THREADS,), x, y, p, x.size)
    return y, p


def activation_backward(name: str, dy: Array, x: Array, p: Array) -> Array:
    """dy -> dx"""
    check_shape(x.shape, dy, p)
    dx = array_module(dy).empty_like(dy)
    launch(FILE, f"{name}_backward", (-(-x.size // THREADS),), (THREADS,), dy, x, p, dx, x.size)
    return dx
