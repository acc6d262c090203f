"""Normalisation: rows of a size that the next layer can rely on."""

from minillm.backend import array_module
from minillm.ops.reductions import sum_last, sum_rows


def layer_norm(x, gamma, beta, eps=1e-5):
    """Give every row zero mean and unit variance, then scale and shift it.

    x (..., D), gamma (D,), beta (D,) -> y (..., D)

        x̂ = (x - mean(x)) / sqrt(var(x) + eps)        y = gamma x̂ + beta

    Mean and (biased) variance are taken over the last axis. Ba, Kiros & Hinton 2016, eq. 4.
    """
    xp, width = array_module(x), x.shape[-1]
    xhat = x - sum_last(x) / width
    rstd = 1 / xp.sqrt(sum_last(xhat * xhat) / width + eps)
    xhat *= rstd
    return gamma * xhat + beta, (xhat, rstd, gamma)


def layer_norm_backward(dy, saved, weights=True):
    """dy (..., D) -> dx (..., D), dgamma (D,), dbeta (D,)

    x reaches y three ways: straight, through the mean, and through the variance. With g = gamma dy,

        dx = rstd (g - mean(g) - x̂ mean(g x̂))

    where the second term is the mean's share and the third the variance's. With `weights=False` (frozen) only dx is computed.
    """
    xhat, rstd, gamma = saved
    width = dy.shape[-1]
    dy_xhat = dy * xhat
    g = dy * gamma  # y = gamma x̂ + beta
    mean_g_xhat = (dy_xhat @ gamma)[..., None] / width
    g -= sum_last(g) / width  # x̂ = (x - mean(x)) rstd, the mean's share
    g -= xhat * mean_g_xhat  # ... the variance's share
    g *= rstd  # ... and straight
    return g, *((sum_rows(dy_xhat), sum_rows(dy)) if weights else (None, None))  # y = gamma x̂ + beta
