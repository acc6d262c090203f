"""Linear: y = x W + b, and the output head that shares the embedding's weights."""

import numpy as np

from minillm.backend import Array
from minillm.layers.layer import Layer, Parameter, wrong_width
from minillm.ops import linear, linear_backward, linear_output
from minillm.ops.linear_map import LinearSaved


class Linear(Layer):
    """x (..., d_in) -> y (..., d_out). The weight is stored (d_in, d_out), drawn from N(0, std²); the bias starts at zero."""

    def __init__(self, d_in: int, d_out: int, rng: np.random.Generator, *, bias: bool = True, std: float = 0.02):
        self.weight = Parameter(rng.normal(0, std, (d_in, d_out)))
        self.bias = Parameter(np.zeros(d_out)) if bias else None

    def forward(self, x: Array) -> tuple[Array, LinearSaved]:
        try:
            return linear(x, self.weight.data, bias=None if self.bias is None else self.bias.data)
        except ValueError as error:
            if x.shape[-1] != (width := self.weight.data.shape[0]):
                raise wrong_width(self, x, self.weight, width) from error
            raise

    def infer(self, x: Array) -> Array:
        return linear_output(x, self.weight.data, None if self.bias is None else self.bias.data)

    def backward(self, dy: Array, saved: LinearSaved) -> Array:
        learning = self.weight.trainable or (self.bias is not None and self.bias.trainable)
        dx, dweight, dbias = linear_backward(dy, saved, weights=learning)
        self.weight.accumulate(dweight)
        if self.bias is not None:
            self.bias.accumulate(dbias)
        return dx


class TiedLinear(Layer):
    """x (..., D) -> logits (..., V), `scale` x times the transposed embedding table (V, D): one parameter, used at both ends of the model.

    Press & Wolf 2017. A word has one vector, whether the model reads it or writes it.
    """

    def __init__(self, table: Parameter, *, scale: float = 1.0):
        self.weight = table
        self.scale = scale

    def forward(self, x: Array) -> tuple[Array, LinearSaved]:
        try:
            return linear(x if self.scale == 1 else x * self.scale, self.weight.data.T)
        except ValueError as error:
            if x.shape[-1] != (width := self.weight.data.shape[1]):
                raise wrong_width(self, x, self.weight, width) from error
            raise

    def backward(self, dy: Array, saved: LinearSaved) -> Array:
        dx, dweight, _ = linear_backward(dy, saved, weights=self.weight.trainable)
        self.weight.accumulate(None if dweight is None else dweight.T)
        return dx if self.scale == 1 else dx * self.scale  # logits = (scale x) tableᵀ
