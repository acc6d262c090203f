"""Multi-head attention, and the article's attention in its barest form."""

from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array, array_module
from minillm.layers.dropout import Dropout
from minillm.layers.layer import Layer, Parameter
from minillm.layers.linear import Linear
from minillm.ops import attention, attention_backward, bilinear_attention, bilinear_attention_backward


def causal_mask(queries: int, keys: int, xp=np) -> Array:
    """(T, S), True where key j stands no later than query i; the last query sees every key (T < S: the earlier keys are a cache)."""
    return xp.arange(keys) <= xp.arange(keys - queries, keys)[:, None]


def padding_mask(lengths: Array, keys: int) -> Array:
    """(B, 1, 1, S), True where a key belongs to the text: lengths (B,) counts the real tokens, which stand first."""
    return (array_module(lengths).arange(keys) < lengths[:, None])[:, None, None, :]


class AttentionSaved(NamedTuple):
    query: Any
    key: Any
    value: Any
    weights: Array  # the attention map, (B, H, T, S)
    core: Any
    output: Any


class MultiHeadAttention(Layer):
    """x (B, T, D) asks, memory (B, S, D) answers -> y (B, T, D). Self-attention is `forward(x, x)`, cross-attention `forward(x, encoded)`.

    H heads of width K = D/H each compare a projection of x with a projection of memory: Vaswani et al. 2017, section 3.2.2.
    """

    def __init__(
        self,
        d_model: int,
        heads: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        bias: bool = True,
        std: float = 0.02,
        output_std: float | None = None,
    ):
        if d_model % heads:
            raise ValueError(
                f"{heads} heads do not divide d_model = {d_model}: every head needs a whole number of columns"
            )
        self.query = Linear(d_model, d_model, rng, bias=bias, std=std)
        self.key = Linear(d_model, d_model, rng, bias=bias, std=std)
        self.value = Linear(d_model, d_model, rng, bias=bias, std=std)
        self.output = Linear(d_model, d_model, rng, bias=bias, std=std if output_std is None else output_std)
        self.dropout = Dropout(dropout)
        self.heads = heads

    def split(self, x: Array) -> Array:
        """(B, T, D) -> (B, H, T, K): each head gets its own columns."""
        batch, length, width = x.shape
        return x.reshape(batch, length, self.heads, width // self.heads).swapaxes(1, 2)

    def merge(self, x: Array) -> Array:
        """(B, H, T, K) -> (B, T, D): the heads side by side again."""
        batch, heads, length, width = x.shape
        return x.swapaxes(1, 2).reshape(batch, length, heads * width)

    def forward(self, x: Array, memory: Array, mask: Array | None = None, rng=None) -> tuple[Array, AttentionSaved]:
        q, sq = self.query.forward(x)
        k, sk = self.key.forward(memory)
        v, sv = self.value.forward(memory)
        keep = self.dropout.mask((x.shape[0], self.heads, x.shape[1], memory.shape[1]), rng, x.dtype)
        h, core = attention(self.split(q), self.split(k), self.split(v), mask, keep)
        y, so = self.output.forward(self.merge(h))
        return y, AttentionSaved(sq, sk, sv, core[3], core, so)

    def backward(self, dy: Array, saved: AttentionSaved) -> tuple[Array, Array]:
        dh = self.split(self.output.backward(dy, saved.output))  # y = output(merge(h))
        dq, dk, dv = attention_backward(dh, saved.core)  # h = attention(q, k, v)
        dx = self.query.backward(self.merge(dq), saved.query)  # q = query(x)
        dmemory = self.key.backward(self.merge(dk), saved.key)  # k = key(memory)
        dmemory += self.value.backward(self.merge(dv), saved.value)  # v = value(memory)
        return dx, dmemory

    def extend(self, x: Array, keys: Array, values: Array, start: int) -> Array:
        """Self-attention for new tokens only, with the keys and values of the earlier ones already computed: no backward.

        x (B, T, D) are tokens number start ... start + T - 1; keys and values (B, H, context, K) are the cache, which is filled up
        to `start` and gets the new ones written in -> y (B, T, D), equal to the last T rows of the causal `forward`.
        """
        stop = start + x.shape[1]
        keys[:, :, start:stop] = self.split(self.key.forward(x)[0])
        values[:, :, start:stop] = self.split(self.value.forward(x)[0])
        q = self.split(self.query.forward(x)[0])
        mask = None if x.shape[1] == 1 else causal_mask(x.shape[1], stop, array_module(x))
        h, _ = attention(q, keys[:, :, :stop], values[:, :, :stop], mask)
        return self.output.forward(self.merge(h))[0]


class BilinearAttention(Layer):
    """The article's attention (section 4.1): e_ij = x_iᵀ W x_j, α = softmax(e), h_i = Σ_j α_ij x_j. x (B, T, D) -> h (B, T, D)."""

    def __init__(self, d_model: int, rng: np.random.Generator, *, std: float = 0.02):
        self.weight = Parameter(rng.normal(0, std, (d_model, d_model)))

    def forward(self, x: Array, mask: Array | None = None) -> tuple[Array, tuple]:
        return bilinear_attention(x, self.weight.data, mask)

    def backward(self, dh: Array, saved: tuple) -> Array:
        dx, dweight = bilinear_attention_backward(dh, saved, weights=self.weight.trainable)
        self.weight.accumulate(dweight)
        return dx
