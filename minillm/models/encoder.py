"""The encoder (BERT): reads a text in both directions, and predicts the words that were masked."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import CPU, Array, Device, on_device
from minillm.layers import (
    Dropout,
    Embedding,
    LayerNorm,
    LearnedPositions,
    ParameterVector,
    SinusoidalPositions,
    Stack,
)
from minillm.layers.block import BLOCKS
from minillm.layers.stack import StackSaved
from minillm.models.encoder_config import EncoderConfig
from minillm.models.heads import MaskedLMHead, MaskedLMHeadSaved
from minillm.models.model import Model, ModelWithBody, check_per_token, config_from, key_mask, weight_rng


class EncoderSaved(NamedTuple):
    embedding: Any
    positions: Any
    token_types: Any
    embedding_norm: Any
    dropout: Any
    stack: StackSaved

    @property
    def blocks(self) -> list:
        return self.stack.blocks


class Encoder(Model):
    """ids (B, T) -> hidden (B, T, D): a vector for every token, which depends on the text on both sides of it.

    Devlin et al. 2019, section 3: the sum of a word's, a position's and a segment's vector, a LayerNorm, dropout, L blocks, and a last
    LayerNorm (pre-LN only).

    Weights are drawn on the host from `seed`, as large as the Transformer's: words, positions and segments from N(0, 1/D), the matrices
    from N(0, 1/2D). At BERT's D = 768 these are deviations of 0.036 and 0.026, near its 0.02 everywhere. But with 0.02 a narrow model
    looks almost evenly at all tokens, and it takes long until it learns to look at single ones.
    """

    def __init__(self, config: EncoderConfig, *, seed: int | None = 0, dtype: type = np.float32, device: Device = CPU):
        rng, d_model = weight_rng(seed), config.d_model
        self.config = config
        # Word vectors as small as these would be lost in sines and cosines: Vaswani et al. 2017, section 3.4, multiply them by √D.
        scale, std = math.sqrt(d_model) if config.positions == "sinusoidal" else 1.0, 1 / math.sqrt(d_model)
        self.embedding = Embedding(config.vocab_size, d_model, rng, std=std, scale=scale)
        if config.positions == "learned":
            self.positions = LearnedPositions(config.context, d_model, rng, std=std)
        else:
            self.positions = SinusoidalPositions(d_model)
        self.token_types = Embedding(config.token_types, d_model, rng, std=std) if config.token_types else None
        self.embedding_norm = LayerNorm(d_model, eps=config.eps)
        self.dropout = Dropout(config.dropout)
        self.blocks = [
            BLOCKS[config.norm](
                d_model,
                config.heads,
                config.d_ff,
                rng,
                dropout=config.dropout,
                activation=config.activation,
                std=1 / math.sqrt(2 * d_model),
                eps=config.eps,
            )
            for _ in range(config.layers)
        ]
        self.norm = LayerNorm(d_model, eps=config.eps) if config.norm == "pre" else None
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
    ) -> tuple[Array, EncoderSaved]:
        """ids, mask, token_types (B, T), all on the host -> hidden (B, T, D). `rng` switches dropout on.

        mask is boolean, True = real token: no token looks at the others. token_types gives the segment of each token; 0 if it is left out.
        With layers_read, hidden (B, T, n D) is what these n layers give, side by side: 0 is the embeddings, i the i-th block.
        """
        self.check_inputs(ids, mask=mask, token_types=token_types)
        xp = self.vector.device.xp
        ids = xp.asarray(ids)
        x, se = self.embedding.forward(ids)
        x, sp = self.positions.forward(x)
        st = None
        if self.token_types:
            types = xp.zeros_like(ids) if token_types is None else token_types
            segment, st = self.token_types.forward(xp.asarray(types))
            x = x + segment
        x, sn = self.embedding_norm.forward(x)
        x, sd = self.dropout.forward(x, rng=rng)
        hidden, ss = self.stack.forward(x, layers_read=layers_read, mask=key_mask(mask, xp), rng=rng)
        return hidden, EncoderSaved(se, sp, st, sn, sd, ss)

    def check_inputs(
        self, ids: np.ndarray, *, mask: np.ndarray | None = None, token_types: np.ndarray | None = None
    ) -> None:
        """As any model's; and the model must know the segments, since CuPy would wrap a bad one silently."""
        super().check_inputs(ids, mask=mask)
        if token_types is not None and not on_device(token_types):
            check_per_token("token_types", token_types, ids, "iu")
            low, high, types = int(token_types.min()), int(token_types.max()), self.config.token_types
            if low < 0 or high >= types:
                raise ValueError(f"token type {low if low < 0 else high} came, but the model knows {types}")

    def hidden_backward(self, dhidden: Array, saved: EncoderSaved) -> None:
        """dhidden (B, T, D): every line of `hidden`, last one first, down to the lowest layer that learns anything."""
        bottom = [self.embedding, self.positions, self.token_types, self.embedding_norm]
        below = any(layer.learns() for layer in bottom if layer)
        dx = self.stack.backward(dhidden, saved.stack, needs_input_grad=below)  # hidden = stack(x)
        if not below:
            return
        dx = self.dropout.backward(dx, saved.dropout)  # x = dropout(x)
        dx = self.embedding_norm.backward(dx, saved.embedding_norm)  # x = embedding_norm(x)
        if self.token_types:
            self.token_types.backward(dx, saved.token_types)  # x = x + token_types
        dx = self.positions.backward(dx, saved.positions)  # x = x + position
        self.embedding.backward(dx, saved.embedding)  # x = embedding(ids)

    def forward(
        self, ids: np.ndarray, *, mask: np.ndarray | None = None, token_types: np.ndarray | None = None, rng=None
    ) -> tuple[Array, EncoderSaved]:
        """The same as `hidden`: without a head, what it knows is its output."""
        return self.hidden(ids, mask=mask, token_types=token_types, rng=rng)

    def backward(self, dhidden: Array, saved: EncoderSaved) -> None:
        self.hidden_backward(dhidden, saved)


