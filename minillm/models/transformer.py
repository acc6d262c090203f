"""The Transformer: the article's class, and the paper's model."""

import math
from typing import Any

import numpy as np

from minillm.backend import CPU, Array, Device
from minillm.layers import Dropout, Embedding, LayerNorm, Linear, ParameterVector, SinusoidalPositions, TiedLinear
from minillm.layers.block import BLOCKS
from minillm.layers.decoder_block import DECODER_BLOCKS
from minillm.models.encoder_decoder import EncoderDecoder, EncoderDecoderCache, HalfSaved
from minillm.models.model import key_mask, weight_rng
from minillm.models.transformer_config import TransformerConfig


class Transformer(EncoderDecoder):
    """The Transformer of Vaswani et al. 2017, as torch.nn.Transformer builds it, with embeddings, positions and head around it.

    `Transformer(vocab_size, d_model, nhead, num_layers)`, and any other field of `TransformerConfig` by its name; or
    `Transformer(config)`. Encoder and decoder begin with embeddings plus sinusoidal positions, and end
    with a LayerNorm, both pre-LN and post-LN.

    Weights are drawn on the host from `seed`: the matrices as large as torch's, and the words from N(0, 1/D) where they are scaled by √D or
    are the head's as well, elsewhere from N(0, 1), so that words and scores are of order one.
    """

    def __init__(
        self,
        vocab_size: int | TransformerConfig,
        d_model: int | None = None,
        nhead: int | None = None,
        num_layers: int | None = None,
        *,
        seed: int | None = 0,
        dtype: type = np.float32,
        device: Device = CPU,
        **choices: Any,
    ):
        sizes = {"d_model": d_model, "heads": nhead, "layers": num_layers}
        sizes = {name: size for name, size in sizes.items() if size is not None}
        if not isinstance(vocab_size, TransformerConfig):
            config = TransformerConfig(vocab_size, **sizes, **choices)
        elif sizes or choices:
            raise TypeError(f"{', '.join(sizes | choices)} came beside a config: give a config, or its values")
        else:
            config = vocab_size
        self.config = config
        rng, width = weight_rng(seed), config.d_model
        small = config.scale_embedding or config.tie_head
        table = {
            "std": 1 / math.sqrt(width) if small else 1.0,
            "scale": math.sqrt(width) if config.scale_embedding else 1.0,
        }
        self.source_embedding = self.target_embedding = Embedding(config.vocab_size, width, rng, **table)
        if not config.tie_embeddings:
            self.target_embedding = Embedding(config.vocab_size, width, rng, **table)
        self.positions = SinusoidalPositions(width)
        self.dropout = Dropout(config.dropout)
        options = {
            "dropout": config.dropout,
            "ffn_dropout": config.dropout,
            "activation": config.activation,
            "std": 1 / math.sqrt(2 * width),  # that of torch's Xavier draw for query, key and value
        }
        sizes = (width, config.heads, config.d_ff, rng)
        self.encoder = [BLOCKS[config.norm](*sizes, **options) for _ in range(config.layers)]
        self.encoder_norm = LayerNorm(width)
        self.decoder = [DECODER_BLOCKS[config.norm](*sizes, **options) for _ in range(config.layers)]
        self.decoder_norm = LayerNorm(width)
        if config.tie_head:
            self.head = TiedLinear(self.target_embedding.weight)
        else:
            self.head = Linear(width, config.vocab_size, rng, std=options["std"])
        self.vector = ParameterVector(self, dtype, device)

    def encode(self, source: np.ndarray, *, source_mask: np.ndarray | None = None, rng=None) -> tuple[Array, HalfSaved]:
        self.check_tokens(source, "source_mask", source_mask)
        xp = self.vector.device.xp
        x, se = self.source_embedding.forward(xp.asarray(source))
        x, _ = self.positions.forward(x)
        x, sd = self.dropout.forward(x, rng=rng)
        memory, ss = self.encoder_stack.forward(x, mask=key_mask(source_mask, xp), rng=rng)
        return memory, HalfSaved(se, sd, ss)

    def encode_backward(self, dmemory: Array, saved: HalfSaved) -> None:
        if not self.encoder_learns():
            return
        below = self.source_embedding.learns()
        dx = self.encoder_stack.backward(dmemory, saved.stack, needs_input_grad=below)  # memory = stack(x)
        if below:
            dx = self.dropout.backward(dx, saved.dropout)  # x = dropout(x)
            dx = self.positions.backward(dx, None)  # x = x + PE
            self.source_embedding.backward(dx, saved.embedding)  # x = embedding(source)

    def encoder_learns(self) -> bool:
        return any(layer.learns() for layer in (self.source_embedding, *self.encoder, self.encoder_norm))

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
        x, se = self.target_embedding.forward(xp.asarray(target))
        x, _ = self.positions.forward(x)
        x, sd = self.dropout.forward(x, rng=rng)
        masks = {"mask": key_mask(target_mask, xp), "memory_mask": key_mask(source_mask, xp)}
        hidden, ss = self.decoder_stack.forward(x, memory=memory, **masks, rng=rng)
        return hidden, HalfSaved(se, sd, ss)

    def decode_backward(self, dhidden: Array, saved: HalfSaved) -> Array | None:
        below = self.target_embedding.learns() or self.encoder_learns()
        gradients = self.decoder_stack.backward(dhidden, saved.stack, needs_input_grad=below)
        if not below:
            return None
        dx, dmemory = gradients  # hidden = stack(x, memory)
        if self.target_embedding.learns():
            dx = self.dropout.backward(dx, saved.dropout)  # x = dropout(x)
            dx = self.positions.backward(dx, None)  # x = x + PE
            self.target_embedding.backward(dx, saved.embedding)  # x = embedding(target)
        return dmemory

    def extend(self, ids: np.ndarray, cache: EncoderDecoderCache) -> Array:
        self.check_extension(ids, cache)
        cache.reserve(ids.shape[1])
        x, _ = self.target_embedding.forward(self.vector.device.xp.asarray(ids))
        x, _ = self.positions.forward(x, cache.length)
        layers = zip(self.decoder, cache.keys, cache.values, cache.memory_keys, cache.memory_values, strict=True)
        for block, keys, values, memory_keys, memory_values in layers:
            cached = (keys, values, cache.length, memory_keys, memory_values)
            x = block.extend(x, *cached, memory_mask=cache.memory_mask)
        cache.length += ids.shape[1]
        return self.head.forward(self.decoder_norm.forward(x[:, -1])[0])[0]
