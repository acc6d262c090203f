"""Activations: the nonlinear functions between two linear layers."""

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from minillm import kernels
from minillm.backend import Array, array_module

CHUNK = 1 << 15  # numbers


class SelfGatedSaved(NamedTuple):
    x: Array
    p: Array  # y = x p


def relu(x):
    """y = max(x, 0), for x of any shape."""
    return array_module(x).maximum(x, 0), x


def relu_backward(dy, saved):
    """dx = dy where x > 0, else 0; at exactly x = 0 the slope is taken as 0."""
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
    if kernels.fit(x):
        y, p = kernels.activation("gelu", x)
        return y, SelfGatedSaved(x, p)
    p = x * x  # x * x * x, never x**3: on float32 the power is 170 times slower
    p *= 0.044715 * math.sqrt(2 / math.pi)
    p += math.sqrt(2 / math.pi)
    p *= x  # u
    array_module(x).tanh(p, out=p)
    p *= 0.5
    p += 0.5
    return x * p, SelfGatedSaved(x, p)


def gelu_backward(dy, saved):
    """dy/dx = p + x p' with p' = (1 - tanh² u) u'/2 = 2 p (1 - p) u', since tanh u = 2p - 1, and u' = √(2/π) (1 + 3·0.044715 x²)."""
    x, p = saved
    if kernels.fit(dy, x, p):
        return kernels.activation_backward("gelu", dy, x, p)
    w = 1 - p
    w *= p
    w *= x  # x p (1 - p): zero for large |x|, so that its products with x do not overflow
    dx = w * x
    dx *= x
    dx *= 3 * 0.044715
    dx += w
    dx *= 2 * math.sqrt(2 / math.pi)  # u = √(2/π) (x + 0.044715 x³), p = (1 + tanh u)/2
    dx += p  # y = x p
    dx *= dy
    return dx


def silu(x):
    """x of any shape -> y = x σ(x), with the logistic function σ(x) = 1/(1 + e⁻ˣ) = (1 + tanh(x/2))/2: the gate of SwiGLU.

    Hendrycks & Gimpel 2016, section 2; "swish" in Ramachandran et al. 2017.
    """
    if kernels.fit(x):
        y, p = kernels.activation("silu", x)
        return y, SelfGatedSaved(x, p)
    p = x * 0.5
    array_module(x).tanh(p, out=p)  # e⁻ˣ would overflow
    p *= 0.5
    p += 0.5
    return x * p, SelfGatedSaved(x, p)


def silu_backward(dy, saved):
    """dy/dx = p + x p', with p = σ(x) and p' = p (1 - p)."""
    x, p = saved
    if kernels.fit(dy, x, p):
        return kernels.activation_backward("silu", dy, x, p)
    dx = 1 - p
    dx *= p
    dx *= x  # p = σ(x)
    dx += p  # y = x p
    dx *= dy
    return dx


@cache
def _erfc_polynomial() -> tuple[float, ...]:
    """log erfc(z) + z², for z in [0, 8], as a polynomial in s = (2/(2 + z) - 0.6)/0.4: its coefficients, the highest first."""

    def smooth(s):
        t = 0.6 + 0.4 * s  # s in [-1, 1] is t in [0.2, 1] is z in [0, 8]
        return np.array([math.log(math.erfc(2 / x - 2)) + (2 / x - 2) ** 2 for x in t])

    series = np.polynomial.chebyshev.chebinterpolate(smooth, 32)
    return tuple(np.polynomial.chebyshev.cheb2poly(series).tolist()[::-1])


# ½ log(Φ/(1 - Φ)) / x as a polynomial in x², the highest power first: the one with the smallest error of Φ for |x| <= 6, 3e-8.
LOGIT_POLYNOMIAL = (1.756272262e-9, -1.322663988e-7, 3.964773026e-6, -5.530628305e-5, -3.259491758e-5, 0.03633308469)
LOGIT_SLOPE = 0.7978849412  # ... and its constant; √(2/π) to the sixth digit


def normal_cdf(x):
    """Φ(x) = erfc(-x/√2)/2, the probability that a standard normal number is below x, to the precision of x's dtype.

    NumPy has no error function. In float32 Φ = (1 + tanh u)/2, as in `gelu`, where u = ½ log(Φ/(1 - Φ)) is smooth and odd: x times a
    polynomial in x², of which GPT-2's GELU has two terms and this has seven. The absolute error is 1e-7.

    In float64 the tails are exact too. log erfc(z) + z² is so smooth in t = 2/(2 + z) that a polynomial of degree 32 through values of
    Python's `math.erfc` gives it. The absolute error is 6e-16, for x >= -11.3 the relative error is 5e-14; below, where Φ < 7e-30, only
    the magnitude is right.
    """
    xp, flat = array_module(x), x.reshape(-1)
    phi = xp.empty_like(flat)
    compute = _normal_cdf_double if x.dtype == np.float64 else _normal_cdf_single
    # Twenty passes over the numbers, or seventy: on a processor chunk by chunk, so that they stay in its cache.
    chunk = CHUNK if xp is np else max(flat.size, 1)
    for start in range(0, flat.size, chunk):
        phi[start : start + chunk] = compute(flat[start : start + chunk])
    return phi.reshape(x.shape)


def _polynomial(s, coefficients):
    """s (... (c₁ s + c₂) s ... + c_n), the constant left out: Horner's rule."""
    total = s * coefficients[0]
    for coefficient in coefficients[1:]:
        total += coefficient
        total *= s
    return total


def _normal_cdf_single(x):
    xp = array_module(x)
    square = xp.minimum(x * x, 36)  # beyond 6 Φ is 0 or 1
    p = _polynomial(square, LOGIT_POLYNOMIAL)
    p += LOGIT_SLOPE
    p *= x  # u
    xp.tanh(p, out=p)
    p *= 0.5
    p += 0.5
    return p


def _normal_cdf_double(x):
    xp = array_module(x)
    z = xp.minimum(xp.abs(x) * math.sqrt(0.5), 30)  # exp(-30²) is zero
    s = xp.minimum(z, 8)  # beyond 8 the polynomial keeps its value at 8, and exp(-z²) goes on falling
    s += 2
    xp.divide(5, s, out=s)
    s -= 1.5  # (2/(2 + z) - 0.6)/0.4
    *coefficients, constant = _erfc_polynomial()
    tail = _polynomial(s, coefficients)
    tail += constant
    z *= z
    tail -= z
    xp.exp(tail, out=tail)
    tail *= 0.5
    tail -= x >= 0  # True is 1, and |tail - 1| = 1 - tail: `xp.where` takes three times as long
    return xp.abs(tail, out=tail)


def gelu_erf(x):
    """y = x Φ(x), the exact GELU (BERT's), Φ being the normal distribution function. Hendrycks & Gimpel 2016, eq. 1."""
    if kernels.fit(x):
        y, phi = kernels.activation("gelu_erf", x)
        return y, SelfGatedSaved(x, phi)
    phi = normal_cdf(x)
    return x * phi, SelfGatedSaved(x, phi)


def gelu_erf_backward(dy, saved):
    """dy/dx = Φ(x) + x φ(x), with the normal density φ(x) = exp(-x²/2)/√(2π)."""
    x, phi = saved
    if kernels.fit(dy, x, phi):
        return kernels.activation_backward("gelu_erf", dy, x, phi)
    dx = x * x
    dx *= -0.5
    array_module(x).exp(dx, out=dx)
    dx *= 1 / math.sqrt(2 * math.pi)  # φ(x)
    dx *= x
    dx += phi  # y = x Φ(x)
    dx *= dy
    return dx