class MaskedLMSaved(NamedTuple):
    body: EncoderSaved
    head: MaskedLMHeadSaved

    @property
    def blocks(self) -> list:
        return self.body.blocks


class MaskedLM(ModelWithBody):
    """ids (B, T), some of them masked -> logits (B, T, V): which word is at each position, given the words on both sides.

    The encoder and the head of Devlin et al. 2019, section 3.1.

    The fields of `EncoderConfig` may also be given by name: `MaskedLM(vocab_size=100, layers=2)`.
    """

    def __init__(
        self,
        config: EncoderConfig | None = None,
        *,
        seed: int | None = 0,
        dtype: type = np.float32,
        device: Device = CPU,
        **sizes,
    ):
        config = config_from(EncoderConfig, config, sizes)
        self.config = config
        self.body = Encoder(config, seed=seed, dtype=dtype, device=device)
        self.head = MaskedLMHead(
            self.body.embedding.weight,
            weight_rng(seed, 1),
            activation=config.activation,
            eps=config.eps,
            std=1 / math.sqrt(2 * config.d_model),
        )
        self.vector = self.body.vector = ParameterVector(self, dtype, device)

    def forward(
        self,
        ids: np.ndarray,
        *,
        mask: np.ndarray | None = None,
        token_types: np.ndarray | None = None,
        places: np.ndarray | None = None,
        rng=None,
    ) -> tuple[Array, MaskedLMSaved]:
        """As `Encoder.hidden`. With `places` (B, T), boolean, on the host: logits (N, V) of the N True positions only, row by row.

        On the device, `places` (N,) are their numbers, from 0 to B T - 1, in this order.
        """
        if places is not None and not on_device(places):
            check_per_token("places", places, ids, "b")
            places = self.vector.device.xp.asarray(np.flatnonzero(places))
        hidden, sb = self.body.hidden(ids, mask=mask, token_types=token_types, rng=rng)
        logits, sh = self.head.forward(hidden, places=places)
        return logits, MaskedLMSaved(sb, sh)

    def backward(self, dlogits: Array, saved: MaskedLMSaved) -> None:
        dhidden = self.head.backward(dlogits, saved.head)  # logits = head(hidden)
        self.body.hidden_backward(dhidden, saved.body)  # hidden = body.hidden(ids)
