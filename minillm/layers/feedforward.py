"""The feed-forward layer: each token, on its own, through two linear layers with a bend between them."""

from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.layers.layer import Layer
from minillm.layers.linear import Linear
from minillm.ops import gelu, gelu_backward, gelu_erf, gelu_erf_backward, relu, relu_backward

ACTIVATIONS = {"gelu": (gelu, gelu_backward), "gelu_erf": (gelu_erf, gelu_erf_backward), "relu": (relu, relu_backward)}


class FeedForwardSaved(NamedTuple):
    expand: Any
    activation: Any
    contract: Any


class FeedForward(Layer):
    """x (B, T, D) -> W2 activation(W1 x + b1) + b2, (B, T, D), with F = d_ff units inside. Vaswani et al. 2017, eq. 2."""

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
    ):
        self.expand = Linear(d_model, d_ff, rng, bias=bias, std=std)
        self.contract = Linear(d_ff, d_model, rng, bias=bias, std=std if output_std is None else output_std)
        self.activation = activation

    def forward(self, x: Array) -> tuple[Array, FeedForwardSaved]:
        bend, _ = ACTIVATIONS[self.activation]
        h, s1 = self.expand.forward(x)
        a, sa = bend(h)
        y, s2 = self.contract.forward(a)
        return y, FeedForwardSaved(s1, sa, s2)

    def backward(self, dy: Array, saved: FeedForwardSaved) -> Array:
        _, unbend = ACTIVATIONS[self.activation]
        da = self.contract.backward(dy, saved.contract)  # y = contract(a)
        dh = unbend(da, saved.activation)  # a = activation(h)
        return self.expand.backward(dh, saved.expand)  # h = expand(x)
