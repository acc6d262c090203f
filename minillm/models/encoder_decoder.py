"""Encoder-decoders: an encoder reads a source in both directions, and a decoder writes a target while it looks at the source."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array, array_module, on_device
from minillm.layers import Layer, Stack
from minillm.layers.stack import StackSaved
from minillm.models.model import Model, check_ids, check_per_token, key_mask


class HalfSaved(NamedTuple):
    """What the encoder saved, or the decoder."""

    embedding: Any
    dropout: Any
    stack: StackSaved
    bias: Any = None  # T5's relative positions, and its dropout after the last norm
    last_dropout: Any = None

    @property
    def blocks(self) -> list:
        return self.stack.blocks


class EncoderDecoderSaved(NamedTuple):
    encoder: HalfSaved
    decoder: HalfSaved
    head: Any


class EncoderDecoder(Model, ABC):
    """source (B, S), target (B, T) -> logits (B, T, V), a score for every possible next token of the target at every place.

    The target is shifted by one: it begins with a start token, and the scores at a position are for the token after it. S and T may be of
    any length. Here is what `Transformer` and `T5` have in common; each has its own `encode`, `decode`, their backwards, and `extend`.
    """

    encoder: list[Layer]
    encoder_norm: Layer
    decoder: list[Layer]  # of blocks with `attention` and `cross_attention`
    decoder_norm: Layer
    head: Layer

    @property
    def encoder_stack(self) -> Stack:
        """The blocks and the last norm as one layer. They are named as the model's own: `encoder.0...`, `encoder_norm...`."""
        return Stack(self.encoder, self.encoder_norm)

    @property
    def decoder_stack(self) -> Stack:
        return Stack(self.decoder, self.decoder_norm)

    @abstractmethod
    def encode(self, source: np.ndarray, *, source_mask: np.ndarray | None = None, rng=None) -> tuple[Array, HalfSaved]:
        """source (B, S) -> memory (B, S, D): a vector for every token, which depends on the source on both sides of it."""

    @abstractmethod
    def encode_backward(self, dmemory: Array, saved: HalfSaved) -> None:
        """dmemory (B, S, D): every line of `encode`, last one first, down to the lowest layer that learns."""

    @abstractmethod
    def decode(
        self,
        target: np.ndarray,
        memory: Array,
        *,
        target_mask: np.ndarray | None = None,
        source_mask: np.ndarray | None = None,
        rng=None,
    ) -> tuple[Array, HalfSaved]:
        """target (B, T), memory (B, S, D) -> hidden (B, T, D), from which the head makes the scores."""

    @abstractmethod
    def decode_backward(self, dhidden: Array, saved: HalfSaved) -> Array | None:
        """dhidden (B, T, D) -> dmemory (B, S, D): every block read the memory, so their gradients for it add up.

        If nothing learns below the decoder's blocks, backward ends at the lowest block that does, and returns None.
        """

    def forward(
        self,
        source: np.ndarray,
        target: np.ndarray,
        *,
        source_mask: np.ndarray | None = None,
        target_mask: np.ndarray | None = None,
        rng=None,
    ) -> tuple[Array, EncoderDecoderSaved]:
        """All on the host. The masks (B, S) and (B, T) are boolean, True = real token: no token looks at the others. `rng`: dropout on.

        A target with its padding on the right needs no mask, since no token looks to the right.
        """
        if not on_device(source) and np.shape(source)[:1] != np.shape(target)[:1]:
            raise ValueError(
                f"sources are {np.shape(source)} but targets {np.shape(target)}: one target for each source"
            )
        memory, se = self.encode(source, source_mask=source_mask, rng=rng)
        hidden, sd = self.decode(target, memory, target_mask=target_mask, source_mask=source_mask, rng=rng)
        logits, sh = self.head.forward(hidden)
        return logits, EncoderDecoderSaved(se, sd, sh)

    def backward(self, dlogits: Array, saved: EncoderDecoderSaved) -> None:
        dhidden = self.head.backward(dlogits, saved.head)  # logits = head(hidden)
        dmemory = self.decode_backward(dhidden, saved.decoder)  # hidden = decode(target, memory)
        self.encode_backward(dmemory, saved.encoder)  # memory = encode(source)

    def start(self, source: np.ndarray, *, source_mask: np.ndarray | None = None) -> "EncoderDecoderCache":
        """Read the source (B, S), once for a whole answer -> a cache with its keys and values for every decoder block. No dropout."""
        memory, _ = self.encode(source, source_mask=source_mask)
        mask = key_mask(source_mask, self.vector.device.xp)
        return EncoderDecoderCache([block.cross_attention.keys_values(memory) for block in self.decoder], mask)

    @abstractmethod
    def extend(self, ids: np.ndarray, cache: "EncoderDecoderCache") -> Array:
        """The target's next tokens ids (B, T), after those in the cache -> logits (B, V) of the token that follows. No backward."""

    def check_tokens(self, ids: np.ndarray, name: str, mask: np.ndarray | None) -> None:
        """Raise ValueError unless ids, and their mask if there is one, are host arrays of the right kind."""
        check_ids(ids, self.config.vocab_size)
        if mask is not None:
            check_per_token(name, mask, ids, "b")

    def check_extension(self, ids: np.ndarray, cache: "EncoderDecoderCache") -> None:
        """Raise ValueError unless ids are good and as many texts as the cache has."""
        check_ids(ids, self.config.vocab_size)
        if len(ids) != len(cache.sources):
            raise ValueError(f"ids are {ids.shape}, but the cache is of {len(cache.sources)} texts")


