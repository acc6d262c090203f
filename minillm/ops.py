"""The mathematics of a Transformer as pairs of pure functions, forward and backward.

    y, saved = op(x, ...)                  gradients = op_backward(dy, saved)

Arrays in, arrays out, on NumPy or CuPy. `dy` is the gradient of the loss with respect to y; a backward function returns the gradient with
respect to each array that the forward function read, in the same order. No function writes into an array that it was given.

Shapes: B batch, T query tokens, S source (key) tokens, D d_model, H heads, K = D/H, F d_ff, V vocabulary; (..., D) is any number of rows.
"""

import math
from functools import cache

import numpy as np

from minillm.backend import Array, array_module

IGNORE = -100  # a target that is not scored (PyTorch's convention)
ONE_HOT_LIMIT = 512  # up to this vocabulary the embedding's gradient is one matrix product


@cache
def _ones(xp, length: int, dtype) -> Array:
    return xp.ones(length, dtype)


def sum_last(x: Array) -> Array:
    """Sum over the last axis, kept: (..., D) -> (..., 1). A product with ones is 3 to 6 times faster than `x.sum(-1)` on NumPy."""
    return (x @ _ones(array_module(x), x.shape[-1], x.dtype))[..., None]


def sum_rows(x: Array) -> Array:
    """Sum over all rows: (..., D) -> (D,)."""
    rows = x.reshape(-1, x.shape[-1])
    return _ones(array_module(x), rows.shape[0], x.dtype) @ rows


# --- linear and embedding -----------------------------------------------------------------------------------------------------------------


def linear(x, weight, bias=None):
    """y = x W + b.

    x (..., D), weight (D, F), bias (F,) or None -> y (..., F)
    """
    y = x.reshape(-1, x.shape[-1]) @ weight  # one flat product is faster than a stack of small ones
    if bias is not None:
        y += bias
    return y.reshape(*x.shape[:-1], weight.shape[1]), (x, weight, bias is not None)


def linear_backward(dy, saved, weights=True):
    """dy (..., F) -> dx (..., D), dweight (D, F), dbias (F,) or None

    y_nf = Σ_d x_nd W_df + b_f, so dx_nd = Σ_f dy_nf W_df, dW_df = Σ_n x_nd dy_nf and db_f = Σ_n dy_nf.
    With `weights=False` (a frozen layer) only dx is computed, and the other two are None.
    """
    x, weight, has_bias = saved
    flat = dy.reshape(-1, dy.shape[-1])
    dx = (flat @ weight.T).reshape(x.shape)  # y = x W
    if not weights:
        return dx, None, None
    dweight = x.reshape(-1, x.shape[-1]).T @ flat  # y = x W
    return dx, dweight, sum_rows(flat) if has_bias else None  # y = ... + b


def embedding(ids, table):
    """y = table[ids]: row number `ids` of the table.

    ids (...) integers, table (V, D) -> y (..., D). The ids must lie in [0, V): CuPy wraps others around silently, so the caller checks.
    """
    return table.take(ids, axis=0), (ids, table.shape)


def embedding_backward(dy, saved):
    """dy (..., D) -> dtable (V, D)

    dtable_v = Σ dy over the places where id v stood. A word that occurs twice is paid twice: the gradient accumulates.
    For a small vocabulary the sum is a product with the one-hot matrix of the ids, which is faster and, on a GPU, repeatable.
    """
    ids, (vocab, width) = saved
    xp = array_module(dy)
    ids, rows = ids.reshape(-1), dy.reshape(-1, width)
    if vocab <= ONE_HOT_LIMIT:
        one_hot = (ids[:, None] == xp.arange(vocab)).astype(dy.dtype)
        return one_hot.T @ rows  # y = one_hot table
    dtable = xp.zeros((vocab, width), dy.dtype)
    xp.add.at(dtable, ids, rows)  # y = table[ids]
    return dtable


