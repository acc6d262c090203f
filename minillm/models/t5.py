"""T5: an encoder-decoder with relative positions, RMSNorm, and no bias but that of the positions."""

import math

import numpy as np

from minillm.backend import CPU, Array, Device
from minillm.layers import (
    Dropout,
    Embedding,
    FeedForward,
    GatedFeedForward,
    Linear,
    MultiHeadAttention,
    ParameterVector,
    PreNormBlock,
    PreNormDecoderBlock,
    RelativePositionBias,
    RMSNorm,
    TiedLinear,
)
from minillm.models.encoder_decoder import EncoderDecoder, EncoderDecoderCache, HalfSaved
from minillm.models.model import config_from, key_mask, weight_rng
from minillm.models.t5_config import T5Config


def t5_attention(config: T5Config, rng: np.random.Generator) -> MultiHeadAttention:
    """Attention whose scores are not scaled: the first weights of the queries have the factor 1/√K instead (their code)."""
    attention = MultiHeadAttention(
        config.d_model,
        config.heads,
        rng,
        dropout=config.dropout,
        bias=False,
        std=1 / math.sqrt(config.d_model),
        output_std=1 / math.sqrt(config.heads * config.d_kv),
        scale=1.0,
        d_kv=config.d_kv,
    )
    query = attention.query.weight
    query.data = query.data * (1 / math.sqrt(config.d_kv))
    return attention


def t5_feedforward(config: T5Config, rng: np.random.Generator) -> FeedForward | GatedFeedForward:
    kind = GatedFeedForward if config.gated else FeedForward
    stds = {"std": 1 / math.sqrt(config.d_model), "output_std": 1 / math.sqrt(config.d_ff)}
    options = {"activation": config.activation, "dropout": config.dropout, "bias": False}
    return kind(config.d_model, config.d_ff, rng, **options, **stds)


def t5_block(config: T5Config, rng: np.random.Generator) -> PreNormBlock:
    """A block of the encoder: pre-norm, with RMSNorm, and no bias but that of relative positions."""
    sizes = (config.d_model, config.heads, config.d_ff, rng)
    parts = {"attention": t5_attention(config, rng), "ffn": t5_feedforward(config, rng)}
    return PreNormBlock(*sizes, dropout=config.dropout, norm=RMSNorm, eps=config.eps, **parts)


def t5_decoder_block(config: T5Config, rng: np.random.Generator) -> PreNormDecoderBlock:
    sizes = (config.d_model, config.heads, config.d_ff, rng)
    parts = {"attention": t5_attention(config, rng), "cross_attention": t5_attention(config, rng)}
    parts["ffn"] = t5_feedforward(config, rng)
    return PreNormDecoderBlock(*sizes, dropout=config.dropout, norm=RMSNorm, eps=config.eps, **parts)


