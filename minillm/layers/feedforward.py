"""The feed-forward layers: each token by itself goes through two linear layers with an activation between them, or a gate."""

from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.layers.dropout import Dropout
from minillm.layers.layer import Layer
from minillm.layers.linear import Linear
from minillm.ops import gelu, gelu_backward, gelu_erf, gelu_erf_backward, relu, relu_backward, silu, silu_backward

ACTIVATIONS = {
    "gelu": (gelu, gelu_backward),
    "gelu_erf": (gelu_erf, gelu_erf_backward),
    "relu": (relu, relu_backward),
    "silu": (silu, silu_backward),
}


class FeedForwardSaved(NamedTuple):
    expand: Any
    activation: Any
    contract: Any
    dropout: Any = None


class FeedForward(Layer):
    """x (B, T, D) -> W2 activation(W1 x + b1) + b2, (B, T, D), with F = d_ff units inside. Vaswani et al. 2017, eq. 2.

    `dropout` drops units after the activation, as torch.nn.Transformer and T5 do.
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        rng: np.random.Generator,
        *,
        activation: str = "gelu",
        bias: bool = True,
        std: float = 0.02,
        output_std: float | None = None,
        dropout: float = 0.0,
    ):
        self.expand = Linear(d_model, d_ff, rng, bias=bias, std=std)
        self.contract = Linear(d_ff, d_model, rng, bias=bias, std=std if output_std is None else output_std)
        self.activation = activation
        self.dropout = Dropout(dropout)

    def forward(self, x: Array, *, rng=None) -> tuple[Array, FeedForwardSaved]:
        activate, _ = ACTIVATIONS[self.activation]
        h, s1 = self.expand.forward(x)
        a, sa = activate(h)
        a, sd = self.dropout.forward(a, rng=rng)
        y, s2 = self.contract.forward(a)
        return y, FeedForwardSaved(s1, sa, s2, sd)

    def infer(self, x: Array) -> Array:
        activate, _ = ACTIVATIONS[self.activation]
        return self.contract.infer(activate(self.expand.infer(x))[0])

    def backward(self, dy: Array, saved: FeedForwardSaved) -> Array:
        _, activate_backward = ACTIVATIONS[self.activation]
        da = self.contract.backward(dy, saved.contract)  # y = contract(a)
        da = self.dropout.backward(da, saved.dropout)  # a = dropout(a)
        dh = activate_backward(da, saved.activation)  # a = activation(h)
        return self.expand.backward(dh, saved.expand)  # h = expand(x)


class GatedFeedForwardSaved(NamedTuple):
    gate: Any
    activation: Any
    expand: Any
    activated: Array  # activation(W x), the gate
    expanded: Array  # V x, what the gate multiplies
    dropout: Any
    contract: Any


class GatedFeedForward(Layer):
    """x (B, T, D) -> W2 (activation(W x) · V x), (B, T, D): F = d_ff units, each multiplied by its own gate.

    Shazeer 2020, eq. 6: with the GELU it is GEGLU, T5 v1.1's feed-forward layer, with the SiLU SwiGLU, Llama's. `gate` is W, `expand` is V,
    `contract` is W2.
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        rng: np.random.Generator,
        *,
        activation: str = "gelu",
        bias: bool = True,
        std: float = 0.02,
        output_std: float | None = None,
        dropout: float = 0.0,
    ):
        self.gate = Linear(d_model, d_ff, rng, bias=bias, std=std)
        self.expand = Linear(d_model, d_ff, rng, bias=bias, std=std)
        self.contract = Linear(d_ff, d_model, rng, bias=bias, std=std if output_std is None else output_std)
        self.activation = activation
        self.dropout = Dropout(dropout)

    def forward(self, x: Array, *, rng=None) -> tuple[Array, GatedFeedForwardSaved]:
        activate, _ = ACTIVATIONS[self.activation]
        g, s1 = self.gate.forward(x)
        a, sa = activate(g)
        v, s2 = self.expand.forward(x)
        h, sd = self.dropout.forward(a * v, rng=rng)
        y, s3 = self.contract.forward(h)
        return y, GatedFeedForwardSaved(s1, sa, s2, a, v, sd, s3)

    def backward(self, dy: Array, saved: GatedFeedForwardSaved) -> Array:
        _, activate_backward = ACTIVATIONS[self.activation]
        a, v = saved.activated, saved.expanded
        dh = self.contract.backward(dy, saved.contract)  # y = contract(h)
        dh = self.dropout.backward(dh, saved.dropout)  # h = dropout(a v)
        dx = self.expand.backward(dh * a, saved.expand)  # v = expand(x)
        dg = activate_backward(dh * v, saved.activation)  # a = activation(g)
        dx += self.gate.backward(dg, saved.gate)  # g = gate(x)
        return dx