def sinusoidal_positions(length: int, d_model: int, start: int = 0) -> np.ndarray:
    """The position code of positions start ... start + length - 1, a NumPy array (length, d_model) in float64.

        PE(pos, 2i) = sin(pos / 10000^(2i/d_model))        PE(pos, 2i+1) = cos(pos / 10000^(2i/d_model))

    Vaswani et al. 2017, section 3.5. Nothing here is learned, so there is no backward.
    """
    if d_model % 2:
        raise ValueError(f"sinusoidal positions need an even d_model, got {d_model}: sines and cosines come in pairs")
    positions = np.arange(start, start + length)[:, None]
    angles = positions / 10000.0 ** (np.arange(0, d_model, 2) / d_model)
    code = np.empty((length, d_model))
    code[:, 0::2] = np.sin(angles)
    code[:, 1::2] = np.cos(angles)
    return code


# --- normalisation ------------------------------------------------------------------------------------------------------------------------


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


# --- attention ----------------------------------------------------------------------------------------------------------------------------


def softmax(scores):
    """Turn each row of scores into weights that are positive and sum to one: p_j = exp(s_j) / Σ_k exp(s_k).

    scores (..., S) -> p (..., S). A score of -inf gets weight zero; a row of nothing but -inf (it may look nowhere) becomes zeros, not NaN.
    """
    xp = array_module(scores)
    peak = scores.max(axis=-1, keepdims=True)  # exp(s - peak) cannot overflow, and the peak cancels
    p = scores - xp.where(xp.isfinite(peak), peak, 0)
    xp.exp(p, out=p)
    total = sum_last(p)
    p /= xp.where(total == 0, 1, total)
    return p, p


def softmax_backward(dp, saved):
    """dp (..., S) -> dscores (..., S)

    ∂p_j/∂s_k = p_j (1[j = k] - p_k), so ds_k = p_k (dp_k - Σ_j dp_j p_j): raising one weight lowers all the others.
    """
    p = saved
    ds = dp * p
    ds -= p * sum_last(ds)
    return ds


def forbid(scores, mask):
    """scores where the boolean mask is True, -inf where it is False."""
    if mask.dtype != bool:
        raise TypeError(f"a mask is boolean, True = may look, and this one is {mask.dtype}")
    return scores + array_module(scores).where(mask, scores.dtype.type(0), scores.dtype.type(-math.inf))


def attention(q, k, v, mask=None, keep=None, scale=None):
    """Scaled dot-product attention: every query takes a weighted average of the values, weighted by how well it matches their keys.

    q (B, H, T, K), k (B, H, S, K), v (B, H, S, K), mask boolean, True = may look, broadcastable to (B, H, T, S) -> y (B, H, T, K)

        p = softmax(scale q kᵀ)        y = p v        scale = 1/√K unless given

    Vaswani et al. 2017, eq. 1. `keep` (B, H, T, S), if given, multiplies the weights: attention dropout, see `dropout_mask`.
    A query that may look nowhere gets zeros. `saved[3]` is the attention map p.
    """
    xp = array_module(q)
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = (q * scale) @ xp.ascontiguousarray(
        k.swapaxes(-1, -2)
    )  # a copy of kᵀ costs less than a product that strides
    p, _ = softmax(scores if mask is None else forbid(scores, mask))
    y = (p if keep is None else p * keep) @ v
    return y, (q, k, v, p, keep, scale)


def attention_backward(dy, saved):
    """dy (B, H, T, K) -> dq (B, H, T, K), dk (B, H, S, K), dv (B, H, S, K)

    The three products are undone one after the other: y = p v, then the softmax, then s = scale q kᵀ.
    The mask needs no line of its own: a forbidden weight is zero, and the softmax's backward multiplies by it.
    """
    q, k, v, p, keep, scale = saved
    dp = dy @ v.swapaxes(-1, -2)  # y = p v
    if keep is None:
        dv = p.swapaxes(-1, -2) @ dy  # y = p v
    else:
        dv = (p * keep).swapaxes(-1, -2) @ dy  # y = (p keep) v
        dp *= keep
    ds = softmax_backward(dp, p)  # p = softmax(s)
    dq = ds @ k  # s = scale q kᵀ
    dq *= scale
    dk = ds.swapaxes(-1, -2) @ q  # s = scale q kᵀ
    dk *= scale
    return dq, dk, dv


def bilinear_attention(x, weight, mask=None):
    """Attention in its barest form: scores e_ij = x_iᵀ W x_j, weights α = softmax(e), and h_i = Σ_j α_ij x_j.

    x (B, T, D), weight (D, D), mask broadcastable to (B, T, T) -> h (B, T, D)

    It is one head of `attention` with W = W_q W_kᵀ / √K, and values and output left as they are. `saved[3]` is the attention map α.
    """
    xw = x @ weight
    scores = xw @ x.swapaxes(-1, -2)
    alpha, _ = softmax(scores if mask is None else forbid(scores, mask))
    return alpha @ x, (x, weight, xw, alpha)


