"""T5: an encoder-decoder that tells words' places by how far apart they stand, and has no bias anywhere else."""

import math
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import CPU, Array, Device
from minillm.layers import (
    Dropout,
    Embedding,
    Linear,
    ParameterVector,
    RelativePositionBias,
    RMSNorm,
    T5DecoderBlock,
    T5EncoderBlock,
    TiedLinear,
)
from minillm.models.encoder_decoder import EncoderDecoder, EncoderDecoderCache
from minillm.models.model import first_weights, key_mask, lowest_that_learns
from minillm.models.t5_config import T5Config


class T5StackSaved(NamedTuple):
    """Of the encoder, or of the decoder."""

    embedding: Any
    drop1: Any
    bias: Any
    blocks: list
    norm: Any
    drop2: Any


class T5(EncoderDecoder):
    """The text-to-text Transformer of Raffel et al. 2020, section 2.1, versions 1.0 and 1.1. Targets start with `config.pad_id`.

    One table for the words of source and target. Each half has one table of relative positions, which all of its blocks share. The head is
    the table of words again, after a factor 1/√D (v1.0), or a matrix of its own (v1.1).

    Weights are drawn on the host from `seed` as in their code, N(0, 1) for words and N(0, 1/n) for a matrix with n inputs.
    """

    def __init__(self, config: T5Config, *, seed: int | None = 0, dtype: type = np.float32, device: Device = CPU):
        rng, std = first_weights(seed), 1 / math.sqrt(config.d_model)
        self.config = config
        self.embedding = Embedding(config.vocab_size, config.d_model, rng, std=1.0)
        self.dropout = Dropout(config.dropout)
        distances = {"buckets": config.buckets, "max_distance": config.max_distance, "std": std}
        sizes = (config.d_model, config.heads, config.d_kv, config.d_ff, rng)
        options = {
            "dropout": config.dropout,
            "activation": config.activation,
            "gated": config.gated,
            "eps": config.eps,
        }
        self.encoder_bias = RelativePositionBias(config.heads, rng, bidirectional=True, **distances)
        self.encoder = [T5EncoderBlock(*sizes, **options) for _ in range(config.layers)]
        self.encoder_norm = RMSNorm(config.d_model, eps=config.eps)
        self.decoder_bias = RelativePositionBias(config.heads, rng, bidirectional=False, **distances)
        self.decoder = [T5DecoderBlock(*sizes, **options) for _ in range(config.decoder_layers)]
        self.decoder_norm = RMSNorm(config.d_model, eps=config.eps)
        if config.tie_head:
            self.head = TiedLinear(self.embedding.weight, scale=std)
        else:
            self.head = Linear(config.d_model, config.vocab_size, rng, bias=False, std=std)
        self.vector = ParameterVector(self, dtype, device)

    def encode(self, source: np.ndarray, source_mask: np.ndarray | None = None, rng=None) -> tuple[Array, T5StackSaved]:
        self.check_tokens(source, "source_mask", source_mask)
        xp, blocks = self.vector.device.xp, []
        x, se = self.embedding.forward(xp.asarray(source))
        x, d1 = self.dropout.forward(x, rng)
        bias, sb = self.encoder_bias.forward(source.shape[1], source.shape[1])
        mask = key_mask(source_mask, xp)
        for block in self.encoder:
            x, s = block.forward(x, bias, mask, rng)
            blocks.append(s)
        x, sn = self.encoder_norm.forward(x)
        memory, d2 = self.dropout.forward(x, rng)
        return memory, T5StackSaved(se, d1, sb, blocks, sn, d2)

    def encode_backward(self, dmemory: Array, saved: T5StackSaved) -> None:
        if not self.encoder_learns():
            return
        bottom_learns = self.embedding.learns() or self.encoder_bias.learns()
        lowest = 0 if bottom_learns else lowest_that_learns(self.encoder)
        dx = self.dropout.backward(dmemory, saved.drop2)  # memory = dropout(x)
        dx = self.encoder_norm.backward(dx, saved.norm)  # x = norm(x)
        dbias = None
        for block, s in reversed(list(zip(self.encoder, saved.blocks, strict=True))[lowest:]):
            dx, dshared = block.backward(dx, s)  # x = block(x, bias)
            dbias = dshared if dbias is None else dbias + dshared
        if bottom_learns:
            self.encoder_bias.backward(dbias, saved.bias)  # bias = encoder_bias(S, S), shared by all blocks
            dx = self.dropout.backward(dx, saved.drop1)  # x = dropout(x)
            self.embedding.backward(dx, saved.embedding)  # x = embedding(source)

    def encoder_learns(self) -> bool:
        layers = (self.embedding, self.encoder_bias, *self.encoder, self.encoder_norm)
        return any(layer.learns() for layer in layers)

    def decode(
        self,
        target: np.ndarray,
        memory: Array,
        target_mask: np.ndarray | None = None,
        source_mask: np.ndarray | None = None,
        rng=None,
    ) -> tuple[Array, T5StackSaved]:
        self.check_tokens(target, "target_mask", target_mask)
        xp, blocks = self.vector.device.xp, []
        x, se = self.embedding.forward(xp.asarray(target))
        x, d1 = self.dropout.forward(x, rng)
        bias, sb = self.decoder_bias.forward(target.shape[1], target.shape[1])
        mask, memory_mask = key_mask(target_mask, xp), key_mask(source_mask, xp)
        for block in self.decoder:
            x, s = block.forward(x, memory, bias, mask, memory_mask, rng)
            blocks.append(s)
        x, sn = self.decoder_norm.forward(x)
        hidden, d2 = self.dropout.forward(x, rng)
        return hidden, T5StackSaved(se, d1, sb, blocks, sn, d2)

    def decode_backward(self, dhidden: Array, saved: T5StackSaved) -> Array | None:
        bottom_learns = self.embedding.learns() or self.decoder_bias.learns()
        lowest = 0 if bottom_learns or self.encoder_learns() else lowest_that_learns(self.decoder)
        dx = self.dropout.backward(dhidden, saved.drop2)  # hidden = dropout(x)
        dx = self.decoder_norm.backward(dx, saved.norm)  # x = norm(x)
        dmemory = dbias = None
        for block, s in reversed(list(zip(self.decoder, saved.blocks, strict=True))[lowest:]):
            dx, dread, dshared = block.backward(dx, s)  # x = block(x, memory, bias)
            dmemory = dread if dmemory is None else dmemory + dread
            dbias = dshared if dbias is None else dbias + dshared
        if bottom_learns:
            self.decoder_bias.backward(dbias, saved.bias)  # bias = decoder_bias(T, T), shared by all blocks
            dx = self.dropout.backward(dx, saved.drop1)  # x = dropout(x)
            self.embedding.backward(dx, saved.embedding)  # x = embedding(target)
        return dmemory

    def extend(self, ids: np.ndarray, cache: EncoderDecoderCache) -> Array:
        self.check_extension(ids, cache)
        cache.reserve(ids.shape[1])
        x, _ = self.embedding.forward(self.vector.device.xp.asarray(ids))
        bias, _ = self.decoder_bias.forward(ids.shape[1], cache.length + ids.shape[1])
        layers = zip(self.decoder, cache.keys, cache.values, cache.memory_keys, cache.memory_values, strict=True)
        for block, keys, values, memory_keys, memory_values in layers:
            x = block.extend(x, keys, values, cache.length, memory_keys, memory_values, cache.memory_mask, bias)
        cache.length += ids.shape[1]
        return self.head.forward(self.decoder_norm.forward(x[:, -1])[0])[0]
