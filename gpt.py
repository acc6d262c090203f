"""A GPT in one file, forward and backward by hand, in NumPy alone. Written by `python -m minillm one-file` out of minillm's functions.
`python gpt.py TEXT.txt [STEPS]` learns to continue the text, character by character, and writes."""

import math
import sys
from functools import cache

import numpy as np

LAYERS, HEADS, D, CONTEXT, BATCH = 2, 4, 128, 64, 12
PARTS = {"query": (D, D), "key": (D, D), "value": (D, D), "output": (D, D), "expand": (D, 4 * D), "contract": (4 * D, D)}
LOWEST = -3.4028234663852886e38  # of all numbers of float32
IGNORE = -100  # a target that is not scored (PyTorch's convention)

@cache
def filled(length, value, dtype):
    return np.full(length, value, dtype)
def sum_last(x):
    """Sum over the last axis, kept: (..., D) -> (..., 1). A product with ones is 3 to 6 times faster than `x.sum(-1)` on NumPy."""
    return (x @ filled(x.shape[-1], 1.0, x.dtype))[..., None]
def mean_last(x):
    """Mean over the last axis, kept: (..., D) -> (..., 1)."""
    width = x.shape[-1]
    return (x @ filled(width, 1 / width, x.dtype))[..., None]
def sum_rows(x):
    """Sum over all rows: (..., D) -> (D,)."""
    rows = x.reshape(-1, x.shape[-1])
    return filled(rows.shape[0], 1.0, x.dtype) @ rows
def log_softmax(x):
    """log softmax over the last axis: x - log Σ exp(x). The largest x is subtracted first, so that nothing overflows."""
    logp = x - x.max(axis=-1, keepdims=True)
    logp -= np.log(sum_last(np.exp(logp)))
    return logp

def embedding(ids, table):
    """y = table[ids]: row number `ids` of the table."""
    return table.take(ids, axis=0), (ids, table.shape)
def embedding_backward(dy, saved):
    """dy (..., D) -> dtable (V, D)"""
    ids, (vocab, width) = saved
    ids, rows = ids.reshape(-1), dy.reshape(-1, width)
    one_hot = (ids[:, None] == np.arange(vocab)).astype(dy.dtype)
    return one_hot.T @ rows  # y = one_hot table

def linear_output(x, weight):
    """The y of `linear` alone, for generation: there is no backward, and the time of a token is that of many small steps."""
    y = x.reshape(-1, x.shape[-1]) @ weight  # one flat product is faster than a stack of small ones
    return y.reshape(*x.shape[:-1], weight.shape[1])
def linear(x, weight):
    """y = x W + b."""
    return linear_output(x, weight), (x, weight)
def linear_backward(dy, saved):
    """dy (..., F) -> dx (..., D), dweight (D, F), dbias (F,) or None"""
    x, weight = saved
    flat = dy.reshape(-1, dy.shape[-1])
    dx = (flat @ weight.T).reshape(x.shape)  # y = x W
    dweight = x.reshape(-1, x.shape[-1]).T @ flat  # y = x W
    return dx, dweight, None  # y = ... + b

def reciprocal_root(square, eps):
    """1 / sqrt(square + eps). A square that overflowed gives NaN, which every check finds; 0 would make a row of zeros, which none does."""
    return np.reciprocal(np.sqrt(square + eps)) + (square - square)  # 0, or NaN for infinity
def rms_norm(x, gamma, eps=1e-06):
    """Give every row a mean square of one, then scale it: LayerNorm without mean and shift."""
    rstd = reciprocal_root(mean_last(x * x), eps)
    xhat = x * rstd
    return gamma * xhat, (xhat, rstd, gamma)
def rms_norm_backward(dy, saved):
    """dy (..., D) -> dx (..., D), dgamma (D,)"""
    xhat, rstd, gamma = saved
    dy_xhat = dy * xhat
    mean_g_xhat = (dy_xhat @ (gamma / len(gamma)))[..., None]  # mean(g x̂), as one product
    g = dy * gamma  # y = gamma x̂
    g -= xhat * mean_g_xhat  # x̂ = x rstd, the mean square's share
    g *= rstd  # ... and straight
    return g, sum_rows(dy_xhat)  # y = gamma x̂

def relu(x):
    """y = max(x, 0), for x of any shape."""
    return np.maximum(x, 0), x
def relu_backward(dy, saved):
    """dx = dy where x > 0, else 0; at exactly x = 0 the slope is taken as 0."""
    x = saved
    return dy * (x > 0)

def additive_mask(mask, dtype):
    """What a mask adds to the scores: 0 where it is True, -inf where it is False."""
    return np.where(mask, dtype.type(0), dtype.type(-math.inf))
