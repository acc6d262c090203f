"""The layers against torch.nn with the same weights: outputs, the gradient of every input, and that of every parameter."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.layers import (
    Embedding,
    LayerNorm,
    Linear,
    MultiHeadAttention,
    ParameterVector,
    PostNormBlock,
    PreNormBlock,
    causal_mask,
    padding_mask,
)

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.fixture
def ours(precision):
    """A layer of ours with random parameters of order one, in the precision of the test."""

    def ours(layer):
        randomize(layer, np.random.default_rng(1))
        ParameterVector(layer, precision[0])
        return layer

    return ours


@pytest.fixture
def compare(close, precision):
    """Compare outputs and gradients; `pairs` yields (name, our parameter's array or gradient, the same of torch) for either."""
    dtype, limit = precision

    def compare(layer, forward, module, their_forward, copy, shapes):
        """`copy(read)` gives, for each parameter of the torch module, what `read` reads from our parameters, in torch's layout."""
        module = module.to(getattr(torch, dtype.name))
        with torch.no_grad():
            for name, value in copy(lambda parameter: parameter.data).items():
                module.get_parameter(name).copy_(torch.tensor(np.ascontiguousarray(value)))
        rng = np.random.default_rng(0)
        inputs = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
        tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
        (y, saved), expected = forward(*inputs), their_forward(module, *tensors)
        dy = rng.standard_normal(y.shape).astype(dtype)
        expected.backward(torch.tensor(dy))
        close(y, expected, limit, "output")
        gradients = layer.backward(dy, saved)
        gradients = [g for g in (gradients if isinstance(gradients, tuple) else (gradients,)) if g is not None]
        for i, (gradient, tensor) in enumerate(zip(gradients, tensors, strict=True)):
            close(gradient, tensor.grad, limit, f"input {i}")
        total = torch.cat([parameter.grad.flatten() for parameter in module.parameters()]).norm().item()
        read = copy(lambda parameter: parameter.grad)
        assert read.keys() == dict(module.named_parameters()).keys()
        for name, gradient in read.items():
            theirs = module.get_parameter(name).grad.numpy()
            # The key bias has no gradient: both sides hold rounding, and the norm of all gradients measures it.
            scale = max(np.linalg.norm(theirs), 1e-2 * total)
            assert np.abs(gradient - theirs).max() <= limit * scale, name

    return compare


def attention_parameters(attention, read, prefix=""):
    """torch keeps query, key and value stacked, and every matrix as (out, in)."""
    parts = (attention.query, attention.key, attention.value)
    return {
        f"{prefix}in_proj_weight": np.concatenate([read(part.weight).T for part in parts]),
        f"{prefix}in_proj_bias": np.concatenate([read(part.bias) for part in parts]),
        f"{prefix}out_proj.weight": read(attention.output.weight).T,
        f"{prefix}out_proj.bias": read(attention.output.bias),
    }


def block_parameters(block, read, prefix=""):
    return {
        **attention_parameters(block.attention, read, f"{prefix}self_attn."),
        f"{prefix}linear1.weight": read(block.ffn.expand.weight).T,
        f"{prefix}linear1.bias": read(block.ffn.expand.bias),
        f"{prefix}linear2.weight": read(block.ffn.contract.weight).T,
        f"{prefix}linear2.bias": read(block.ffn.contract.bias),
        f"{prefix}norm1.weight": read(block.norm1.gamma),
        f"{prefix}norm1.bias": read(block.norm1.beta),
        f"{prefix}norm2.weight": read(block.norm2.gamma),
        f"{prefix}norm2.bias": read(block.norm2.beta),
    }


def run(module, *inputs):
    return module(*inputs)


def test_linear(ours, compare):
    layer = ours(Linear(5, 7, np.random.default_rng(0)))
    compare(
        layer,
        layer.forward,
        nn.Linear(5, 7),
        run,
        lambda read: {"weight": read(layer.weight).T, "bias": read(layer.bias)},
        [(2, 3, 5)],
    )


def test_layer_norm(ours, compare):
    layer = ours(LayerNorm(7))
    compare(
        layer,
        layer.forward,
        nn.LayerNorm(7),
        run,
        lambda read: {"weight": read(layer.gamma), "bias": read(layer.beta)},
        [(2, 3, 7)],
    )


def test_embedding(ours, close, precision):
    dtype, limit = precision
    layer, ids = ours(Embedding(9, 5, np.random.default_rng(0))), np.array([[1, 4, 1], [0, 4, 1]])
    theirs = nn.Embedding.from_pretrained(torch.tensor(layer.weight.data.copy()), freeze=False)
    (y, saved), expected = layer.forward(ids), theirs(torch.tensor(ids))
    close(y, expected, 0)
    dy = np.random.default_rng(0).standard_normal(y.shape).astype(dtype)
    layer.backward(dy, saved)
    expected.backward(torch.tensor(dy))
    close(layer.weight.grad, theirs.weight.grad, limit)


@pytest.mark.parametrize("kind", ["all", "causal", "padding", "both"])
def test_cross_attention(ours, compare, kind):
    layer = ours(MultiHeadAttention(6, 2, np.random.default_rng(0)))
    causal = causal_mask(3, 5) if kind in ("causal", "both") else np.ones((3, 5), bool)
    padding = padding_mask(np.array([5, 3]), 5) if kind in ("padding", "both") else np.ones((2, 1, 1, 5), bool)

    def theirs(module, x, memory):  # in torch True forbids
        forbidden, absent = torch.tensor(~causal), torch.tensor(~padding[:, 0, 0])
        return module(x, memory, memory, key_padding_mask=absent, attn_mask=forbidden, need_weights=False)[0]

    compare(
        layer,
        lambda x, memory: layer.forward(x, memory, mask=causal & padding),
        nn.MultiheadAttention(6, 2, batch_first=True),
        theirs,
        lambda read: attention_parameters(layer, read),
        [(2, 3, 6), (2, 5, 6)],
    )


def test_the_attention_map(ours, close, precision):
    layer = ours(MultiHeadAttention(6, 2, np.random.default_rng(0)))
    module = nn.MultiheadAttention(6, 2, batch_first=True, dtype=getattr(torch, precision[0].name))
    with torch.no_grad():
        for name, value in attention_parameters(layer, lambda parameter: parameter.data).items():
            module.get_parameter(name).copy_(torch.tensor(np.ascontiguousarray(value)))
    x = np.random.default_rng(0).standard_normal((2, 4, 6)).astype(precision[0])
    _, saved = layer.forward(x, x, mask=causal_mask(4, 4))
    t = torch.tensor(x)
    _, weights = module(t, t, t, attn_mask=torch.tensor(~causal_mask(4, 4)), average_attn_weights=False)
    close(saved.weights, weights, precision[1])


@pytest.mark.parametrize("activation", ["relu", "gelu", "gelu_erf"])
@pytest.mark.parametrize("kind", [PreNormBlock, PostNormBlock])
@pytest.mark.parametrize("masked", ["causal", "padding"])
def test_block(ours, compare, kind, activation, masked):
    layer = ours(kind(6, 2, 9, np.random.default_rng(0), activation=activation))
    bend = {
        "relu": "relu",
        "gelu_erf": "gelu",
        "gelu": lambda x: nn.functional.gelu(x, approximate="tanh"),
    }[activation]
    module = nn.TransformerEncoderLayer(
        6, 2, 9, dropout=0.0, activation=bend, batch_first=True, norm_first=kind is PreNormBlock
    )
    if masked == "causal":
        options, forbidden = {"causal": True}, {"src_mask": torch.tensor(~causal_mask(5, 5))}
    else:
        options = {"mask": padding_mask(np.array([5, 3]), 5)}
        forbidden = {"src_key_padding_mask": torch.tensor(~options["mask"][:, 0, 0])}
    compare(
        layer,
        lambda x: layer.forward(x, **options),
        module,
        lambda module, x: module(x, **forbidden),
        lambda read: block_parameters(layer, read),
        [(2, 5, 6)],
    )
