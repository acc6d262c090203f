"""A plan for writing tokens: what a GPT computes for one new token of each text, with every array allocated before the first.

`GPT.extend` reads any number of tokens in any layer. Of one token its time is mostly that of making small arrays and of asking what they
are. Here the same sums are written into the same buffers again and again. `GPT.extend` remains what this must equal, to rounding.
"""

import math

import numpy as np

from minillm.backend import Array
from minillm.layers import (
    FeedForward,
    GatedFeedForward,
    Layer,
    LayerNorm,
    Linear,
    MultiHeadAttention,
    PreNormBlock,
    RMSNorm,
    TiedLinear,
)
from minillm.layers.attention import remember
from minillm.layers.feedforward import ACTIVATIONS
from minillm.models import GPT, KeyValueCache

LARGE = 1 << 21  # numbers: a table of so many does not stay in a processor's cache


class TokenPlan:
    """`plan.extend(ids, cache)` for ids (B, 1) is `model.extend(ids, cache)`, in less time. For models on the processor.

    It owns buffers and no weights: those are read where the model has them, so that it may go on training between two tokens. What
    `extend` returns is the caller's.
    """

    def __init__(self, model: GPT, batch: int):
        config, dtype = model.config, model.vector.dtype

        def buffer(*shape: int) -> Array:
            return np.empty((batch, *shape), dtype)

        self.model, self.batch = model, batch
        # A head of keys and values has a row for each of the heads of queries that share it: (B, G, H/G, K).
        self.rows = (batch, config.kv_heads, config.heads // config.kv_heads, config.d_kv)
        self.query, self.attended = buffer(config.heads * config.d_kv), np.empty(self.rows, dtype)
        self.key, self.value = (buffer(config.kv_heads * config.d_kv) for _ in range(2))
        self.inner, self.gate = (buffer(config.d_ff) for _ in range(2))
        self.normed, self.square, self.out = (buffer(config.d_model) for _ in range(3))
        self.moment, self.root = buffer(1), buffer(1)
        self.mean = np.full((config.d_model, 1), 1 / config.d_model, dtype)  # x @ mean is the mean of each row

    @staticmethod
    def suits(model: object) -> bool:
        return type(model) is GPT and model.vector.device.xp is np

    def extend(self, ids: np.ndarray, cache: KeyValueCache) -> Array:
        """The next token of each text, ids (B, 1), after those in the cache -> logits (B, V) of the token that follows."""
        model, start = self.model, cache.length
        x = model.embed_next(ids, cache)[:, 0].copy()
        bias = model.alibi(start + 1)
        for block, keys, values in zip(model.blocks, cache.keys, cache.values, strict=True):
            if isinstance(block, PreNormBlock):
                x += self._attend(block.attention, self._norm(block.norm1, x), keys, values, start, bias)
                x += self._feed_forward(block.ffn, self._norm(block.norm2, x))
            else:
                x += self._attend(block.attention, x, keys, values, start, bias)
                x[...] = self._norm(block.norm1, x)
                x += self._feed_forward(block.ffn, x)
                x[...] = self._norm(block.norm2, x)
        cache.length = start + 1
        return self._score(model.head, self._norm(model.norm, x) if model.norm else x)

    def _norm(self, layer: LayerNorm | RMSNorm, x: Array) -> Array:
        """x (B, D) -> `layer.infer(x)`, in `self.normed`."""
        y, moment, root = self.normed, self.moment, self.root
        if isinstance(layer, LayerNorm):
            np.dot(x, self.mean, out=moment)
            x = np.subtract(x, moment, out=y)
        np.multiply(x, x, out=self.square)
        np.dot(self.square, self.mean, out=moment)
        moment += layer.eps
        np.sqrt(moment, out=root)
        root /= moment  # 1 / sqrt(moment), but NaN where that overflowed
        np.multiply(x, root, out=y)
        y *= layer.gamma.data
        if isinstance(layer, LayerNorm):
            y += layer.beta.data
        return y

    def _attend(
        self, layer: MultiHeadAttention, x: Array, keys: Array, values: Array, start: int, bias: Array | None
    ) -> Array:
        """x (B, D) -> `layer.extend` of it, (B, D), in `self.out`; its key and value are put into the cache (B, G, C, K)."""
        q = self._heads(layer, layer.query, x, self.query, start)
        k = remember(keys, self._heads(layer, layer.key, x, self.key, start), start)
        v = remember(values, self._heads(layer, layer.value, x, self.value), start)
        if layer.window:
            k, v = k[:, :, -layer.window :], v[:, :, -layer.window :]
        q *= 1 / math.sqrt(layer.d_kv)
        scores = q.reshape(self.rows) @ k.swapaxes(-1, -2)  # (B, G, H/G, S)
        if bias is not None:
            scores += bias[..., -k.shape[2] :].reshape(*self.rows[1:3], -1)
        scores -= np.maximum.reduce(scores, axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        np.matmul(scores, v, out=self.attended)
        self.attended /= np.add.reduce(scores, axis=-1, keepdims=True)
        return _linear(layer.output, self.attended.reshape(self.query.shape), self.out)

    def _heads(
        self, layer: MultiHeadAttention, projection: Layer, x: Array, out: Array, start: int | None = None
    ) -> Array:
        """x (B, D) -> its queries, keys or values (B, H, 1, K), turned by their position where the layer does that and `start` is given."""
        rows = _linear(projection, x, out).reshape(self.batch, -1, 1, layer.d_kv)
        return layer.rotary.forward(rows, start)[0] if layer.rotary and start is not None else rows

    def _feed_forward(self, layer: FeedForward | GatedFeedForward, x: Array) -> Array:
        """x (B, D) -> `layer.infer(x)`, in `self.out`."""
        activate, _ = ACTIVATIONS[layer.activation]
        h = _linear(layer.expand, x, self.inner)
        if isinstance(layer, GatedFeedForward):
            h *= activate(_linear(layer.gate, x, self.gate))[0]
        else:
            h, _ = activate(h)
        return _linear(layer.contract, h, self.out)

    def _score(self, head: Linear | TiedLinear, x: Array) -> Array:
        """x (B, D) -> `head.infer(x)`, (B, V). BLAS multiplies a single row by a large transposed table at half the speed of memory; a dot
        product for each word reads the table at all of it.
        """
        if isinstance(head, TiedLinear) and self.batch == 1 and head.weight.data.size >= LARGE:
            return np.vecdot(head.weight.data, x)[None]
        return head.infer(x)


def _linear(layer: Layer, x: Array, out: Array) -> Array:
    """x (B, d_in) -> out (B, d_out). np.dot takes less time than a matmul before its arithmetic begins, but would copy a weight whose rows
    are parts of longer ones, as those of a GPT-2 may lie in its file.
    """
    if not isinstance(layer, Linear):
        out[...] = layer.infer(x)  # with an adapter
        return out
    weight = layer.weight.data
    if weight.flags.c_contiguous:
        np.dot(x, weight, out=out)
    else:
        np.matmul(x, weight, out=out)
    if layer.bias is not None:
        out += layer.bias.data
    return out
