"""The decoder (GPT): reads the tokens so far, and says how likely each next one is."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import CPU, Array, Device, array_module, constant, on_device
from minillm.errors import InputError
from minillm.layers import (
    Dropout,
    Embedding,
    FeedForward,
    GatedFeedForward,
    LayerNorm,
    LearnedPositions,
    Linear,
    MultiHeadAttention,
    NgramEmbedding,
    ParameterVector,
    PostNormBlock,
    PreNormBlock,
    RMSNorm,
    RotaryPositions,
    SinusoidalPositions,
    Stack,
    TiedLinear,
)
from minillm.layers.stack import StackSaved
from minillm.models.gpt_config import GPTConfig
from minillm.models.model import Model, check_ids, config_from, weight_rng
from minillm.ops import alibi_bias

STD = 0.02  # of the first weights
NORMS = {"pre": LayerNorm, "post": LayerNorm, "rms": RMSNorm}


class HiddenSaved(NamedTuple):
    embedding: Any
    positions: Any
    dropout: Any
    stack: StackSaved

    @property
    def blocks(self) -> list:
        return self.stack.blocks


class GPTSaved(NamedTuple):
    hidden: HiddenSaved
    head: Any

    @property
    def blocks(self) -> list:
        return self.hidden.blocks


def gpt_block(config: GPTConfig, rng: np.random.Generator) -> PreNormBlock | PostNormBlock:
    sizes = (config.d_model, config.heads, config.d_ff, rng)
    options = {"bias": config.bias, "std": STD, "output_std": STD / math.sqrt(2 * config.layers)}
    rotary = None
    if config.positions == "rotary":
        scaling = {"factor": config.rope_factor, "original_context": config.rope_original_context}
        rotary = RotaryPositions(config.d_kv, theta=config.rope_theta, **scaling)
    attention = MultiHeadAttention(
        config.d_model,
        config.heads,
        rng,
        dropout=config.dropout,
        d_kv=config.d_kv,
        rotary=rotary,
        window=config.window or None,
        kv_heads=config.kv_heads,
        qkv_bias=config.bias or config.qkv_bias,
        **options,
    )
    if config.gated:
        ffn = GatedFeedForward(config.d_model, config.d_ff, rng, activation="silu", **options)
    else:
        ffn = FeedForward(config.d_model, config.d_ff, rng, activation=config.activation, **options)
    kind = PostNormBlock if config.norm == "post" else PreNormBlock
    parts = {"attention": attention, "ffn": ffn}
    return kind(*sizes, dropout=config.dropout, norm=NORMS[config.norm], eps=config.eps, **parts)


@constant
@lru_cache(maxsize=8)
def _alibi(heads: int, keys: int, dtype: np.dtype, xp) -> Array:
    return xp.asarray(alibi_bias(heads, keys).astype(dtype))


class GPT(Model):
    """ids (B, T) -> logits (B, T, V), a score for every possible next token at every position.

    Radford et al. 2019: embeddings and positions, L blocks that look only backward, a last norm (not post-LN), and a head that is the
    embedding table again if `tie_head`. Weights are drawn on the host from `seed`, N(0, 0.02²); those that write into the residual
    stream are smaller by √(2L), since 2L of them add up there. With `norm="rms"` and `activation="swiglu"` the blocks are Llama's
    (Touvron et al. 2023, section 2.2).

    The fields of `GPTConfig` may also be given by name: `GPT(vocab_size=100, layers=2)`.
    """

    def __init__(
        self,
        config: GPTConfig | None = None,
        *,
        seed: int | None = 0,
        dtype: type = np.float32,
        device: Device = CPU,
        **sizes,
    ):
        config = config_from(GPTConfig, config, sizes)
        rng, std = weight_rng(seed), STD
        self.config = config
        # Word vectors of size 0.02 would be lost in sines and cosines: Vaswani et al. 2017, section 3.4, multiply them by √D.
        scale = math.sqrt(config.d_model) if config.positions == "sinusoidal" else 1.0
        if config.ngram == 1:
            self.embedding = Embedding(config.vocab_size, config.d_model, rng, std=std, scale=scale)
        else:
            self.embedding = NgramEmbedding(
                config.vocab_size, config.d_model, rng, ngram=config.ngram, std=std, scale=scale
            )
        self.positions = None  # rotary ones and ALiBi are in the attention of each block
        if config.positions == "learned":
            self.positions = LearnedPositions(config.context, config.d_model, rng, std=std)
        elif config.positions == "sinusoidal":
            self.positions = SinusoidalPositions(config.d_model)
        self.dropout = Dropout(config.dropout)
        self.blocks = [gpt_block(config, rng) for _ in range(config.layers)]
        self.norm = None if config.norm == "post" else NORMS[config.norm](config.d_model, eps=config.eps)
        if config.tie_head:
            self.head = TiedLinear(self.embedding.weight)
        else:
            self.head = Linear(config.d_model, config.vocab_size, rng, bias=False, std=std)
        self.vector = ParameterVector(self, dtype, device)

    @property
    def stack(self) -> Stack:
        """The blocks and the last norm as one layer. They are named as the model's own: `blocks.0...`, `norm...`."""
        return Stack(self.blocks, self.norm)

    def hidden(
        self,
        ids: np.ndarray,
        *,
        mask: np.ndarray | None = None,
        token_types: np.ndarray | None = None,
        layers_read: Sequence[int] | None = None,
        rng=None,
    ) -> tuple[Array, HiddenSaved]:
        """ids (B, T), on the host -> hidden (B, T, D): what the model knows at every position. `rng` switches dropout on.

        With layers_read, hidden (B, T, n D) is what these n layers give, side by side: 0 is the embeddings, i the i-th block.
        mask (B, T) is boolean, True = real token. It changes nothing: padding is on the right, where no real token sees it, and any other
        mask is an error. So are token_types: a GPT knows no segments.
        """
        self.check_inputs(ids, mask=mask, token_types=token_types)
        xp = self.vector.device.xp
        x, se = self.embedding.forward(xp.asarray(ids))
        x, sp = self.positions.forward(x) if self.positions else (x, None)
        x, sd = self.dropout.forward(x, rng=rng)
        bias = self.alibi(ids.shape[1])
        hidden, ss = self.stack.forward(x, layers_read=layers_read, bias=bias, rng=rng, causal=True)
        return hidden, HiddenSaved(se, sp, sd, ss)

    def check_inputs(
        self, ids: np.ndarray, *, mask: np.ndarray | None = None, token_types: np.ndarray | None = None
    ) -> None:
        super().check_inputs(ids, mask=mask)
        if token_types is not None:
            raise InputError("token_types came, but a GPT knows no segments.", "Leave them out, or take an encoder.")
        if mask is not None and not on_device(mask) and (mask[:, 1:] > mask[:, :-1]).any():
            raise InputError(
                "A GPT looks only backward, and here a real token follows padding.", "Put the padding on the right."
            )

    def alibi(self, keys: int) -> Array | None:
        """ALiBi's bias on the scores of all blocks, (1, H, 1, S); None for other positions."""
        if self.config.positions != "alibi":
            return None
        return _alibi(self.config.heads, keys, self.vector.dtype, self.vector.device.xp)

    def hidden_backward(self, dhidden: Array, saved: HiddenSaved) -> None:
        """dhidden (B, T, D): every line of `hidden`, last one first, down to the lowest layer that learns. Ids have no gradient."""
        below = self.embedding.learns() or (self.positions is not None and self.positions.learns())
        dx = self.stack.backward(dhidden, saved.stack, needs_input_grad=below)  # hidden = stack(x)
        if not below:
            return
        if self.config.positions == "alibi":
            dx, _ = dx  # the bias is not learned
        dx = self.dropout.backward(dx, saved.dropout)  # x = dropout(x)
        if self.positions:
            dx = self.positions.backward(dx, saved.positions)  # x = x + position
        self.embedding.backward(dx, saved.embedding)  # x = embedding(ids)

    def forward(self, ids: np.ndarray, *, rng=None) -> tuple[Array, GPTSaved]:
        hidden, se = self.hidden(ids, rng=rng)
        logits, sh = self.head.forward(hidden)
        return logits, GPTSaved(se, sh)

    def backward(self, dlogits: Array, saved: GPTSaved) -> None:
        dhidden = self.head.backward(dlogits, saved.head)  # logits = head(hidden)
        self.hidden_backward(dhidden, saved.hidden)  # hidden = hidden(ids)

    def extend(self, ids: np.ndarray, cache: "KeyValueCache", *, last: int | None = None) -> Array:
        """The next tokens ids (B, T), after those in the cache -> logits (B, V) of the token that follows. No backward; for generation.

        With `last`, logits (B, last, V) of what follows each of the last so many tokens.
        """
        x = self.embed_next(ids, cache)
        stop = cache.length + ids.shape[1]
        bias = self.alibi(stop)
        for block, keys, values in zip(self.blocks, cache.keys, cache.values, strict=True):
            x = block.extend(x, keys, values, cache.length, bias=bias)
        cache.length = stop
        x = x[:, -1] if last is None else x[:, -last:]
        if self.norm:
            x, _ = self.norm.forward(x)
        return self.head.forward(x)[0]

    def embed_next(self, ids: np.ndarray, cache: "KeyValueCache") -> Array:
        """The next tokens ids (B, T), which the cache gets room for -> their vectors with positions, (B, T, D)."""
        check_ids(ids, self.config.vocab_size)
        stop = cache.length + ids.shape[1]
        if stop > self.config.context:
            raise ValueError(
                f"the context holds {self.config.context} tokens; {cache.length} are cached and {ids.shape[1]} came"
            )
        cache.reserve(stop)
        cache.ids[:, cache.length : stop] = ids
        first = max(cache.length - (self.config.ngram - 1), 0)  # the embedding looks back so far
        x, _ = self.embedding.forward(self.vector.device.xp.asarray(cache.ids[:, first:stop]))
        x = x[:, cache.length - first :]
        return self.positions.forward(x, cache.length)[0] if self.positions else x


