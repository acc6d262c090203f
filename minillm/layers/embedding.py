"""Embedding: each token id becomes a row of a table."""

import numpy as np

from minillm.backend import Array
from minillm.errors import InputError
from minillm.layers.layer import Layer, Parameter
from minillm.ops import embedding, embedding_backward
from minillm.ops.embeddings import EmbeddingSaved


class Embedding(Layer):
    """ids (B, T) -> scale · table[ids], (B, T, D): the vector of every token. The table is drawn from N(0, std²)."""

    def __init__(
        self, vocab_size: int, d_model: int, rng: np.random.Generator, *, std: float = 0.02, scale: float = 1.0
    ):
        self.weight = Parameter(rng.normal(0, std, (vocab_size, d_model)))
        self.scale = scale

    def check_ids(self, ids: Array) -> None:
        """Raise InputError unless ids are whole numbers. The models check, on the host, that the table has them."""
        if ids.dtype.kind not in "iu":
            raise InputError(
                f"{type(self).__name__} has a table {self.weight.data.shape}, but ids are {ids.dtype} {ids.shape}.",
                "Give token ids: whole numbers, each the number of a row.",
            )

    def forward(self, ids: Array) -> tuple[Array, EmbeddingSaved]:
        self.check_ids(ids)
        rows, saved = embedding(ids, self.weight.data)
        return (rows if self.scale == 1 else rows * self.scale), saved

    def backward(self, dy: Array, saved: EmbeddingSaved) -> None:
        """ids have no gradient: they are names, not quantities."""
        if self.weight.trainable:
            drows = dy if self.scale == 1 else dy * self.scale  # y = scale · rows
            self.weight.accumulate(embedding_backward(drows, saved))  # rows = table[ids]
