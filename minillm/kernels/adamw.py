"""A step of AdamW on a GPU: `adamw.cu`."""

from minillm.backend import Array, array_module, on_device
from minillm.kernels.launching import check_shape, launch

THREADS = 256  # of a block


def adamw(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
    factors: tuple[Array | float, Array | float, Array | float],
    betas: tuple[float, float],
    eps: float,
) -> None:
    """Update the weights w and the moments m and v, (N,) each, from their gradient g, as `training.AdamW` does.

    factors: shrink, unbias and length, numbers or scalars on the device.
    """
    check_shape(w.shape, g, m, v)
    xp = array_module(w)
    there = [each if on_device(each) else xp.full((), each, w.dtype) for each in factors]
    rates = [float(rate) for beta in betas for rate in (beta, 1 - beta)]
    launch("adamw.cu", "adamw", (-(-w.size // THREADS),), (THREADS,), w, g, m, v, *there, *rates, float(eps), w.size)
