"""The decoder block: attention to the target so far, attention to the source, then feed-forward; residual connections around each."""

from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.layers.attention import AttentionSaved, MultiHeadAttention
from minillm.layers.dropout import Dropout
from minillm.layers.feedforward import FeedForward, FeedForwardSaved, GatedFeedForward, GatedFeedForwardSaved
from minillm.layers.layer import Layer
from minillm.layers.normalization import LayerNorm, RMSNorm


class DecoderBlockSaved(NamedTuple):
    norm1: Any
    attention: AttentionSaved
    norm2: Any
    cross_attention: AttentionSaved
    norm3: Any
    ffn: FeedForwardSaved | GatedFeedForwardSaved
    drop1: Any = None
    drop2: Any = None
    drop3: Any = None


class DecoderBlock(Layer):
    """What both kinds of decoder block own. x (B, T, D), memory (B, S, D) -> y (B, T, D). Vaswani et al. 2017, section 3.1.

    `attention`, `cross_attention` and `ffn` are made from the sizes and options unless they are given, as T5's are. A position `bias` is
    for self-attention: source and target do not share positions.
    """

    def __init__(
        self,
        d_model: int,
        heads: int,
        d_ff: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        ffn_dropout: float = 0.0,
        activation: str = "gelu",
        bias: bool = True,
        std: float = 0.02,
        output_std: float | None = None,
        norm: type[LayerNorm | RMSNorm] = LayerNorm,
        eps: float = 1e-5,
        attention: MultiHeadAttention | None = None,
        cross_attention: MultiHeadAttention | None = None,
        ffn: FeedForward | GatedFeedForward | None = None,
    ):
        same = {"bias": bias, "std": std, "output_std": output_std}
        self.norm1 = norm(d_model, eps=eps)
        self.attention = attention or MultiHeadAttention(d_model, heads, rng, dropout=dropout, **same)
        self.norm2 = norm(d_model, eps=eps)
        self.cross_attention = cross_attention or MultiHeadAttention(d_model, heads, rng, dropout=dropout, **same)
        self.norm3 = norm(d_model, eps=eps)
        self.ffn = ffn or FeedForward(d_model, d_ff, rng, activation=activation, dropout=ffn_dropout, **same)
        self.dropout = Dropout(dropout)


class PreNormDecoderBlock(DecoderBlock):
    """r = x + attention(norm1(x)), s = r + cross_attention(norm2(r), memory), y = s + ffn(norm3(s))."""

    def forward(
        self,
        x: Array,
        memory: Array,
        *,
        mask: Array | None = None,
        memory_mask: Array | None = None,
        bias: Array | None = None,
        rng=None,
        causal: bool = True,
    ) -> tuple[Array, DecoderBlockSaved]:
        """mask, `bias` and `causal` of self-attention as in `MultiHeadAttention`, `memory_mask` of cross-attention; `rng`: dropout on."""
        n, s1 = self.norm1.forward(x)
        a, sa = self.attention.forward(n, n, mask=mask, rng=rng, bias=bias, causal=causal)
        a, d1 = self.dropout.forward(a, rng=rng)
        r = x + a
        n, s2 = self.norm2.forward(r)
        c, sc = self.cross_attention.forward(n, memory, mask=memory_mask, rng=rng)
        c, d2 = self.dropout.forward(c, rng=rng)
        s = r + c
        n, s3 = self.norm3.forward(s)
        f, sf = self.ffn.forward(n, rng=rng)
        f, d3 = self.dropout.forward(f, rng=rng)
        return s + f, DecoderBlockSaved(s1, sa, s2, sc, s3, sf, d1, d2, d3)

    def backward(self, dy: Array, saved: DecoderBlockSaved) -> tuple[Array, ...]:
        """dy -> dx, dmemory; after a forward with a bias, dx, dmemory and dbias"""
        df = self.dropout.backward(dy, saved.drop3)  # f = dropout(ffn(norm3(s)))
        ds = dy + self.norm3.backward(self.ffn.backward(df, saved.ffn), saved.norm3)  # y = s + ffn(norm3(s))
        dc = self.dropout.backward(ds, saved.drop2)  # c = dropout(cross_attention(norm2(r), memory))
        dn, dmemory, _ = self.cross_attention.backward(dc, saved.cross_attention)
        dr = ds + self.norm2.backward(dn, saved.norm2)  # s = r + cross_attention(norm2(r), memory)
        da = self.dropout.backward(dr, saved.drop1)  # a = dropout(attention(norm1(x)))
        dn, dn_memory, dbias = self.attention.backward(da, saved.attention)  # attention read norm1(x) twice
        dx = dr + self.norm1.backward(dn + dn_memory, saved.norm1)  # r = x + attention(norm1(x))
        return (dx, dmemory) if dbias is None else (dx, dmemory, dbias)

    def extend(
        self,
        x: Array,
        keys: Array,
        values: Array,
        start: int,
        memory_keys: Array,
        memory_values: Array,
        *,
        memory_mask: Array | None = None,
        bias: Array | None = None,
    ) -> Array:
        """`forward` for new tokens only, on the caches of `MultiHeadAttention.extend` and `keys_values`."""
        r = x + self.attention.extend(self.norm1.forward(x)[0], keys, values, start, bias=bias)
        s = r + self.cross_attention.attend(self.norm2.forward(r)[0], memory_keys, memory_values, mask=memory_mask)
        return s + self.ffn.infer(self.norm3.forward(s)[0])


