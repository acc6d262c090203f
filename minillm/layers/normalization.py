"""Normalisation: every token's vector gets a fixed size, and is then scaled by learned gains."""

import numpy as np

from minillm.backend import Array
from minillm.layers.layer import Layer, Parameter, wrong_width
from minillm.ops import layer_norm, layer_norm_backward, rms_norm, rms_norm_backward
from minillm.ops.normalization import NormSaved


class LayerNorm(Layer):
    """x (..., D) -> y (..., D): zero mean and unit variance, then a gain (one at first) and a shift (zero). Ba, Kiros & Hinton 2016."""

    def __init__(self, d_model: int, *, eps: float = 1e-5):
        self.gamma = Parameter(np.ones(d_model))
        self.beta = Parameter(np.zeros(d_model))
        self.eps = eps

    def forward(self, x: Array) -> tuple[Array, NormSaved]:
        if x.shape[-1] != (width := len(self.gamma.data)):
            raise wrong_width(self, x, self.gamma, width)
        return layer_norm(x, self.gamma.data, self.beta.data, self.eps)

    def backward(self, dy: Array, saved: NormSaved) -> Array:
        dx, dgamma, dbeta = layer_norm_backward(dy, saved, weights=self.gamma.trainable or self.beta.trainable)
        self.gamma.accumulate(dgamma)
        self.beta.accumulate(dbeta)
        return dx


class RMSNorm(Layer):
    """x (..., D) -> y (..., D): a mean square of one, then a gain, which starts at one. Zhang & Sennrich 2019; T5's norm."""

    def __init__(self, d_model: int, *, eps: float = 1e-6):
        self.gamma = Parameter(np.ones(d_model))
        self.eps = eps

    def forward(self, x: Array) -> tuple[Array, NormSaved]:
        if x.shape[-1] != (width := len(self.gamma.data)):
            raise wrong_width(self, x, self.gamma, width)
        return rms_norm(x, self.gamma.data, self.eps)

    def backward(self, dy: Array, saved: NormSaved) -> Array:
        dx, dgamma = rms_norm_backward(dy, saved, weights=self.gamma.trainable)
        self.gamma.accumulate(dgamma)
        return dx