def softmax(scores):
    """Turn each row of scores into weights that are positive and sum to one: p_j = exp(s_j) / Σ_k exp(s_k)."""
    peak = scores.max(axis=-1, keepdims=True)  # exp(s - peak) cannot overflow, and the peak cancels
    p = scores - np.maximum(peak, LOWEST)  # -inf - peak would be NaN where the peak is -inf as well
    np.exp(p, out=p)
    p /= np.maximum(sum_last(p), 1)  # the largest score gives exp(0) = 1, so only the sum of an empty row is below one
    return p, p
def softmax_backward(dp, saved):
    """dp (..., S) -> dscores (..., S)"""
    p = saved
    ds = dp * p
    ds -= p * sum_last(ds)
    return ds
def attention(q, k, v, mask):
    """Scaled dot-product attention: every query takes a weighted average of the values, weighted by how well it matches their keys."""
    scale = 1 / math.sqrt(q.shape[-1])
    k_transposed = np.ascontiguousarray(k.swapaxes(-1, -2))  # a copy costs less than a product that strides
    if np is not np:
        q, k, v = (np.ascontiguousarray(q), k_transposed.swapaxes(-1, -2), np.ascontiguousarray(v))
    scores = (q * scale) @ k_transposed
    scores += additive_mask(mask, scores.dtype)
    p, _ = softmax(scores)
    y = p @ v
    return y, (q, k, v, p, scale)
def attention_backward(dy, saved):
    """dy (B, H, T, K) -> dq (B, H, T, K), dk (B, H, S, K), dv (B, H, S, K), dbias in the shape of bias (None without one)"""
    q, k, v, p, scale = saved
    if (xp := np) is not np:
        dy = np.ascontiguousarray(dy)  # as in the forward pass: two products read it
    dp = dy @ v.swapaxes(-1, -2)  # y = p v
    dv = p.swapaxes(-1, -2) @ dy  # y = p v
    ds = softmax_backward(dp, p)  # p = softmax(s)
    dbias = None  # s = ... + bias
    dq = ds @ k  # s = scale q kᵀ
    dq *= scale
    dk = ds.swapaxes(-1, -2) @ q  # s = scale q kᵀ
    dk *= scale
    return dq, dk, dv, dbias

def cross_entropy(logits, targets):
    """Mean over the scored targets of -log p(target), in nats."""
    shape, vocab = logits.shape, logits.shape[-1]
    logits, targets = logits.reshape(-1, vocab), targets.reshape(-1)
    scored = targets != IGNORE
    places = np.arange(len(targets)), np.where(scored, targets, 0)
    count = np.maximum(scored.sum(), 1).astype(logits.dtype)
    logp = log_softmax(logits)
    loss = -logp[places]
    weight = scored.astype(logits.dtype) / count
    return np.where(scored, loss, 0) @ weight, (logp, places, weight, shape)
def cross_entropy_backward(dloss, saved):
    """dloss, a scalar -> dlogits (..., V)"""
    logp, places, weight, shape = saved
    dlogits = np.exp(logp)  # p = exp(log softmax)
    dlogits[places] -= 1  # loss = -(1 - ε) log p[target]
    dlogits *= (dloss * weight)[:, None]  # mean over the scored positions
    return dlogits.reshape(shape)

def update(data, grad, first_moment, second_moment, shrink, unbias, length):
    w, g = data[...], grad[...]
    m, v = first_moment[...], second_moment[...]
    beta1, beta2 = 0.9, 0.99
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    change = g * g
    change *= 1 - beta2
    v += change
    w *= shrink
    np.sqrt(v, out=change)
    change *= unbias  # √v̂
    change += 1e-08
    np.divide(m, change, out=change)
    change *= length
    w -= change
def sample(probabilities, rng):
    """Draw a token from each row: probabilities (..., V) -> ids (...), the first whose cumulative probability passes a random number."""
    cumulative = np.cumsum(probabilities, axis=-1)
    chance = rng.random(probabilities.shape[:-1])[..., None]
    return (cumulative / cumulative[..., -1:] <= chance).sum(axis=-1)

def first_weights(vocab, rng):
    """By its name, each weight: N(0, 0.02²), those that write into the residual stream smaller by √(2L); gains are 1."""
    w = {"embedding": rng.normal(0, 0.02, (vocab, D)), "positions": rng.normal(0, 0.02, (CONTEXT, D)), "norm": np.ones(D)}
    for i in range(LAYERS):
        w[f"{i}.norm1"], w[f"{i}.norm2"] = np.ones(D), np.ones(D)
        for name, shape in PARTS.items():
            w[f"{i}.{name}"] = rng.normal(0, 0.02 / math.sqrt(2 * LAYERS if name in ("output", "contract") else 1), shape)
    return w