class PostNormDecoderBlock(DecoderBlock):
    """r = norm1(x + attention(x)), s = norm2(r + cross_attention(r, memory)), y = norm3(s + ffn(s)): the order of the paper."""

    def forward(
        self,
        x: Array,
        memory: Array,
        *,
        mask: Array | None = None,
        memory_mask: Array | None = None,
        bias: Array | None = None,
        rng=None,
        causal: bool = True,
    ) -> tuple[Array, DecoderBlockSaved]:
        """mask, `bias` and `causal` of self-attention as in `MultiHeadAttention`, `memory_mask` of cross-attention; `rng`: dropout on."""
        a, sa = self.attention.forward(x, x, mask=mask, rng=rng, bias=bias, causal=causal)
        a, d1 = self.dropout.forward(a, rng=rng)
        r, s1 = self.norm1.forward(x + a)
        c, sc = self.cross_attention.forward(r, memory, mask=memory_mask, rng=rng)
        c, d2 = self.dropout.forward(c, rng=rng)
        s, s2 = self.norm2.forward(r + c)
        f, sf = self.ffn.forward(s, rng=rng)
        f, d3 = self.dropout.forward(f, rng=rng)
        y, s3 = self.norm3.forward(s + f)
        return y, DecoderBlockSaved(s1, sa, s2, sc, s3, sf, d1, d2, d3)

    def backward(self, dy: Array, saved: DecoderBlockSaved) -> tuple[Array, ...]:
        """dy -> dx, dmemory; after a forward with a bias, dx, dmemory and dbias"""
        dsum = self.norm3.backward(dy, saved.norm3)  # y = norm3(s + ffn(s))
        ds = dsum + self.ffn.backward(self.dropout.backward(dsum, saved.drop3), saved.ffn)  # f = dropout(ffn(s))
        dsum = self.norm2.backward(ds, saved.norm2)  # s = norm2(r + cross_attention(r, memory))
        dc = self.dropout.backward(dsum, saved.drop2)  # c = dropout(cross_attention(r, memory))
        dr, dmemory, _ = self.cross_attention.backward(dc, saved.cross_attention)
        dr = dsum + dr  # r was read by cross-attention and by the residual connection
        dsum = self.norm1.backward(dr, saved.norm1)  # r = norm1(x + attention(x))
        da = self.dropout.backward(dsum, saved.drop1)  # a = dropout(attention(x))
        dquery, dx_memory, dbias = self.attention.backward(da, saved.attention)
        dx = dsum + dquery + dx_memory  # attention read x twice, and the residual connection once
        return (dx, dmemory) if dbias is None else (dx, dmemory, dbias)

    def extend(
        self,
        x: Array,
        keys: Array,
        values: Array,
        start: int,
        memory_keys: Array,
        memory_values: Array,
        *,
        memory_mask: Array | None = None,
        bias: Array | None = None,
    ) -> Array:
        """`forward` for new tokens only, on the caches of `MultiHeadAttention.extend` and `keys_values`."""
        r = self.norm1.forward(x + self.attention.extend(x, keys, values, start, bias=bias))[0]
        s = self.norm2.forward(r + self.cross_attention.attend(r, memory_keys, memory_values, mask=memory_mask))[0]
        return self.norm3.forward(s + self.ffn.infer(s))[0]


DECODER_BLOCKS = {"pre": PreNormDecoderBlock, "post": PostNormDecoderBlock}
