"""Embedding: each token id becomes a row of a table."""

import numpy as np

from minillm.backend import Array
from minillm.layers.layer import Layer, Parameter
from minillm.ops import embedding, embedding_backward


class Embedding(Layer):
    """ids (B, T) -> (B, T, D): the vector of every token, drawn from N(0, std²) at first."""

    def __init__(self, vocab_size: int, d_model: int, rng: np.random.Generator, *, std: float = 0.02):
        self.weight = Parameter(rng.normal(0, std, (vocab_size, d_model)))

    def forward(self, ids: Array) -> tuple[Array, tuple]:
        return embedding(ids, self.weight.data)

    def backward(self, dy: Array, saved: tuple) -> None:
        """There is no gradient for ids: they are names, not quantities."""
        if self.weight.trainable:
            self.weight.accumulate(embedding_backward(dy, saved))
