"""Activations: the bend between two linear layers."""

import math
from functools import cache

import numpy as np

from minillm.backend import array_module


def relu(x):
    """y = max(x, 0), for x of any shape."""
    return array_module(x).maximum(x, 0), x


def relu_backward(dy, saved):
    """dx = dy where x > 0, else 0; at x = 0 exactly the slope is taken as 0."""
    x = saved
    return dy * (x > 0)


def tanh(x):
    """y = tanh(x), for x of any shape: between -1 and 1."""
    y = array_module(x).tanh(x)
    return y, y


def tanh_backward(dy, saved):
    """dy/dx = 1 - tanh² x, and tanh x is y."""
    y = saved
    return dy * (1 - y * y)


def gelu(x):
    """x of any shape -> y = x p, p = (1 + tanh u)/2, u = √(2/π) (x + 0.044715 x³): the GELU of GPT-2.

    Hendrycks & Gimpel 2016, section 2.
    """
    p = x * x  # x * x * x, never x**3: on float32 the power is 170 times slower
    p *= 0.044715 * math.sqrt(2 / math.pi)
    p += math.sqrt(2 / math.pi)
    p *= x  # u
    array_module(x).tanh(p, out=p)
    p *= 0.5
    p += 0.5
    return x * p, (x, p)


def gelu_backward(dy, saved):
    """dy/dx = p + x p' with p' = (1 - tanh² u) u'/2 = 2 p (1 - p) u', since tanh u = 2p - 1, and u' = √(2/π) (1 + 3·0.044715 x²)."""
    x, p = saved
    w = 1 - p
    w *= p
    w *= x  # x p (1 - p): far out it is zero, and nothing that it is multiplied by overflows
    dx = w * x
    dx *= x
    dx *= 3 * 0.044715
    dx += w
    dx *= 2 * math.sqrt(2 / math.pi)  # u = √(2/π) (x + 0.044715 x³), p = (1 + tanh u)/2
    dx += p  # y = x p
    dx *= dy
    return dx


@cache
def _erfc_coefficients(degree: int) -> tuple[float, ...]:
    """Chebyshev coefficients of log erfc(z) + z², as a function of t = 2/(2 + z), for z in [0, 8]."""

    def smooth(s):
        t = 0.6 + 0.4 * s  # s in [-1, 1] is t in [0.2, 1] is z in [0, 8]
        return np.array([math.log(math.erfc(2 / x - 2)) + (2 / x - 2) ** 2 for x in t])

    return tuple(np.polynomial.chebyshev.chebinterpolate(smooth, degree).tolist())


def normal_cdf(x):
    """Φ(x) = erfc(-x/√2)/2, the share of a standard normal distribution below x, to the precision of x's dtype.

    NumPy has no error function. But log erfc(z) + z² is so smooth in t = 2/(2 + z) that a short Chebyshev series through values of
    Python's `math.erfc` gives it: relative error 3e-14 with degree 32, and 1.5e-7, float32's own rounding, with degree 14.
    """
    xp = array_module(x)
    z = xp.minimum(xp.abs(x) * math.sqrt(0.5), 30)  # exp(-30²) is zero
    s = (2 / (2 + xp.minimum(z, 8)) - 0.6) / 0.4  # beyond 8 the series stands still, and exp(-z²) goes on falling
    first, *coefficients = _erfc_coefficients(32 if x.dtype == np.float64 else 14)
    b1 = b2 = xp.zeros_like(x)
    for c in reversed(coefficients):  # Clenshaw's recurrence sums Σ c_k T_k(s)
        b1, b2 = c + 2 * s * b1 - b2, b1
    tail = 0.5 * xp.exp(first + s * b1 - b2 - z * z)
    return xp.where(x < 0, tail, 1 - tail)


def gelu_erf(x):
    """y = x Φ(x), the exact GELU (BERT's), Φ being the normal distribution function. Hendrycks & Gimpel 2016, eq. 1."""
    phi = normal_cdf(x)
    return x * phi, (x, phi)


def gelu_erf_backward(dy, saved):
    """dy/dx = Φ(x) + x φ(x), with the normal density φ(x) = exp(-x²/2)/√(2π)."""
    x, phi = saved
    density = array_module(x).exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return dy * (phi + x * density)  # y = x Φ(x)
