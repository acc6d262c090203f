"""The pairs of `minillm.ops` against torch.nn.functional: outputs and every gradient."""

import numpy as np
import pytest

from minillm import ops
from minillm.layers import causal_mask, padding_mask
from minillm.ops import IGNORE

torch = pytest.importorskip("torch")
F = torch.nn.functional


@pytest.fixture
def compare(close, precision):
    """Run both on the same random inputs and the same upstream gradient, and compare everything."""
    dtype, limit = precision

    def compare(ours, backward, theirs, shapes):
        rng = np.random.default_rng(0)
        inputs = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
        tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
        (y, saved), expected = ours(*inputs), theirs(*tensors)
        dy = rng.standard_normal(np.shape(y)).astype(dtype)
        expected.backward(torch.tensor(dy))
        close(y, expected, limit)
        gradients = backward(dy[()], saved)
        gradients = [g for g in (gradients if isinstance(gradients, tuple) else (gradients,)) if g is not None]
        for i, (gradient, tensor) in enumerate(zip(gradients, tensors, strict=True)):
            close(gradient, tensor.grad, limit, f"gradient {i}")

    return compare


def test_linear(compare):
    def theirs(x, weight, bias):
        return F.linear(x, weight.T, bias)

    def ours(x, weight, bias):
        return ops.linear(x, weight, bias=bias)

    compare(ours, ops.linear_backward, theirs, [(2, 3, 5), (5, 7), (7,)])


@pytest.mark.parametrize("vocab", [11, 601])
def test_embedding(compare, vocab):
    ids = np.array([[1, 4, 1], [0, 4, vocab - 1]])

    def theirs(table):
        return F.embedding(torch.tensor(ids), table)

    compare(lambda table: ops.embedding(ids, table), ops.embedding_backward, theirs, [(vocab, 5)])


@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_layer_norm(compare, eps):
    def ours(x, gamma, beta):
        return ops.layer_norm(x, gamma, beta, eps)

    def theirs(x, gamma, beta):
        return F.layer_norm(x, (7,), gamma, beta, eps)

    compare(ours, ops.layer_norm_backward, theirs, [(2, 3, 7), (7,), (7,)])


@pytest.mark.parametrize("eps", [1e-6, 0.1])
def test_rms_norm(compare, eps):
    def ours(x, gamma):
        return ops.rms_norm(x, gamma, eps)

    compare(ours, ops.rms_norm_backward, lambda x, gamma: F.rms_norm(x, (7,), gamma, eps), [(2, 3, 7), (7,)])


def test_softmax(compare):
    compare(ops.softmax, ops.softmax_backward, lambda x: F.softmax(x, -1), [(2, 3, 5)])


@pytest.mark.parametrize("mask", [None, causal_mask(4, 7), padding_mask(np.array([7, 3]), 7)])
@pytest.mark.parametrize("scale", [None, 0.8])
def test_attention(compare, mask, scale):
    allowed = None if mask is None else torch.tensor(mask)

    def theirs(q, k, v):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, scale=scale)

    shapes = [(2, 3, 4, 5), (2, 3, 7, 5), (2, 3, 7, 5)]
    compare(lambda q, k, v: ops.attention(q, k, v, mask=mask, scale=scale), ops.attention_backward, theirs, shapes)


@pytest.mark.parametrize("shape", [(3, 4, 7), (2, 1, 4, 7), (1, 3, 1, 7), (7,)])
def test_attention_bias(compare, shape):
    def ours(q, k, v, bias):
        return ops.attention(q, k, v, bias=bias)

    def theirs(q, k, v, bias):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias.expand(2, 3, 4, 7))

    compare(ours, ops.attention_backward, theirs, [(2, 3, 4, 5), (2, 3, 7, 5), (2, 3, 7, 5), shape])


def test_causal_attention(compare):
    def theirs(q, k, v):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)

    compare(lambda q, k, v: ops.attention(q, k, v, causal=True), ops.attention_backward, theirs, [(2, 3, 7, 5)] * 3)


def test_attention_dropout(compare):
    keep = ops.dropout_mask((2, 3, 4, 7), 0.4, np.random.default_rng(3), np.float32)

    def ours(q, k, v):
        return ops.attention(q, k, v, keep=keep.astype(q.dtype))

    def theirs(q, k, v):
        weights = F.softmax(q @ k.transpose(-1, -2) / 5**0.5, -1)
        return weights * torch.tensor(keep).to(q.dtype) @ v

    compare(ours, ops.attention_backward, theirs, [(2, 3, 4, 5), (2, 3, 7, 5), (2, 3, 7, 5)])


@pytest.mark.parametrize("mask", [None, causal_mask(4, 4)])
def test_bilinear_attention(compare, mask):
    def theirs(x, weight):
        scores = x @ weight @ x.transpose(-1, -2)
        return F.softmax(scores if mask is None else scores.masked_fill(~torch.tensor(mask), -torch.inf), -1) @ x

    def ours(x, weight):
        return ops.bilinear_attention(x, weight, mask=mask)

    compare(ours, ops.bilinear_attention_backward, theirs, [(2, 4, 5), (5, 5)])


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("relu", F.relu), ("gelu_erf", F.gelu), ("gelu", lambda x: F.gelu(x, approximate="tanh")), ("silu", F.silu)],
)
def test_activations(compare, name, theirs):
    compare(getattr(ops, name), getattr(ops, f"{name}_backward"), theirs, [(3, 5, 7)])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("ignored", [False, True])
def test_cross_entropy(compare, smoothing, ignored):
    targets = np.array([[0, 6, 3], [3, 3, 5]])
    if ignored:
        targets[0, 1] = targets[1, 2] = IGNORE

    def ours(logits):
        return ops.cross_entropy(logits, targets, smoothing)

    def theirs(logits):
        flat = logits.reshape(-1, 7)
        return F.cross_entropy(flat, torch.tensor(targets).reshape(-1), ignore_index=IGNORE, label_smoothing=smoothing)

    compare(ours, ops.cross_entropy_backward, theirs, [(2, 3, 7)])
