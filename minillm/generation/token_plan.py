"""A plan for writing tokens: what a GPT computes for one new token of each text, with every array allocated before the first.

`GPT.extend` reads any number of tokens in any layer. Of one token its time is mostly that of making small arrays and of asking what they
are. Here that is asked once: each layer becomes a function that writes the same sums into the same buffers again and again. `GPT.extend`
remains what this must equal, to rounding.

The arithmetic on small arrays costs less than the calls, and a call costs what NumPy has to find out. Hence, and not for beauty:

- An array of one text has no axis for texts: (D,) + (D,) takes 0.2 µs, (1, D) + (D,) takes 0.6, since there something is broadcast.
- A constant is an array without axes: 0.25 µs, where a Python number takes 0.5.
- `x.dot(y, out)` takes 0.3 µs, `np.dot(x, y, out=out)` 0.5. A sum is a product with ones, 0.3 µs: `add.reduce` takes 0.8.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy import add, divide, exp, matmul, maximum, multiply, sqrt, subtract, tanh

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
Step = Callable[[Array], Array]  # of all texts, x (B, D) -> y (B, F), in a buffer; with a single text (D,) -> (F,)


class TokenPlan:
    """`plan.extend(ids, cache)` for ids (B, 1) is `model.extend(ids, cache)`, in less time. For models on the processor.

    It owns buffers and no weights: those are read where the model has them, so that it may go on training between two tokens. The layers
    are those that the model had when the plan was made. What `extend` returns is the caller's.
    """

    def __init__(self, model: GPT, batch: int):
        config, self.dtype = model.config, model.vector.dtype
        self.model, self.batch, self.texts = model, batch, () if batch == 1 else (batch,)
        # A head of keys and values has a row for each of the heads of queries that share it: (B, G, H/G, K).
        self.by_heads = (batch, config.kv_heads, -1, config.d_kv)
        self.query, self.attended = (self._buffer(config.heads * config.d_kv) for _ in range(2))
        self.key, self.value = (self._buffer(config.kv_heads * config.d_kv) for _ in range(2))
        self.normed, self.square, self.out = (self._buffer(config.d_model) for _ in range(3))
        self.inner, self.gate, self.work = (self._buffer(config.d_ff) for _ in range(3))
        self.moment, self.root, self.factor = (self._buffer(1) for _ in range(3))
        self.mean = np.full((config.d_model, 1), 1 / config.d_model, self.dtype)  # x @ mean is the mean of each row
        self.ones = np.ones((config.context, 1), self.dtype)
        self.cos, self.sin = np.empty(config.d_kv // 2, self.dtype), np.empty((2, config.d_kv // 2), self.dtype)
        self.blocks = [
            (
                isinstance(block, PreNormBlock),
                self._norm(block.norm1),
                self._attention(block.attention),
                self._norm(block.norm2),
                self._feed_forward(block.ffn),
            )
            for block in model.blocks
        ]
        self.norm = self._norm(model.norm) if model.norm else None

    @staticmethod
    def suits(model: object) -> bool:
        return type(model) is GPT and model.vector.device.xp is np

    def extend(self, ids: np.ndarray, cache: KeyValueCache) -> Array:
        """The next token of each text, ids (B, 1), after those in the cache -> logits (B, V) of the token that follows."""
        model, start = self.model, cache.length
        x = model.embed_next(ids, cache).reshape(self.out.shape)
        bias = model.alibi(start + 1)
        if rotary := model.blocks[0].attention.rotary:  # the same in all blocks
            (self.cos[...],), (self.sin[1],) = rotary.angles(start, start + 1, self.dtype, np)
            self.sin[0] = -self.sin[1]
        blocks = zip(self.blocks, cache.keys, cache.values, strict=True)
        for (pre_norm, norm1, attend, norm2, feed_forward), keys, values in blocks:
            if pre_norm:
                add(x, attend(norm1(x), keys, values, start, bias), x)
                add(x, feed_forward(norm2(x)), x)
            else:
                add(x, attend(x, keys, values, start, bias), x)
                x[...] = norm1(x)
                add(x, feed_forward(x), x)
                x[...] = norm2(x)
        cache.length = start + 1
        if self.norm:
            x = self.norm(x)
        return self._score(x.reshape(self.batch, -1))

    def _buffer(self, width: int) -> Array:
        return np.empty((*self.texts, width), self.dtype)

    def _constant(self, number: float) -> Array:
        return np.array(number, self.dtype)

    def _norm(self, layer: LayerNorm | RMSNorm) -> Step:
        """`layer.infer`, in `self.normed`."""
        y, mean, moment, gamma = self.normed, self.mean, self.moment, layer.gamma
        numbers = self.texts and (self.batch, 1)  # of one text a number without axes: products ask for a column
        means, factors = moment.reshape(numbers), self.factor.reshape(numbers)
        measure = self._factor_of_one(layer.eps) if self.batch == 1 else self._factor_of_each(layer.eps)

        def rms_norm(x: Array) -> Array:
            measure(x)
            multiply(x, factors, y)
            return multiply(y, gamma.data, y)

        def layer_norm(x: Array) -> Array:
            x.dot(mean, moment)
            return add(rms_norm(subtract(x, means, y)), layer.beta.data, y)

        return layer_norm if isinstance(layer, LayerNorm) else rms_norm

    def _factor_of_one(self, eps: float) -> Callable[[Array], None]:
        """1 / sqrt(mean(x²) + eps) of x (D,), in `self.factor`; NaN where the mean overflowed, as 0 would hide that.

        Of a single number Python's arithmetic takes a fifth of NumPy's time.
        """
        width, factor = len(self.mean), self.factor

        def measure(x: Array) -> None:
            moment = float(x.dot(x)) / width
            factor[0] = 1 / math.sqrt(moment + eps) if moment < math.inf else math.nan

        return measure

    def _factor_of_each(self, eps: float) -> Callable[[Array], None]:
        """The same of each row of x (B, D)."""
        square, mean, moment, root, factor = self.square, self.mean, self.moment, self.root, self.factor
        eps = self._constant(eps)

        def measure(x: Array) -> None:
            multiply(x, x, square)
            square.dot(mean, moment)
            add(moment, eps, root)
            sqrt(root, moment)
            divide(moment, root, factor)

        return measure

    def _attention(self, layer: MultiHeadAttention) -> Callable[..., Array]:
        """`layer.extend`, in `self.out`. The new key and value are put into the cache, (B, G, C, K)."""
        query, key = _linear(layer.query, self.query), _linear(layer.key, self.key)
        value, output = _linear(layer.value, self.value), _linear(layer.output, self.out)
        scale, window = self._constant(1 / math.sqrt(layer.d_kv)), layer.window
        ones, attended = self.ones, self.attended
        q, new_k, new_v, h = (n.reshape(self.by_heads) for n in (self.query, self.key, self.value, self.attended))
        last_k, last_v = new_k[:, :, 0], new_v[:, :, 0]
        turn = [self._rotation(n) for n in (q, new_k)] if layer.rotary else []

        def attend(x: Array, keys: Array, values: Array, start: int, bias: Array | None) -> Array:
            query(x)
            key(x)
            value(x)
            for by_position in turn:
                by_position()
            if window:
                k, v = remember(keys, new_k, start)[:, :, -window:], remember(values, new_v, start)[:, :, -window:]
            else:  # the cache has room for all of the context
                keys[:, :, start], values[:, :, start] = last_k, last_v
                k, v = keys[:, :, : start + 1], values[:, :, : start + 1]
            scores = matmul(multiply(q, scale, q), k.swapaxes(2, 3))  # (B, G, H/G, S)
            if bias is not None:
                scores += bias[..., -k.shape[2] :].reshape(*scores.shape[1:3], -1)
            subtract(scores, maximum.reduce(scores, -1, None, None, True), scores)
            exp(scores, scores)
            matmul(scores, v, h)
            divide(h, scores.dot(ones[: scores.shape[3]]), h)
            return output(attended)

        return attend

    def _rotation(self, x: Array) -> Callable[[], None]:
        """`ops.rotary` for x (B, G, H/G, K), where x is: x cos + (its halves swapped) (-sin, sin), by the angles of the new token."""
        halves = x.reshape(*x.shape[:-1], 2, -1)
        swapped, turned, cos, sin = halves[..., ::-1, :], np.empty_like(halves), self.cos, self.sin

        def rotate() -> None:
            multiply(swapped, sin, turned)
            multiply(halves, cos, halves)
            add(halves, turned, halves)

        return rotate

    def _feed_forward(self, layer: FeedForward | GatedFeedForward) -> Step:
        """`layer.infer`, in `self.out`."""
        expand, contract = _linear(layer.expand, self.inner), _linear(layer.contract, self.out)
        activate = self._activation(layer.activation)
        gate = _linear(layer.gate, self.gate) if isinstance(layer, GatedFeedForward) else None

        def feed_forward(x: Array) -> Array:
            h = expand(x)
            return contract(multiply(h, activate(gate(x)), h) if gate else activate(h))

        return feed_forward

    def _activation(self, name: str) -> Step:
        """An activation, written over its input if it is x (1 + tanh u)/2."""
        u, half, constant = self.work, self._constant(0.5), self._constant
        linear, cubic = constant(math.sqrt(2 / math.pi)), constant(0.044715 * math.sqrt(2 / math.pi))

        def gelu(x: Array) -> Array:
            multiply(x, x, u)
            multiply(u, cubic, u)
            add(u, linear, u)
            multiply(u, x, u)
            tanh(u, u)
            multiply(u, half, u)
            add(u, half, u)
            return multiply(x, u, x)

        def silu(x: Array) -> Array:
            multiply(x, half, u)
            tanh(u, u)
            multiply(u, half, u)
            add(u, half, u)
            return multiply(x, u, x)

        return {"gelu": gelu, "silu": silu}.get(name) or (lambda x: ACTIVATIONS[name][0](x)[0])

    def _score(self, x: Array) -> Array:
        """x (B, D) -> `head.infer(x)`, (B, V). BLAS multiplies a single row by a large transposed table at half the speed of memory; a dot
        product for each word reads the table at all of it.
        """
        head = self.model.head
        if isinstance(head, TiedLinear) and self.batch == 1 and head.weight.data.size >= LARGE:
            return np.vecdot(head.weight.data, x)[None]
        return head.infer(x)


def _linear(layer: Layer, out: Array) -> Step:
    """`layer.infer`, in `out`. `dot` takes less time than a matmul before its arithmetic begins, but would copy a weight whose rows are
    parts of longer ones, as those of a GPT-2 may lie in its file.
    """
    if not isinstance(layer, Linear):  # it has an adapter, or is in int8

        def inferred(x: Array) -> Array:
            out[...] = layer.infer(x)
            return out

        return inferred
    weight, bias = layer.weight, layer.bias
    contiguous = weight.data.flags.c_contiguous

    def with_bias(x: Array) -> Array:
        x.dot(weight.data, out) if contiguous else matmul(x, weight.data, out)
        return add(out, bias.data, out)

    def without_bias(x: Array) -> Array:
        return x.dot(weight.data, out) if contiguous else matmul(x, weight.data, out)

    return with_bias if bias else without_bias
