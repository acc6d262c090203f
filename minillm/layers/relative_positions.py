"""Relative positions: the distance between two words, as a learned bias on attention's scores."""

from functools import lru_cache

import numpy as np

from minillm.backend import Array, array_module, constant
from minillm.layers.layer import Layer, Parameter
from minillm.ops import relative_bias, relative_bias_backward, relative_buckets
from minillm.ops.relative_positions import RelativeBiasSaved


@constant
@lru_cache(maxsize=8)
def _buckets(queries: int, keys: int, buckets: int, max_distance: int, bidirectional: bool, xp) -> Array:
    return xp.asarray(relative_buckets(queries, keys, buckets, max_distance, bidirectional))


class RelativePositionBias(Layer):
    """(T, S) -> bias (1, H, T, S), to be added to the scores of every head: a learned number for each head and each bucket of distances.

    Raffel et al. 2020, section 2.1. The last query is at the position of the last key; if T < S, the earlier keys are a cache. All
    blocks of a stack share one bias, and their gradients for it add up. See `ops.relative_buckets`.
    """

    def __init__(
        self,
        heads: int,
        rng: np.random.Generator,
        *,
        buckets: int = 32,
        max_distance: int = 128,
        bidirectional: bool = True,
        std: float = 0.02,
    ):
        least = 4 if bidirectional else 2
        if buckets < least or max_distance <= buckets // least:
            raise ValueError(
                f"{buckets} buckets up to distance {max_distance}: at least {least} are needed, and a distance above {buckets // least}"
            )
        self.weight = Parameter(rng.normal(0, std, (buckets, heads)))
        self.max_distance = max_distance
        self.bidirectional = bidirectional

    def forward(self, queries: int, keys: int) -> tuple[Array, RelativeBiasSaved]:
        table = self.weight.data
        distances = (table.shape[0], self.max_distance, self.bidirectional)
        return relative_bias(table, _buckets(queries, keys, *distances, array_module(table)), queries)

    def backward(self, dbias: Array, saved: RelativeBiasSaved) -> None:
        """T and S have no gradient."""
        if self.weight.trainable:
            self.weight.accumulate(relative_bias_backward(dbias, saved))  # bias = table[buckets]