class KeyValueCache:
    """The keys and values of the tokens so far, L arrays (B, G, C, K) of each: with them only the new token is computed.

    C grows with the text, up to the context, or to the model's window if that is narrower: see `layers.attention.remember`. And the tokens
    themselves, on the host, (B, context): an n-gram embedding looks back at them. The first `length` positions are filled.
    """

    FIRST_SIZE = 1024  # so that a short text takes little memory where the context is 100,000 tokens

    def __init__(self, model: GPT, batch: int = 1):
        config, xp, dtype = model.config, model.vector.device.xp, model.vector.dtype
        self.largest = config.attention_span
        shape = (batch, config.kv_heads, min(self.FIRST_SIZE, self.largest), config.d_kv)
        self.keys = [xp.empty(shape, dtype) for _ in range(config.layers)]
        self.values = [xp.empty(shape, dtype) for _ in range(config.layers)]
        self.ids = np.zeros((batch, config.context), np.int64)
        self.length = 0

    def reserve(self, length: int) -> None:
        """Make room for a text of so many tokens: twice as much as before at least, so that what is copied adds up to little."""
        size = self.keys[0].shape[2]
        if length > size < self.largest:
            self._copy(slice(None), self.keys[0].shape[0], min(max(length, 2 * size), self.largest))

    def reorder(self, rows: np.ndarray) -> None:
        """Text i becomes a copy of what text rows[i] was. rows, on the host, may repeat texts, and be more or fewer than before."""
        batch = self.keys[0].shape[0]
        if min(rows) < 0 or max(rows) >= batch:
            raise ValueError(f"rows must be among the {batch} of the cache, from 0 to {batch - 1}, got {list(rows)}")
        self.ids = self.ids[rows]
        self._copy(array_module(self.keys[0]).asarray(rows), len(rows), self.keys[0].shape[2])

    def _copy(self, rows: Array | slice, batch: int, size: int) -> None:
        """Some rows of what is filled, in new arrays with room for `batch` texts of `size` tokens."""
        for arrays in (self.keys, self.values):
            for i, old in enumerate(arrays):
                _, heads, _, width = old.shape
                arrays[i] = array_module(old).empty((batch, heads, size, width), old.dtype)
                arrays[i][:, :, : self.length] = old[rows, :, : self.length]
