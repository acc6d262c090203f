"""T5's blocks: pre-norm, with RMSNorm and without a single bias but that of relative positions, which is added to the scores."""

import math
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.layers.attention import AttentionSaved, MultiHeadAttention
from minillm.layers.dropout import Dropout
from minillm.layers.feedforward import FeedForward, GatedFeedForward
from minillm.layers.layer import Layer
from minillm.layers.normalization import RMSNorm


def t5_attention(d_model: int, heads: int, d_kv: int, rng: np.random.Generator, dropout: float) -> MultiHeadAttention:
    """Attention whose scores are not scaled: the factor 1/√K is in the first weights of the queries instead (their code)."""
    output_std = 1 / math.sqrt(heads * d_kv)
    sizes = {"d_kv": d_kv, "std": 1 / math.sqrt(d_model), "output_std": output_std}
    attention = MultiHeadAttention(d_model, heads, rng, dropout=dropout, bias=False, scale=1.0, **sizes)
    attention.query.weight.data *= 1 / math.sqrt(d_kv)
    return attention


def t5_feedforward(
    d_model: int, d_ff: int, rng: np.random.Generator, dropout: float, activation: str, gated: bool
) -> FeedForward | GatedFeedForward:
    kind = GatedFeedForward if gated else FeedForward
    sizes = {"std": 1 / math.sqrt(d_model), "output_std": 1 / math.sqrt(d_ff)}
    return kind(d_model, d_ff, rng, activation=activation, bias=False, dropout=dropout, **sizes)


class T5EncoderBlockSaved(NamedTuple):
    norm1: Any
    attention: AttentionSaved
    norm2: Any
    ffn: Any
    drop1: Any
    drop2: Any


class T5EncoderBlock(Layer):
    """r = x + attention(norm1(x), bias), y = r + ffn(norm2(r)). x (B, T, D), bias (1, H, T, T) -> y (B, T, D)."""

    def __init__(
        self,
        d_model: int,
        heads: int,
        d_kv: int,
        d_ff: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        activation: str = "relu",
        gated: bool = False,
        eps: float = 1e-6,
    ):
        self.norm1 = RMSNorm(d_model, eps=eps)
        self.attention = t5_attention(d_model, heads, d_kv, rng, dropout)
        self.norm2 = RMSNorm(d_model, eps=eps)
        self.ffn = t5_feedforward(d_model, d_ff, rng, dropout, activation, gated)
        self.dropout = Dropout(dropout)

    def forward(self, x: Array, bias: Array, mask: Array | None = None, rng=None) -> tuple[Array, T5EncoderBlockSaved]:
        n, s1 = self.norm1.forward(x)
        a, sa = self.attention.forward(n, n, mask, rng, bias=bias)
        a, d1 = self.dropout.forward(a, rng)
        r = x + a
        n, s2 = self.norm2.forward(r)
        f, sf = self.ffn.forward(n, rng)
        f, d2 = self.dropout.forward(f, rng)
        return r + f, T5EncoderBlockSaved(s1, sa, s2, sf, d1, d2)

    def backward(self, dy: Array, saved: T5EncoderBlockSaved) -> tuple[Array, Array]:
        df = self.dropout.backward(dy, saved.drop2)  # f = dropout(ffn(norm2(r)))
        dr = dy + self.norm2.backward(self.ffn.backward(df, saved.ffn), saved.norm2)  # y = r + ffn(norm2(r))
        da = self.dropout.backward(dr, saved.drop1)  # a = dropout(attention(norm1(x), bias))
        dn, dn_memory, dbias = self.attention.backward(da, saved.attention)  # attention read norm1(x) twice
        return dr + self.norm1.backward(dn + dn_memory, saved.norm1), dbias  # r = x + attention(norm1(x), bias)


class T5DecoderBlockSaved(NamedTuple):
    norm1: Any
    attention: AttentionSaved
    norm2: Any
    cross_attention: AttentionSaved
    norm3: Any
    ffn: Any
    drop1: Any
    drop2: Any
    drop3: Any


class T5DecoderBlock(Layer):
    """r = x + attention(norm1(x), bias), s = r + cross_attention(norm2(r), memory), y = s + ffn(norm3(s)).

    x (B, T, D), memory (B, S, D), bias (1, H, T, T) -> y (B, T, D). Cross-attention has no bias: source and target don't share places.
    """

    def __init__(
        self,
        d_model: int,
        heads: int,
        d_kv: int,
        d_ff: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        activation: str = "relu",
        gated: bool = False,
        eps: float = 1e-6,
    ):
        self.norm1 = RMSNorm(d_model, eps=eps)
        self.attention = t5_attention(d_model, heads, d_kv, rng, dropout)
        self.norm2 = RMSNorm(d_model, eps=eps)
        self.cross_attention = t5_attention(d_model, heads, d_kv, rng, dropout)
        self.norm3 = RMSNorm(d_model, eps=eps)
        self.ffn = t5_feedforward(d_model, d_ff, rng, dropout, activation, gated)
        self.dropout = Dropout(dropout)

    def forward(
        self,
        x: Array,
        memory: Array,
        bias: Array,
        mask: Array | None = None,
        memory_mask: Array | None = None,
        rng=None,
        causal: bool = True,
    ) -> tuple[Array, T5DecoderBlockSaved]:
        n, s1 = self.norm1.forward(x)
        a, sa = self.attention.forward(n, n, mask, rng, bias=bias, causal=causal)
        a, d1 = self.dropout.forward(a, rng)
        r = x + a
        n, s2 = self.norm2.forward(r)
        c, sc = self.cross_attention.forward(n, memory, memory_mask, rng)
        c, d2 = self.dropout.forward(c, rng)
        s = r + c
        n, s3 = self.norm3.forward(s)
        f, sf = self.ffn.forward(n, rng)
        f, d3 = self.dropout.forward(f, rng)
        return s + f, T5DecoderBlockSaved(s1, sa, s2, sc, s3, sf, d1, d2, d3)

    def backward(self, dy: Array, saved: T5DecoderBlockSaved) -> tuple[Array, Array, Array]:
        df = self.dropout.backward(dy, saved.drop3)  # f = dropout(ffn(norm3(s)))
        ds = dy + self.norm3.backward(self.ffn.backward(df, saved.ffn), saved.norm3)  # y = s + ffn(norm3(s))
        dc = self.dropout.backward(ds, saved.drop2)  # c = dropout(cross_attention(norm2(r), memory))
        dn, dmemory, _ = self.cross_attention.backward(dc, saved.cross_attention)
        dr = ds + self.norm2.backward(dn, saved.norm2)  # s = r + cross_attention(norm2(r), memory)
        da = self.dropout.backward(dr, saved.drop1)  # a = dropout(attention(norm1(x), bias))
        dn, dn_memory, dbias = self.attention.backward(da, saved.attention)  # attention read norm1(x) twice
        return dr + self.norm1.backward(dn + dn_memory, saved.norm1), dmemory, dbias  # r = x + attention(...)

    def extend(
        self,
        x: Array,
        keys: Array,
        values: Array,
        start: int,
        memory_keys: Array,
        memory_values: Array,
        memory_mask: Array | None,
        bias: Array,
    ) -> Array:
        """`forward` for new tokens only, on the caches of `MultiHeadAttention.extend` and `keys_values`; bias (1, H, T, start + T)."""
        r = x + self.attention.extend(self.norm1.forward(x)[0], keys, values, start, bias=bias)
        s = r + self.cross_attention.attend(self.norm2.forward(r)[0], memory_keys, memory_values, memory_mask)
        return s + self.ffn.forward(self.norm3.forward(s)[0])[0]