class T5(EncoderDecoder):
    """The text-to-text Transformer of Raffel et al. 2020, section 2.1, versions 1.0 and 1.1. Targets start with `config.pad_id`.

    Source and target share one embedding table. Encoder and decoder each have one table of relative positions, shared by all their blocks.
    The head is the embedding table, after a factor 1/√D (v1.0), or a matrix of its own (v1.1).

    Weights are drawn on the host from `seed` as in their code, N(0, 1) for words and N(0, 1/n) for a matrix with n inputs.

    The fields of `T5Config` may also be given by name: `T5(vocab_size=100, layers=2)`.
    """

    def __init__(
        self,
        config: T5Config | None = None,
        *,
        seed: int | None = 0,
        dtype: type = np.float32,
        device: Device = CPU,
        **sizes,
    ):
        config = config_from(T5Config, config, sizes)
        rng, std = weight_rng(seed), 1 / math.sqrt(config.d_model)
        self.config = config
        self.embedding = Embedding(config.vocab_size, config.d_model, rng, std=1.0)
        self.dropout = Dropout(config.dropout)
        distances = {"buckets": config.buckets, "max_distance": config.max_distance, "std": std}
        self.encoder_bias = RelativePositionBias(config.heads, rng, bidirectional=True, **distances)
        self.encoder = [t5_block(config, rng) for _ in range(config.layers)]
        self.encoder_norm = RMSNorm(config.d_model, eps=config.eps)
        self.decoder_bias = RelativePositionBias(config.heads, rng, bidirectional=False, **distances)
        self.decoder = [t5_decoder_block(config, rng) for _ in range(config.decoder_layers)]
        self.decoder_norm = RMSNorm(config.d_model, eps=config.eps)
        if config.tie_head:
            self.head = TiedLinear(self.embedding.weight, scale=std)
        else:
            self.head = Linear(config.d_model, config.vocab_size, rng, bias=False, std=std)
        self.vector = ParameterVector(self, dtype, device)

    def encode(self, source: np.ndarray, *, source_mask: np.ndarray | None = None, rng=None) -> tuple[Array, HalfSaved]:
        self.check_tokens(source, "source_mask", source_mask)
        xp = self.vector.device.xp
        x, se = self.embedding.forward(xp.asarray(source))
        x, d1 = self.dropout.forward(x, rng=rng)
        bias, sb = self.encoder_bias.forward(source.shape[1], source.shape[1])
        x, ss = self.encoder_stack.forward(x, mask=key_mask(source_mask, xp), bias=bias, rng=rng)
        memory, d2 = self.dropout.forward(x, rng=rng)
        return memory, HalfSaved(se, d1, ss, sb, d2)

    def encode_backward(self, dmemory: Array, saved: HalfSaved) -> None:
        if not self.encoder_learns():
            return
        below = self.embedding.learns() or self.encoder_bias.learns()
        dx = self.dropout.backward(dmemory, saved.last_dropout)  # memory = dropout(x)
        gradients = self.encoder_stack.backward(dx, saved.stack, needs_input_grad=below)
        if below:
            dx, dbias = gradients  # x = stack(x, bias)
            self.encoder_bias.backward(dbias, saved.bias)  # bias = encoder_bias(S, S), shared by all blocks
            dx = self.dropout.backward(dx, saved.dropout)  # x = dropout(x)
            self.embedding.backward(dx, saved.embedding)  # x = embedding(source)

    def encoder_learns(self) -> bool:
        layers = (self.embedding, self.encoder_bias, *self.encoder, self.encoder_norm)
        return any(layer.learns() for layer in layers)

    def decode(
        self,
        target: np.ndarray,
        memory: Array,
        *,
        target_mask: np.ndarray | None = None,
        source_mask: np.ndarray | None = None,
        rng=None,
    ) -> tuple[Array, HalfSaved]:
        self.check_tokens(target, "target_mask", target_mask)
        xp = self.vector.device.xp
        x, se = self.embedding.forward(xp.asarray(target))
        x, d1 = self.dropout.forward(x, rng=rng)
        bias, sb = self.decoder_bias.forward(target.shape[1], target.shape[1])
        masks = {"mask": key_mask(target_mask, xp), "memory_mask": key_mask(source_mask, xp)}
        x, ss = self.decoder_stack.forward(x, memory=memory, **masks, bias=bias, rng=rng)
        hidden, d2 = self.dropout.forward(x, rng=rng)
        return hidden, HalfSaved(se, d1, ss, sb, d2)

    def decode_backward(self, dhidden: Array, saved: HalfSaved) -> Array | None:
        below = self.decoder_bias.learns() or self.encoder_learns()  # the encoder's words are the decoder's, too
        dx = self.dropout.backward(dhidden, saved.last_dropout)  # hidden = dropout(x)
        gradients = self.decoder_stack.backward(dx, saved.stack, needs_input_grad=below)
        if not below:
            return None
        dx, dmemory, dbias = gradients  # x = stack(x, memory, bias)
        self.decoder_bias.backward(dbias, saved.bias)  # bias = decoder_bias(T, T), shared by all blocks
        if self.embedding.learns():
            dx = self.dropout.backward(dx, saved.dropout)  # x = dropout(x)
            self.embedding.backward(dx, saved.embedding)  # x = embedding(target)
        return dmemory

    def extend(self, ids: np.ndarray, cache: EncoderDecoderCache) -> Array:
        self.check_extension(ids, cache)
        cache.reserve(ids.shape[1])
        x, _ = self.embedding.forward(self.vector.device.xp.asarray(ids))
        bias, _ = self.decoder_bias.forward(ids.shape[1], cache.length + ids.shape[1])
        layers = zip(self.decoder, cache.keys, cache.values, cache.memory_keys, cache.memory_values, strict=True)
        for block, keys, values, memory_keys, memory_values in layers:
            cached = (keys, values, cache.length, memory_keys, memory_values)
            x = block.extend(x, *cached, memory_mask=cache.memory_mask, bias=bias)
        cache.length += ids.shape[1]
        return self.head.forward(self.decoder_norm.forward(x[:, -1])[0])[0]
