"""The Transformer block: attention, then feed-forward, each with a residual connection around it."""

from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.layers.attention import AttentionSaved, MultiHeadAttention
from minillm.layers.dropout import Dropout
from minillm.layers.feedforward import FeedForward, FeedForwardSaved, GatedFeedForward, GatedFeedForwardSaved
from minillm.layers.layer import Layer
from minillm.layers.normalization import LayerNorm, RMSNorm


class BlockSaved(NamedTuple):
    norm1: Any
    attention: AttentionSaved
    norm2: Any
    ffn: FeedForwardSaved | GatedFeedForwardSaved
    drop1: Any = None
    drop2: Any = None


class Block(Layer):
    """What both kinds of block own. x (B, T, D) -> y (B, T, D); the kinds differ in where the norms are.

    `attention` and `ffn` are made from the sizes and options unless they are given, as T5's are.
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
        ffn: FeedForward | GatedFeedForward | None = None,
    ):
        same = {"bias": bias, "std": std, "output_std": output_std}
        self.norm1 = norm(d_model, eps=eps)
        self.attention = attention or MultiHeadAttention(d_model, heads, rng, dropout=dropout, **same)
        self.norm2 = norm(d_model, eps=eps)
        self.ffn = ffn or FeedForward(d_model, d_ff, rng, activation=activation, dropout=ffn_dropout, **same)
        self.dropout = Dropout(dropout)


class PreNormBlock(Block):
    """r = x + attention(norm1(x)), y = r + ffn(norm2(r)): GPT-2's order. The residual path is never normalised, from bottom to top."""

    def forward(
        self, x: Array, *, mask: Array | None = None, bias: Array | None = None, rng=None, causal: bool = False
    ) -> tuple[Array, BlockSaved]:
        """mask, `bias` and `causal` as in `MultiHeadAttention`; `rng` switches dropout on."""
        n, s1 = self.norm1.forward(x)
        a, sa = self.attention.forward(n, n, mask=mask, rng=rng, bias=bias, causal=causal)
        a, d1 = self.dropout.forward(a, rng=rng)
        r = x + a
        m, s2 = self.norm2.forward(r)
        f, sf = self.ffn.forward(m, rng=rng)
        f, d2 = self.dropout.forward(f, rng=rng)
        return r + f, BlockSaved(s1, sa, s2, sf, d1, d2)

    def backward(self, dy: Array, saved: BlockSaved) -> Array | tuple[Array, Array]:
        """dy -> dx; after a forward with a bias, dx and dbias"""
        df = self.dropout.backward(dy, saved.drop2)  # f = dropout(ffn(norm2(r)))
        dr = dy + self.norm2.backward(self.ffn.backward(df, saved.ffn), saved.norm2)  # y = r + ffn(norm2(r))
        da = self.dropout.backward(dr, saved.drop1)  # a = dropout(attention(norm1(x)))
        dn, dmemory, dbias = self.attention.backward(da, saved.attention)  # attention read norm1(x) twice
        dx = dr + self.norm1.backward(dn + dmemory, saved.norm1)  # r = x + attention(norm1(x))
        return dx if dbias is None else (dx, dbias)

    def extend(self, x: Array, keys: Array, values: Array, start: int, *, bias: Array | None = None) -> Array:
        """`forward` for new tokens only, on the cache of `MultiHeadAttention.extend`."""
        r = x + self.attention.extend(self.norm1.forward(x)[0], keys, values, start, bias=bias)
        return r + self.ffn.infer(self.norm2.forward(r)[0])


class PostNormBlock(Block):
    """r = norm1(x + attention(x)), y = norm2(r + ffn(r)): the order of Vaswani et al. 2017, section 3.1."""

    def forward(
        self, x: Array, *, mask: Array | None = None, bias: Array | None = None, rng=None, causal: bool = False
    ) -> tuple[Array, BlockSaved]:
        """mask, `bias` and `causal` as in `MultiHeadAttention`; `rng` switches dropout on."""
        a, sa = self.attention.forward(x, x, mask=mask, rng=rng, bias=bias, causal=causal)
        a, d1 = self.dropout.forward(a, rng=rng)
        r, s1 = self.norm1.forward(x + a)
        f, sf = self.ffn.forward(r, rng=rng)
        f, d2 = self.dropout.forward(f, rng=rng)
        y, s2 = self.norm2.forward(r + f)
        return y, BlockSaved(s1, sa, s2, sf, d1, d2)

    def backward(self, dy: Array, saved: BlockSaved) -> Array | tuple[Array, Array]:
        """dy -> dx; after a forward with a bias, dx and dbias"""
        ds = self.norm2.backward(dy, saved.norm2)  # y = norm2(r + ffn(r))
        dr = ds + self.ffn.backward(self.dropout.backward(ds, saved.drop2), saved.ffn)  # f = dropout(ffn(r))
        ds = self.norm1.backward(dr, saved.norm1)  # r = norm1(x + attention(x))
        da = self.dropout.backward(ds, saved.drop1)  # a = dropout(attention(x))
        dquery, dmemory, dbias = self.attention.backward(da, saved.attention)
        dx = ds + dquery + dmemory  # attention read x twice, and the residual connection once
        return dx if dbias is None else (dx, dbias)

    def extend(self, x: Array, keys: Array, values: Array, start: int, *, bias: Array | None = None) -> Array:
        """`forward` for new tokens only, on the cache of `MultiHeadAttention.extend`."""
        r = self.norm1.forward(x + self.attention.extend(x, keys, values, start, bias=bias))[0]
        return self.norm2.forward(r + self.ffn.infer(r))[0]


BLOCKS = {"pre": PreNormBlock, "post": PostNormBlock}
