"""For each file of kernels a call of its ops, forward and backward, with sizes that leave some threads without work."""

import numpy as np

from minillm import ops
from tests.kernels.compare import numbers, on, same


def layer_norm(xp) -> None:
    x, gamma, beta, dy = numbers((70, 257), (257,), (257,), (70, 257))
    y, saved = ops.layer_norm(x, gamma, beta)
    same(ops.layer_norm(*on(xp, x, gamma, beta)), (y, saved))
    same(ops.layer_norm_backward(*on(xp, dy, saved)), ops.layer_norm_backward(dy, saved))


def cross_entropy(xp) -> None:
    (logits,), targets = numbers((3, 257)), np.array([5, ops.IGNORE, 256])
    loss, saved = ops.cross_entropy(5 * logits, targets, 0.1)
    same(ops.cross_entropy(*on(xp, 5 * logits, targets), 0.1), (loss, saved))
    same(ops.cross_entropy_backward(0.7, *on(xp, saved)), ops.cross_entropy_backward(0.7, saved))


def gelu(xp) -> None:
    x, dy = numbers((2, 150), (2, 150))
    for forward, backward in ((ops.gelu, ops.gelu_backward), (ops.gelu_erf, ops.gelu_erf_backward)):
        y, saved = forward(x)
        same(forward(*on(xp, x)), (y, saved))
        same(backward(*on(xp, dy, saved)), backward(dy, saved))


def softmax(xp) -> None:
    q, k, v, dy = numbers((1, 2, 5, 4), (1, 2, 257, 4), (1, 2, 257, 4), (1, 2, 5, 4))
    y, saved = ops.attention(q, k, v, causal=True, window=200)
    same(ops.attention(*on(xp, q, k, v), causal=True, window=200), (y, saved))
    same(ops.attention_backward(*on(xp, dy, saved)), ops.attention_backward(dy, saved))


SPECIMENS = {"layer_norm.cu": layer_norm, "cross_entropy.cu": cross_entropy, "gelu.cu": gelu, "softmax.cu": softmax}