def split(x):
    """(B, T, D) -> (B, H, T, D/H): each head gets its own columns."""
    return x.reshape(*x.shape[:2], HEADS, D // HEADS).swapaxes(1, 2)
def merge(x):
    """(B, H, T, D/H) -> (B, T, D): the heads side by side again."""
    return x.swapaxes(1, 2).reshape(len(x), -1, D)

def forward(w, ids):
    """ids (B, T) -> logits (B, T, V), a score for every possible next character, and what the backward pass needs."""
    saved = {}
    def layer(function, name, *inputs):
        y, saved[name] = function(*inputs, w[name]) if name in w else function(*inputs)
        return y
    allowed = np.tri(ids.shape[1], dtype=bool)  # no character looks at later ones
    x = layer(embedding, "embedding", ids) + w["positions"][: ids.shape[1]]
    for i in range(LAYERS):
        n = layer(rms_norm, f"{i}.norm1", x)
        q, k, v = (split(layer(linear, f"{i}.{name}", n)) for name in ("query", "key", "value"))
        x = x + layer(linear, f"{i}.output", merge(layer(attention, f"{i}.attention", q, k, v, allowed)))
        h = layer(relu, f"{i}.relu", layer(linear, f"{i}.expand", layer(rms_norm, f"{i}.norm2", x)))
        x = x + layer(linear, f"{i}.contract", h)
    return layer(linear, "head", layer(rms_norm, "norm", x), w["embedding"].T), saved

def backward(w, dlogits, saved):
    """The gradient of each weight, from that of the logits: every line of `forward`, the last one first."""
    g = {}
    def layer(function, name, dy):
        dx, g[name], *_ = function(dy, saved[name])
        return dx
    dx = layer(rms_norm_backward, "norm", layer(linear_backward, "head", dlogits))  # logits = norm(x) embeddingᵀ
    for i in reversed(range(LAYERS)):
        dh = layer(linear_backward, f"{i}.contract", dx)  # x = x + contract(relu(expand(norm2(x))))
        dh = layer(linear_backward, f"{i}.expand", relu_backward(dh, saved[f"{i}.relu"]))
        dx = dx + layer(rms_norm_backward, f"{i}.norm2", dh)
        dh = split(layer(linear_backward, f"{i}.output", dx))  # x = x + output(merge(attention(q, k, v)))
        dq, dk, dv, _ = attention_backward(dh, saved[f"{i}.attention"])
        parts = zip(("query", "key", "value"), (dq, dk, dv))
        dn = sum(layer(linear_backward, f"{i}.{name}", merge(d)) for name, d in parts)  # all three read norm1(x)
        dx = dx + layer(rms_norm_backward, f"{i}.norm1", dn)
    g["positions"] = np.pad(dx.sum(axis=0), ((0, CONTEXT - dx.shape[1]), (0, 0)))  # x = embedding(ids) + positions
    g["embedding"] = embedding_backward(dx, saved["embedding"]) + g.pop("head").T  # one table, read at both ends
    return g

def train(w, ids, steps, rng, peak=5e-3):
    """AdamW on batches from anywhere in the text; the gradient's length is at most 1. Yields the step and its loss."""
    m, v = ({name: np.zeros_like(array) for name, array in w.items()} for _ in range(2))
    for step in range(1, steps + 1):
        rows = ids[rng.integers(0, len(ids) - CONTEXT, (BATCH, 1)) + np.arange(CONTEXT + 1)]
        logits, saved = forward(w, rows[:, :-1])
        loss, scored = cross_entropy(logits, rows[:, 1:])
        g = backward(w, cross_entropy_backward(1.0, scored), saved)
        shorter = min(1, 1 / math.sqrt(sum((each * each).sum() for each in g.values())))
        lr = peak * min(step / 100, 1 - (step - 1) / steps)  # a warm-up, then down a line
        unbias, length = 1 / math.sqrt(1 - 0.99**step), lr / (1 - 0.9**step)  # the means m and v begin at zero
        for name in w:  # weight decay is for matrices only
            update(w[name], shorter * g[name], m[name], v[name], 1 - 0.1 * lr * (w[name].ndim > 1), unbias, length)
        yield step, float(loss)

def write(w, ids, characters, rng, temperature=0.8):
    """So many characters behind these ids, one after the other."""
    for _ in range(characters):
        logits, _ = forward(w, np.array([ids[-CONTEXT:]]))
        p, _ = softmax(logits[0, -1].astype(np.float64) / temperature)
        ids = [*ids, int(sample(p, rng))]
    return ids

if __name__ == "__main__":
    text = "".join(open(path, encoding="utf-8").read() for path in sys.argv[1:2])
    if len(text) <= CONTEXT or len(alphabet := sorted(set(text))) < 2:
        sys.exit(f"{__doc__}\nThe text must have more than {CONTEXT} characters, and not all the same.")
    ids, rng = np.array([alphabet.index(character) for character in text]), np.random.default_rng(0)
    w = {name: array.astype(np.float32) for name, array in first_weights(len(alphabet), rng).items()}
    for step, loss in train(w, ids, int(sys.argv[2]) if len(sys.argv) > 2 else 1000, rng):
        if step % 100 == 0 or step == 1:
            print(f"step {step}  loss {loss:.3f}", flush=True)
    print("".join(alphabet[i] for i in write(w, [int(ids[0])], 500, rng)))
