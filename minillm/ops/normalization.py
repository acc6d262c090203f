"""Normalisation: rows of a fixed size, whatever the layers before have made of them."""

from typing import NamedTuple

from minillm import kernels
from minillm.backend import Array, array_module
from minillm.ops.reductions import mean_last, sum_rows


class NormSaved(NamedTuple):
    xhat: Array  # the rows before gain and shift
    rstd: Array  # what they were multiplied by, (..., 1)
    gamma: Array


def _reciprocal_root(square, eps):
    """1 / sqrt(square + eps). A square that overflowed gives NaN, which every check finds; 0 would make a row of zeros, which none does."""
    xp = array_module(square)
    return xp.reciprocal(xp.sqrt(square + eps)) + (square - square)  # 0, or NaN for infinity


def layer_norm(x, gamma, beta, eps=1e-5):
    """Give every row zero mean and unit variance, then scale and shift it.

    x (..., D), gamma (D,), beta (D,) -> y (..., D)

        x̂ = (x - mean(x)) / sqrt(var(x) + eps)        y = gamma x̂ + beta

    Mean and (biased) variance are taken over the last axis. Ba, Kiros & Hinton 2016, eq. 4.
    """
    if kernels.fit(x, gamma, beta):
        y, xhat, rstd = kernels.layer_norm(x, gamma, beta, eps)
        return y, NormSaved(xhat, rstd, gamma)
    xhat = x - mean_last(x)
    rstd = _reciprocal_root(mean_last(xhat * xhat), eps)
    xhat *= rstd
    y = gamma * xhat
    y += beta
    return y, NormSaved(xhat, rstd, gamma)


def layer_norm_backward(dy, saved, weights=True):
    """dy (..., D) -> dx (..., D), dgamma (D,), dbeta (D,)

    x reaches y three ways: straight, through the mean, and through the variance. With g = gamma dy,

        dx = rstd (g - mean(g) - x̂ mean(g x̂))

    where the second term is the mean's share and the third the variance's. With `weights=False` (frozen) only dx is computed.
    """
    xhat, rstd, gamma = saved
    if kernels.fit(dy, *saved):
        return kernels.layer_norm_backward(dy, xhat, rstd, gamma, weights)
    dy_xhat = dy * xhat
    g = dy * gamma  # y = gamma x̂ + beta
    mean_g_xhat = (dy_xhat @ (gamma / len(gamma)))[..., None]  # mean(g x̂), as one product
    g -= mean_last(g)  # x̂ = (x - mean(x)) rstd, the mean's share
    g -= xhat * mean_g_xhat  # ... the variance's share
    g *= rstd  # ... and straight
    return g, *((sum_rows(dy_xhat), sum_rows(dy)) if weights else (None, None))  # y = gamma x̂ + beta


def rms_norm(x, gamma, eps=1e-6):
    """Give every row a mean square of one, then scale it: LayerNorm without mean and shift.

    x (..., D), gamma (D,) -> y (..., D)

        x̂ = x / sqrt(mean(x²) + eps)        y = gamma x̂

    Zhang & Sennrich 2019, eq. 4; T5's norm.
    """
    if kernels.fit(x, gamma):
        y, xhat, rstd = kernels.rms_norm(x, gamma, eps)
        return y, NormSaved(xhat, rstd, gamma)
    rstd = _reciprocal_root(mean_last(x * x), eps)
    xhat = x * rstd
    return gamma * xhat, NormSaved(xhat, rstd, gamma)


def rms_norm_backward(dy, saved, weights=True):
    """dy (..., D) -> dx (..., D), dgamma (D,)

    x reaches y two ways: straight, and through the mean square. With g = gamma dy,

        dx = rstd (g - x̂ mean(g x̂))

    With `weights=False` (frozen) only dx is computed.
    """
    xhat, rstd, gamma = saved
    if kernels.fit(dy, *saved):
        return kernels.rms_norm_backward(dy, xhat, rstd, gamma, weights)
    dy_xhat = dy * xhat
    mean_g_xhat = (dy_xhat @ (gamma / len(gamma)))[..., None]  # mean(g x̂), as one product
    g = dy * gamma  # y = gamma x̂
    g -= xhat * mean_g_xhat  # x̂ = x rstd, the mean square's share
    g *= rstd  # ... and straight
    return g, sum_rows(dy_xhat) if weights else None  # y = gamma x̂