def bilinear_attention_backward(dh, saved, weights=True):
    """dh (B, T, D) -> dx (B, T, D), dweight (D, D)

    x is read three times: as the word that looks, as the words looked at, and as the values averaged. The three gradients add up.
    With `weights=False` (frozen) only dx is computed.
    """
    x, weight, xw, alpha = saved
    width = x.shape[-1]
    de = softmax_backward(dh @ x.swapaxes(-1, -2), alpha)  # h = α x, α = softmax(e)
    dxw = de @ x  # e = (x W) xᵀ
    dx = alpha.swapaxes(-1, -2) @ dh  # h = α x
    dx += de.swapaxes(-1, -2) @ xw  # e = (x W) xᵀ
    dx += dxw @ weight.T  # x W
    return dx, x.reshape(-1, width).T @ dxw.reshape(-1, width) if weights else None  # x W


# --- activations and dropout --------------------------------------------------------------------------------------------------------------


def relu(x):
    """y = max(x, 0), for x of any shape."""
    return array_module(x).maximum(x, 0), x


def relu_backward(dy, saved):
    """dx = dy where x > 0, else 0; at x = 0 exactly the slope is taken as 0."""
    x = saved
    return dy * (x > 0)


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


def dropout_mask(shape, rate, rng, dtype):
    """What dropout multiplies by: 0 with probability `rate`, else 1/(1 - rate), so that the mean stays one. Drawn from `rng`."""
    kept = rng.random(shape, dtype=dtype) >= rate
    return kept.astype(dtype) / (1 - rate)


def dropout(x, keep):
    """y = x keep, with `keep` from `dropout_mask`. Srivastava et al. 2014, section 4 (inverted form)."""
    return x * keep, keep


def dropout_backward(dy, saved):
    """dx = dy keep: the very mask of the forward pass."""
    return dy * saved


# --- the loss -----------------------------------------------------------------------------------------------------------------------------


def cross_entropy(logits, targets, label_smoothing=0.0):
    """Mean over the scored targets of -log p(target), in nats.

    logits (..., V), targets (...) integers in [0, V), or IGNORE for a place that is not scored -> loss, a scalar

        loss_n = -Σ_v w_v log softmax(logits_n)_v        w = 1 - ε at the target, plus ε/V everywhere

    ε is `label_smoothing` (Szegedy et al. 2016, section 7). With no target to score the loss is zero.
    """
    xp, shape, vocab = array_module(logits), logits.shape, logits.shape[-1]
    logits, targets = logits.reshape(-1, vocab), targets.reshape(-1)
    scored = targets != IGNORE
    places = (xp.arange(len(targets)), xp.where(scored, targets, 0))
    count = xp.maximum(scored.sum(), 1).astype(logits.dtype)
    logp = logits - logits.max(axis=-1, keepdims=True)
    logp -= xp.log(sum_last(xp.exp(logp)))  # log softmax
    loss = -(1 - label_smoothing) * logp[places]
    if label_smoothing:
        loss -= label_smoothing / vocab * sum_last(logp)[:, 0]
    weight = scored.astype(logits.dtype) / count
    return xp.where(scored, loss, 0) @ weight, (logp, places, weight, label_smoothing, shape)


def cross_entropy_backward(dloss, saved):
    """dloss, a scalar -> dlogits (..., V)

    d(-log p_t)/dlogits_v = p_v - 1[v = t]: push every token down by its probability, and the right one up by one.
    With smoothing the pull goes to w instead. An unscored place has weight zero.
    """
    logp, places, weight, label_smoothing, shape = saved
    dlogits = array_module(logp).exp(logp)  # p = exp(log softmax)
    if label_smoothing:
        dlogits -= label_smoothing / logp.shape[-1]  # loss = ... - ε/V Σ log p
    dlogits[places] -= 1 - label_smoothing  # loss = -(1 - ε) log p[target]
    dlogits *= (dloss * weight)[:, None]  # mean over the scored places
    return dlogits.reshape(shape)
