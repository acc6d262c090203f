"""Regularisation: dropout."""

from minillm import kernels


def dropout_mask(shape, rate, rng, dtype):
    """What dropout multiplies by: 0 with probability `rate`, else 1/(1 - rate), so that the mean is one. Drawn from `rng`."""
    if kernels.fit_mask(shape, rng, dtype):
        return kernels.dropout_mask(shape, rate, rng)
    keep = rng.random(shape, dtype=dtype) >= rate
    return keep.astype(dtype) / (1 - rate)


def dropout(x, keep):
    """y = x keep, with `keep` from `dropout_mask`. Srivastava et al. 2014, section 4 (inverted form)."""
    return x * keep, keep


def dropout_backward(dy, saved):
    """dx = dy keep, with the mask of the forward pass."""
    return dy * saved
