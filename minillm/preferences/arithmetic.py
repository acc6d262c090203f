"""What several of the losses need: the logistic function, 1 - p, and means over the scored places."""

from minillm.backend import Array, array_module

TINY = 1e-20  # 1 - p is never taken for less: its logarithm stays finite


def log_sigmoid(x: Array) -> Array:
    """log σ(x) = -log(1 + e^-x), which neither overflows nor becomes log 0."""
    return -array_module(x).logaddexp(0, -x)


def sigmoid(x: Array) -> Array:
    """σ(x) = 1 / (1 + e^-x)."""
    return array_module(x).exp(log_sigmoid(x))


def complement(logp: Array) -> Array:
    """1 - p from log p. `expm1` keeps the digits that 1 - exp(logp) would lose near p = 1."""
    xp = array_module(logp)
    return xp.maximum(-xp.expm1(logp), TINY)


def mean_weights(scored: Array, dtype) -> Array:
    """1/n at each of the n scored places and 0 elsewhere: the sum of x times these is the mean of x over the scored places."""
    xp = array_module(scored)
    return scored.astype(dtype) / xp.maximum(scored.sum(), 1).astype(dtype)


def per_token(logp: Array, lengths: Array) -> Array:
    """1 / |y| for every sequence, in the log-probabilities' own dtype (whole numbers would make float64 of float32)."""
    return 1 / lengths.astype(logp.dtype)
