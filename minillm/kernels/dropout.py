"""The mask of dropout on a GPU: `dropout.cu`."""

import math

import numpy as np

from minillm.backend import Array, CounterGenerator
from minillm.kernels.launching import launch

THREADS = 256  # of a block


def dropout_mask(shape: tuple[int, ...], rate: float, rng: CounterGenerator) -> Array:
    """0 with probability `rate`, else 1/(1 - rate): bit for bit what `ops.dropout_mask` draws."""
    xp, size = rng.xp, math.prod(shape)
    seed = xp.full((), rng.seed, np.uint64) if isinstance(rng.seed, np.generic) else rng.seed
    keep, scale = xp.empty(shape, np.float32), float(np.float32(1) / np.float32(1 - rate))
    grid, drawn = (-(-size // THREADS),), np.int64(rng.drawn)
    launch("dropout.cu", "dropout_mask", grid, (THREADS,), seed, keep, drawn, float(rate), scale, size)
    rng.drawn += size
    return keep
