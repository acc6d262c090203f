"""Heads: they make words, classes or a span of what a body knows at every position."""

from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array, array_module
from minillm.layers import Dropout, Layer, LayerNorm, Linear, Parameter, Pooling, TiedLinear
from minillm.layers.feedforward import ACTIVATIONS
from minillm.ops import sum_rows, tanh, tanh_backward


class MaskedLMHeadSaved(NamedTuple):
    shape: tuple[int, ...]
    places: Array | None
    dense: Any
    activation: Any
    norm: Any
    decoder: Any


class MaskedLMHead(Layer):
    """hidden (B, T, D) -> logits (B, T, V) = LayerNorm(activation(hidden W + c)) Eᵀ + b, with E the embedding table.

    Devlin et al. 2019, section 3.1, and their code: a layer that turns what the body knows into the vector of a word, to be compared with
    the vectors of all words. The bias b (V,) is the head's own.
    """

    def __init__(
        self,
        table: Parameter,
        rng: np.random.Generator,
        *,
        activation: str = "gelu_erf",
        eps: float = 1e-12,
        std: float = 0.02,
    ):
        vocab_size, d_model = table.data.shape
        self.dense = Linear(d_model, d_model, rng, std=std)
        self.activation = activation
        self.norm = LayerNorm(d_model, eps=eps)
        self.decoder = TiedLinear(table)
        self.bias = Parameter(np.zeros(vocab_size))

    def forward(self, hidden: Array, *, places: Array | None = None) -> tuple[Array, MaskedLMHeadSaved]:
        """With `places` (N,), indices of tokens from 0 to B T - 1, none twice: logits (N, V) of these only.

        One token in seven is masked, and the product with the table costs most of all: so the other tokens are left out.
        """
        activate, _ = ACTIVATIONS[self.activation]
        x = hidden if places is None else hidden.reshape(-1, hidden.shape[-1]).take(places, axis=0)
        h, s1 = self.dense.forward(x)
        a, s2 = activate(h)
        n, s3 = self.norm.forward(a)
        logits, s4 = self.decoder.forward(n)
        return logits + self.bias.data, MaskedLMHeadSaved(hidden.shape, places, s1, s2, s3, s4)

    def backward(self, dlogits: Array, saved: MaskedLMHeadSaved) -> Array:
        _, activate_backward = ACTIVATIONS[self.activation]
        if self.bias.trainable:
            self.bias.accumulate(sum_rows(dlogits))  # logits = ... + b
        dn = self.decoder.backward(dlogits, saved.decoder)  # logits = n Eᵀ + ...
        da = self.norm.backward(dn, saved.norm)  # n = norm(a)
        dh = activate_backward(da, saved.activation)  # a = activation(h)
        dx = self.dense.backward(dh, saved.dense)  # h = dense(x)
        if saved.places is None:
            return dx
        dhidden = array_module(dx).zeros((saved.shape[0] * saved.shape[1], saved.shape[2]), dx.dtype)
        dhidden[saved.places] = dx  # x = hidden[places]; no index is there twice
        return dhidden.reshape(saved.shape)


class PoolerSaved(NamedTuple):
    dense: Any
    tanh: Array


class Pooler(Layer):
    """x (B, D) -> tanh(x W + b), (B, D): what BERT does with the vector of its first token. Devlin et al. 2019, their code."""

    def __init__(self, d_model: int, rng: np.random.Generator, *, std: float = 0.02):
        self.dense = Linear(d_model, d_model, rng, std=std)

    def forward(self, x: Array) -> tuple[Array, PoolerSaved]:
        h, s1 = self.dense.forward(x)
        y, s2 = tanh(h)
        return y, PoolerSaved(s1, s2)

    def backward(self, dy: Array, saved: PoolerSaved) -> Array:
        dh = tanh_backward(dy, saved.tanh)  # y = tanh(h)
        return self.dense.backward(dh, saved.dense)  # h = dense(x)


class ClassificationHeadSaved(NamedTuple):
    pooling: Any
    pooler: Any
    dropout: Any
    linear: Any


class ClassificationHead(Layer):
    """hidden (B, T, D) -> logits (B, C), a score for every class: pooling, dropout, and a linear layer.

    `pooling` says how the vectors of the tokens become one (see `Pooling`); `pooler` adds BERT's tanh layer on top of that.
    """

    def __init__(
        self,
        d_model: int,
        classes: int,
        rng: np.random.Generator,
        *,
        pooling: str = "first",
        pooler: bool = False,
        dropout: float = 0.0,
        std: float = 0.02,
    ):
        self.pooling = Pooling(pooling)
        self.pooler = Pooler(d_model, rng, std=std) if pooler else None
        self.dropout = Dropout(dropout)
        self.linear = Linear(d_model, classes, rng, std=std)

    def forward(self, hidden: Array, *, mask: Array | None = None, rng=None) -> tuple[Array, ClassificationHeadSaved]:
        """`mask` (B, T) is boolean, True = real token."""
        x, s1 = self.pooling.forward(hidden, mask=mask)
        x, s2 = self.pooler.forward(x) if self.pooler else (x, None)
        x, s3 = self.dropout.forward(x, rng=rng)
        logits, s4 = self.linear.forward(x)
        return logits, ClassificationHeadSaved(s1, s2, s3, s4)

    def backward(self, dlogits: Array, saved: ClassificationHeadSaved) -> Array:
        dx = self.linear.backward(dlogits, saved.linear)  # logits = linear(x)
        dx = self.dropout.backward(dx, saved.dropout)  # x = dropout(x)
        dx = self.pooler.backward(dx, saved.pooler) if self.pooler else dx  # x = pooler(x)
        return self.pooling.backward(dx, saved.pooling)  # x = pooling(hidden)


class SpanHead(Layer):
    """hidden (B, T, D) -> scores (B, 2, T): how well each token fits as the start of the answer, and as its end.

    Devlin et al. 2019, section 4.2: the products of the hidden vector with a start vector and an end vector.
    """

    def __init__(self, d_model: int, rng: np.random.Generator, *, std: float = 0.02):
        self.linear = Linear(d_model, 2, rng, std=std)

    def forward(self, hidden: Array) -> tuple[Array, tuple]:
        scores, saved = self.linear.forward(hidden)
        return scores.swapaxes(1, 2), saved

    def backward(self, dscores: Array, saved: tuple) -> Array:
        return self.linear.backward(dscores.swapaxes(1, 2), saved)  # scores = linear(hidden)ᵀ
