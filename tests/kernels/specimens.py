"""For each file of kernels a call of its ops, forward and backward, with sizes that leave some threads without work."""

import numpy as np

from minillm import ops
from minillm.backend import CPU, CounterGenerator, choose_device
from minillm.layers import FeedForward, ParameterVector
from minillm.training import AdamW
from minillm.training.optimizers import Factors
from tests.kernels.compare import numbers, on, same


def normalization(xp) -> None:
    x, gamma, beta, dy = numbers((70, 257), (257,), (257,), (70, 257))
    y, saved = ops.layer_norm(x, gamma, beta)
    same(ops.layer_norm(*on(xp, x, gamma, beta)), (y, saved))
    same(ops.layer_norm_backward(*on(xp, dy, saved)), ops.layer_norm_backward(dy, saved))
    y, saved = ops.rms_norm(x, gamma)
    same(ops.rms_norm(*on(xp, x, gamma)), (y, saved))
    same(ops.rms_norm_backward(*on(xp, dy, saved)), ops.rms_norm_backward(dy, saved))


def cross_entropy(xp) -> None:
    (logits,), targets = numbers((3, 257)), np.array([5, ops.IGNORE, 256])
    loss, saved = ops.cross_entropy(5 * logits, targets, 0.1)
    same(ops.cross_entropy(*on(xp, 5 * logits, targets), 0.1), (loss, saved))
    same(ops.cross_entropy_backward(0.7, *on(xp, saved)), ops.cross_entropy_backward(0.7, saved))


def activations(xp) -> None:
    x, dy = numbers((2, 150), (2, 150))
    pairs = (ops.gelu, ops.gelu_backward), (ops.gelu_erf, ops.gelu_erf_backward), (ops.silu, ops.silu_backward)
    for forward, backward in pairs:
        y, saved = forward(x)
        same(forward(*on(xp, x)), (y, saved))
        same(backward(*on(xp, dy, saved)), backward(dy, saved))


def softmax(xp) -> None:
    q, k, v, dy = numbers((1, 2, 5, 4), (1, 2, 257, 4), (1, 2, 257, 4), (1, 2, 5, 4))
    y, saved = ops.attention(q, k, v, causal=True, window=200)
    same(ops.attention(*on(xp, q, k, v), causal=True, window=200), (y, saved))
    same(ops.attention_backward(*on(xp, dy, saved)), ops.attention_backward(dy, saved))


def attention(xp) -> None:
    q, k, v, dy = numbers((1, 2, 131, 8), (1, 2, 150, 8), (1, 2, 150, 8), (1, 2, 131, 8))
    y, saved = ops.chunked_attention(q, k, v, causal=True, window=40)
    same(ops.chunked_attention(*on(xp, q, k, v), causal=True, window=40), (y, saved))
    same(ops.chunked_attention_backward(*on(xp, dy, saved)), ops.chunked_attention_backward(dy, saved))


def dropout(xp) -> None:
    plain = CounterGenerator(np, np.uint64(2**63 + 5))
    for seed in (plain.seed, xp.asarray(np.array([plain.seed]))):
        ours = CounterGenerator(xp, seed)
        plain.drawn = ours.drawn = 7
        for shape in ((3, 100), (5,)):  # the second mask goes on where the first one ended
            np.testing.assert_array_equal(
                ops.dropout_mask(shape, 0.3, ours, np.float32).get(), ops.dropout_mask(shape, 0.3, plain, np.float32)
            )


def adamw(xp) -> None:
    """Two steps, one of them with factors on the device; weights that decay, some that don't, and frozen ones."""
    vectors = []
    for device, dtype in ((CPU, np.float64), (choose_device("gpu"), np.float32)):
        rng = np.random.default_rng(0)
        block = FeedForward(17, 21, rng)
        block.expand.freeze()
        vector = ParameterVector(block, dtype, device)
        optimizer = AdamW(vector, lr=0.1, betas=(0.9, 0.999))
        for _ in range(2):
            vector.grad[...] = device.xp.asarray(rng.standard_normal(vector.grad.size).astype(dtype))
            optimizer.step()
        factors = (each if device is CPU else xp.full((), each, np.float32) for each in optimizer.factors(0.2))
        optimizer.update(Factors(*factors))
        vectors.append((vector.data, optimizer.first_moment, optimizer.second_moment))
    same(vectors[1], vectors[0])


SPECIMENS = {
    "adamw.cu": adamw,
    "attention.cu": attention,
    "dropout.cu": dropout,
    "normalization.cu": normalization,
    "cross_entropy.cu": cross_entropy,
    "activations.cu": activations,
    "softmax.cu": softmax,
}
