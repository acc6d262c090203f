"""Multi-head attention, and attention in the article's simplest form."""

from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array, array_module
from minillm.errors import InputError
from minillm.layers.dropout import Dropout
from minillm.layers.layer import Layer, Parameter, wrong_width
from minillm.layers.linear import Linear
from minillm.layers.positions import RotaryPositions
from minillm.ops import (
    attention,
    attention_backward,
    bilinear_attention,
    bilinear_attention_backward,
    chunk_size,
    chunked_attention,
    chunked_attention_backward,
    repeat_heads,
    repeat_heads_backward,
)
from minillm.ops.chunked_attention import ChunkedSaved
from minillm.ops.dot_product_attention import BilinearSaved, DotProductSaved
from minillm.ops.rotary_positions import RotarySaved


class AttentionSaved(NamedTuple):
    query: Any
    key: Any
    value: Any
    core: DotProductSaved | ChunkedSaved
    output: Any
    rotary_query: RotarySaved | None = None
    rotary_key: RotarySaved | None = None

    @property
    def weights(self) -> Array:
        """The attention map, (B, H, T, S). A long text's is computed when it is asked for: see `ChunkedSaved`."""
        return self.core.weights


def attend(
    q: Array,
    k: Array,
    v: Array,
    *,
    mask: Array | None = None,
    bias: Array | None = None,
    causal: bool = False,
    window: int | None = None,
    keep: Array | None = None,
    scale: float | None = None,
) -> tuple[Array, DotProductSaved | ChunkedSaved]:
    """`ops.attention`, or `ops.chunked_attention` where the sizes suit it: this is the only place where that is chosen.

    Dropout multiplies all the weights (B, H, T, S), so it needs the form that has them in one piece.
    """
    (batch, heads, queries, _), keys = q.shape, k.shape[2]
    chunk = None if keep is not None else chunk_size(batch * heads, queries, keys, causal, array_module(q))
    if chunk is None:
        return attention(q, k, v, mask=mask, bias=bias, causal=causal, window=window, keep=keep, scale=scale)
    return chunked_attention(q, k, v, mask=mask, bias=bias, causal=causal, window=window, scale=scale, chunk=chunk)


def attend_backward(dh: Array, core: DotProductSaved | ChunkedSaved) -> tuple[Array, Array, Array, Array | None]:
    backward = chunked_attention_backward if isinstance(core, ChunkedSaved) else attention_backward
    return backward(dh, core)


def remember(cache: Array, new: Array, start: int) -> Array:
    """Write the keys or values (B, G, T, K) of tokens start ... start + T - 1 into their cache -> those that it had, and the new.

    A cache (B, G, C, K) that is full keeps the newest C, as many as its window has: Jiang et al. 2023, section 2, the rolling buffer.
    """
    stop, size = start + new.shape[2], cache.shape[2]
    if stop <= size:
        cache[:, :, start:stop] = new
        return cache[:, :, :stop]
    seen = array_module(cache).concatenate([cache[:, :, : min(start, size)], new], axis=2)
    cache[...] = seen[:, :, -size:]
    return seen


def check_kv_heads(heads: int, kv_heads: int) -> None:
    """Raise InputError unless each head of keys and values is shared by as many heads of queries."""
    if heads % kv_heads:
        raise InputError(
            f"{kv_heads} heads of keys and values can't be shared evenly by {heads} of queries.",
            "Choose `kv_heads` that divide `heads`.",
        )


def broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether an array of this shape can be read as one of the shape `to`."""
    return len(shape) <= len(to) and all(n in (1, m) for n, m in zip(shape[::-1], to[::-1], strict=False))


class MultiHeadAttention(Layer):
    """x (B, T, D) gives the queries, memory (B, S, D) the keys and values -> y (B, T, D). Self-attention is `forward(x, x)`.

    H heads each compare a projection of x with a projection of memory: Vaswani et al. 2017, section 3.2.2. A head is `d_kv` = K columns
    wide, D/H unless given, and the scores are multiplied by `scale`, 1/√K unless given (T5: 1, since its weights start smaller).
    `rotary` turns queries and keys by their positions, for self-attention. A `window` narrows causal attention to so many keys. With
    `kv_heads`, G of them, H/G heads of queries share one of keys and values: see `ops.repeat_heads`. `qkv_bias`, as `bias` unless given,
    is for query, key and value (Qwen2).
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
        scale: float | None = None,
        d_kv: int | None = None,
        rotary: RotaryPositions | None = None,
        window: int | None = None,
        kv_heads: int | None = None,
        qkv_bias: bool | None = None,
    ):
        if d_kv is None and d_model % heads:
            raise InputError(
                f"{heads} heads do not divide d_model = {d_model}: every head needs a whole number of columns.",
                "Choose a number of heads that divides d_model, or give the width of a head, d_kv.",
            )
        d_kv = d_model // heads if d_kv is None else d_kv
        kv_heads = heads if kv_heads is None else kv_heads
        check_kv_heads(heads, kv_heads)
        qkv_bias = bias if qkv_bias is None else qkv_bias
        self.query = Linear(d_model, heads * d_kv, rng, bias=qkv_bias, std=std)
        self.key = Linear(d_model, kv_heads * d_kv, rng, bias=qkv_bias, std=std)
        self.value = Linear(d_model, kv_heads * d_kv, rng, bias=qkv_bias, std=std)
        self.output = Linear(heads * d_kv, d_model, rng, bias=bias, std=std if output_std is None else output_std)
        self.dropout = Dropout(dropout)
        self.d_model = d_model
        self.heads = heads
        self.d_kv = d_kv
        self.readers = heads // kv_heads  # heads of queries to a head of keys and values
        self.scale = scale
        self.rotary = rotary
        self.window = window

    def split(self, x: Array) -> Array:
        """(B, T, HK) -> (B, H, T, K), or G for H: each head gets its own columns."""
        batch, length, width = x.shape
        return x.reshape(batch, length, width // self.d_kv, self.d_kv).swapaxes(1, 2)

    def merge(self, x: Array) -> Array:
        """(B, H, T, K) -> (B, T, HK): the heads side by side again."""
        batch, heads, length, width = x.shape
        return x.swapaxes(1, 2).reshape(batch, length, heads * width)

    def shared(self, x: Array) -> Array:
        """Keys or values (B, G, S, K) -> (B, H, S, K): a head for each of the queries."""
        return x if self.readers == 1 else repeat_heads(x, self.readers)[0]

    def check_shapes(self, x: Array, memory: Array, *, mask: Array | None, bias: Array | None) -> None:
        """Raise InputError unless x (B, T, D) and memory (B, S, D) belong together, and mask and bias to their scores (B, H, T, S)."""
        width = self.d_model
        if x.ndim != 3 or memory.ndim != 3 or len(x) != len(memory) or {x.shape[2], memory.shape[2]} != {width}:
            raise InputError(
                f"Attention of width {width} got x {x.shape} and memory {memory.shape}.",
                f"Give x (B, T, {width}) and memory (B, S, {width}): as many texts in both.",
            )
        scores = (len(x), self.heads, x.shape[1], memory.shape[1])
        for name, array in (("mask", mask), ("bias", bias)):
            if array is not None and not broadcasts(array.shape, scores):
                raise InputError(
                    f"The {name} is {array.shape}, but the scores (B, H, T, S) are {scores}.",
                    f"Give a {name} that broadcasts to them, such as (T, S) or (B, 1, 1, S).",
                )

    def forward(
        self,
        x: Array,
        memory: Array,
        *,
        mask: Array | None = None,
        bias: Array | None = None,
        causal: bool = False,
        rng=None,
    ) -> tuple[Array, AttentionSaved]:
        """mask, `bias` (added to the scores) and `causal` (no later keys) as in `ops.attention`; `rng` switches dropout on."""
        self.check_shapes(x, memory, mask=mask, bias=bias)
        q, sq = self.query.forward(x)
        k, sk = self.key.forward(memory)
        v, sv = self.value.forward(memory)
        keep = self.dropout.mask((x.shape[0], self.heads, x.shape[1], memory.shape[1]), rng, x.dtype)
        q, k, v = self.split(q), self.split(k), self.split(v)
        rotary_q = rotary_k = None
        if self.rotary:
            (q, rotary_q), (k, rotary_k) = self.rotary.forward(q), self.rotary.forward(k)
        k, v = self.shared(k), self.shared(v)
        options = {"causal": causal, "window": self.window, "keep": keep, "scale": self.scale}
        h, core = attend(q, k, v, mask=mask, bias=bias, **options)
        y, so = self.output.forward(self.merge(h))
        return y, AttentionSaved(sq, sk, sv, core, so, rotary_q, rotary_k)

    def backward(self, dy: Array, saved: AttentionSaved) -> tuple[Array, Array, Array | None]:
        """dy (B, T, D) -> dx (B, T, D), dmemory (B, S, D), dbias in the shape of bias (None without one)"""
        dh = self.split(self.output.backward(dy, saved.output))  # y = output(merge(h))
        dq, dk, dv, dbias = attend_backward(dh, saved.core)  # h = attend(q, k, v, bias)
        if self.readers > 1:
            dk = repeat_heads_backward(dk, self.readers)  # k = shared(k)
            dv = repeat_heads_backward(dv, self.readers)  # v = shared(v)
        if self.rotary:
            dq = self.rotary.backward(dq, saved.rotary_query)  # q = rotary(q)
            dk = self.rotary.backward(dk, saved.rotary_key)  # k = rotary(k)
        dx = self.query.backward(self.merge(dq), saved.query)  # q = query(x)
        dmemory = self.key.backward(self.merge(dk), saved.key)  # k = key(memory)
        dmemory += self.value.backward(self.merge(dv), saved.value)  # v = value(memory)
        return dx, dmemory, dbias

    def keys_values(self, memory: Array) -> tuple[Array, Array]:
        """memory (B, S, D) -> its keys and values, (B, G, S, K), for `attend`. kᵀ is contiguous, as attention's product wants it."""
        k, v = self.split(self.key.infer(memory)), self.split(self.value.infer(memory))
        return array_module(k).ascontiguousarray(k.swapaxes(-1, -2)).swapaxes(-1, -2), v

    def attend(self, x: Array, keys: Array, values: Array, *, mask: Array | None = None) -> Array:
        """`forward` with keys and values (B, G, S, K) that `keys_values` computed. For generation: no backward, no dropout."""
        q = self.split(self.query.infer(x))
        h, _ = attend(q, self.shared(keys), self.shared(values), mask=mask, scale=self.scale)
        return self.output.infer(self.merge(h))

    def extend(self, x: Array, keys: Array, values: Array, start: int, *, bias: Array | None = None) -> Array:
        """Self-attention for new tokens only, with a cache of the keys and values of the earlier ones. No backward.

        x (B, T, D) are the tokens start ... start + T - 1. keys and values (B, G, C, K) are the cache: it holds those before `start`, and
        the new ones are written into it -> y (B, T, D), equal to the last T rows of the causal `forward`. C is that of the context, or of
        the window: see `remember`.
        """
        q, k, v = (self.split(layer.infer(x)) for layer in (self.query, self.key, self.value))
        if self.rotary:
            (q, _), (k, _) = self.rotary.forward(q, start), self.rotary.forward(k, start)
        k, v = remember(keys, k, start), remember(values, v, start)
        bias = None if bias is None else bias[..., -k.shape[2] :]
        options = {"causal": True, "window": self.window, "scale": self.scale}
        h, _ = attend(q, self.shared(k), self.shared(v), bias=bias, **options)
        return self.output.infer(self.merge(h))


class BilinearAttention(Layer):
    """The article's attention (section 4.1): e_ij = x_iᵀ W x_j, α = softmax(e), h_i = Σ_j α_ij x_j. x (B, T, D) -> h (B, T, D)."""

    def __init__(self, d_model: int, rng: np.random.Generator, *, std: float = 0.02):
        self.weight = Parameter(rng.normal(0, std, (d_model, d_model)))

    def forward(self, x: Array, *, mask: Array | None = None) -> tuple[Array, BilinearSaved]:
        if x.shape[-1] != (width := len(self.weight.data)):
            raise wrong_width(self, x, self.weight, width)
        return bilinear_attention(x, self.weight.data, mask=mask)

    def backward(self, dh: Array, saved: BilinearSaved) -> Array:
        dx, dweight = bilinear_attention_backward(dh, saved, weights=self.weight.trainable)
        self.weight.accumulate(dweight)
        return dx
