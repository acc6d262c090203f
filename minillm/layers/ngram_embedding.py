"""N-gram embedding: a token's vector depends on the few tokens before it, too."""

import numpy as np

from minillm.backend import Array
from minillm.layers.embedding import Embedding
from minillm.layers.layer import Parameter
from minillm.ops import embedding, embedding_backward


class NgramEmbedding(Embedding):
    """ids (B, T) -> x (B, T, D): the sum of a token's own vector and one for each of the N - 1 tokens before it.

        x_t = scale · Σ_k E_k[ids_{t-k}]          k = 0 ... N - 1, as far as there are tokens before

    Each distance k has its own table, so order matters. Attention has to learn first how to find the token before, and a small model spends
    much of its training on that; here it is given from the first step on. The first neural language models did the same: this is the sum
    Σ_k C_k r_{w_k} of the log-bilinear model, with E_k = R C_k (Mnih & Hinton 2007), and the first layer of Bengio et al. 2003.
    It is also a causal convolution of width N over one-hot tokens, like the short convolutions of later models (Poli et al. 2023, Hyena).

    `weight` is E_0, to which a head may be tied; `earlier` holds E_1 ... E_{N-1}, (N - 1, V, D). All are drawn from N(0, std²).
    """

    def __init__(
        self,
        vocab_size: int,
        d_model: int,
        rng: np.random.Generator,
        *,
        ngram: int,
        std: float = 0.02,
        scale: float = 1.0,
    ):
        super().__init__(vocab_size, d_model, rng, std=std, scale=scale)
        self.earlier = Parameter(rng.normal(0, std, (ngram - 1, vocab_size, d_model)))

    def distances(self, length: int) -> range:
        """How far back a sequence of this length can look."""
        return range(1, min(len(self.earlier.data) + 1, length))

    def forward(self, ids: Array) -> tuple[Array, Array]:
        self.check_ids(ids)
        x, _ = embedding(ids, self.weight.data)
        for k in self.distances(ids.shape[1]):
            x[:, k:] += embedding(ids[:, :-k], self.earlier.data[k - 1])[0]
        return (x if self.scale == 1 else x * self.scale), ids

    def backward(self, dy: Array, saved: Array) -> None:
        """The gradient at position t goes to the rows that were read there: dE_k[ids_{t-k}] += scale · dy_t, for every k and t."""
        ids, table = saved, self.weight.data.shape
        dx = dy if self.scale == 1 else dy * self.scale  # y = scale · x
        if self.weight.trainable:
            self.weight.accumulate(embedding_backward(dx, (ids, table)))  # x = E_0[ids]
        if self.earlier.trainable:
            for k in self.distances(ids.shape[1]):
                self.earlier.grad[k - 1] += embedding_backward(dx[:, k:], (ids[:, :-k], table))  # x_t += E_k[ids_{t-k}]