class EncoderDecoderCache:
    """The keys and values of B texts: those of the source, computed once, and those of the target so far.

    L arrays of each: `memory_keys` and `memory_values` (B, H, S, K), `keys` and `values` (B, H, room, K), of which the first `length`
    positions are filled. Set length to 0 to begin another answer.
    """

    def __init__(self, memory: list[tuple[Array, Array]], memory_mask: Array | None):
        self.memory_keys = [keys for keys, _ in memory]
        self.memory_values = [values for _, values in memory]
        self.memory_mask = memory_mask
        self.sources = np.arange(len(self.memory_keys[0]))  # which source each text answers
        self.keys = [keys[:, :, :0] for keys in self.memory_keys]
        self.values = self.keys
        self.length = 0

    def reserve(self, tokens: int) -> None:
        """Make room for this many more tokens. The room doubles, so that a long answer is not copied for every token."""
        room, needed = self.keys[0].shape[2], self.length + tokens
        if needed > room:
            self.keys = [self._wider(array, max(needed, 2 * room)) for array in self.keys]
            self.values = [self._wider(array, max(needed, 2 * room)) for array in self.values]

    def _wider(self, array: Array, room: int) -> Array:
        batch, heads, _, width = array.shape
        wider = array_module(array).empty((batch, heads, room, width), array.dtype)
        wider[:, :, : self.length] = array[:, :, : self.length]
        return wider

    def reorder(self, rows: np.ndarray) -> None:
        """Text i becomes a copy of what text rows[i] was. rows, on the host, may repeat texts, and be fewer or more than before."""
        rows, batch = np.asarray(rows), len(self.sources)
        if rows.ndim != 1 or rows.dtype.kind not in "iu" or rows.size == 0 or rows.min() < 0 or rows.max() >= batch:
            raise ValueError(f"rows must be numbers of texts from 0 to {batch - 1}, got {rows.tolist()}")
        at = array_module(self.keys[0]).asarray(rows)
        self.keys, self.values = ([array.take(at, axis=0) for array in part] for part in (self.keys, self.values))
        if np.array_equal(self.sources[rows], self.sources):
            return  # beams of the same sources were reordered: what they read is the same
        self.sources = self.sources[rows]
        self.memory_keys, self.memory_values = (
            [array.take(at, axis=0) for array in part] for part in (self.memory_keys, self.memory_values)
        )
        if self.memory_mask is not None:
            self.memory_mask = self.memory_mask.take(at, axis=0)
