"""Gradient checks of the layers: every input and every parameter, at random parameters of order one."""

import numpy as np

from minillm.gradcheck.cases import LayerCase, case
from minillm.layers import (
    BilinearAttention,
    Dropout,
    Embedding,
    FeedForward,
    LayerNorm,
    LearnedPositions,
    Linear,
    MultiHeadAttention,
    NgramEmbedding,
    Parameter,
    PostNormBlock,
    PreNormBlock,
    RotaryPositions,
    SinusoidalPositions,
    Stack,
    TiedLinear,
    causal_mask,
    padding_mask,
)
from minillm.layers.gradcheck import randomize


@case("Linear")
def _(rng):
    return LayerCase(randomize(Linear(5, 7, rng), rng), (rng.standard_normal((2, 3, 5)),))


@case("Linear:no-bias")
def _(rng):
    return LayerCase(randomize(Linear(5, 7, rng, bias=False), rng), (rng.standard_normal((2, 3, 5)),))


@case("TiedLinear")
def _(rng):
    return LayerCase(TiedLinear(Parameter(rng.standard_normal((7, 5)))), (rng.standard_normal((2, 3, 5)),))


@case("Embedding")
def _(rng):
    return LayerCase(randomize(Embedding(9, 5, rng), rng), (np.array([[1, 4, 1], [0, 4, 1]]),))


@case("Embedding:scaled")
def _(rng):
    return LayerCase(randomize(Embedding(9, 5, rng, scale=2.0), rng), (np.array([[1, 4, 1], [0, 4, 1]]),))


@case("NgramEmbedding")
def _(rng):
    ids = np.array([[1, 4, 1, 1, 6], [0, 4, 1, 4, 1]])  # tokens and pairs that come again, and one, 8, that never comes
    return LayerCase(randomize(NgramEmbedding(9, 5, rng, ngram=3), rng), (ids,))


@case("NgramEmbedding:shorter-text")
def _(rng):
    layer = NgramEmbedding(5, 3, rng, ngram=4, scale=2.0)
    return LayerCase(randomize(layer, rng), (np.array([[1, 4], [0, 4], [1, 1]]),))


@case("LearnedPositions")
def _(rng):
    return LayerCase(randomize(LearnedPositions(7, 5, rng), rng), (rng.standard_normal((2, 3, 5)),))


@case("LearnedPositions:later-start")
def _(rng):
    return LayerCase(randomize(LearnedPositions(7, 5, rng), rng), (rng.standard_normal((2, 3, 5)),), {"start": 2})


@case("SinusoidalPositions")
def _(rng):
    return LayerCase(SinusoidalPositions(6), (rng.standard_normal((2, 3, 6)),))


@case("RotaryPositions")
def _(rng):
    layer = RotaryPositions(6, theta=50.0, factor=2.0, original_context=30)
    return LayerCase(layer, (rng.standard_normal((2, 3, 5, 6)),), {"start": 3})


@case("LayerNorm")
def _(rng):
    return LayerCase(randomize(LayerNorm(7), rng), (rng.standard_normal((2, 3, 7)),))


@case("Dropout")
def _(rng):
    return LayerCase(Dropout(0.4), (rng.standard_normal((2, 3, 5)),), {"dropout_seed": 3})


@case("FeedForward:gelu")
def _(rng):
    return LayerCase(randomize(FeedForward(5, 9, rng), rng), (rng.standard_normal((2, 3, 5)),))


@case("FeedForward:gelu_erf")
def _(rng):
    return LayerCase(randomize(FeedForward(5, 9, rng, activation="gelu_erf"), rng), (rng.standard_normal((2, 3, 5)),))


@case("FeedForward:relu")
def _(rng):
    layer = FeedForward(5, 9, rng, activation="relu", bias=False)
    return LayerCase(randomize(layer, rng), (rng.standard_normal((2, 3, 5)),))


def query_and_memory(rng):
    """B = 2, T = 3, S = 5, D = 6."""
    return rng.standard_normal((2, 3, 6)), rng.standard_normal((2, 5, 6))


@case("MultiHeadAttention:cross")
def _(rng):
    return LayerCase(randomize(MultiHeadAttention(6, 2, rng), rng), query_and_memory(rng))


@case("MultiHeadAttention:causal")
def _(rng):
    layer = MultiHeadAttention(9, 3, rng, bias=False)
    inputs = (rng.standard_normal((2, 5, 9)), rng.standard_normal((2, 5, 9)))
    return LayerCase(randomize(layer, rng), inputs, {"causal": True})


@case("MultiHeadAttention:padding")
def _(rng):
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    return LayerCase(layer, query_and_memory(rng), {"mask": padding_mask(np.array([5, 2]), 5)})


@case("MultiHeadAttention:nowhere-to-look")
def _(rng):
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    return LayerCase(layer, query_and_memory(rng), {"mask": padding_mask(np.array([0, 4]), 5)})


@case("MultiHeadAttention:dropout")
def _(rng):
    layer = randomize(MultiHeadAttention(6, 2, rng, dropout=0.3), rng)
    return LayerCase(layer, query_and_memory(rng), {"mask": causal_mask(3, 5), "dropout_seed": 3})


@case("MultiHeadAttention:bias")
def _(rng):
    layer = randomize(MultiHeadAttention(5, 3, rng, bias=False, scale=0.8, d_kv=7), rng)
    inputs = {"x": rng.standard_normal((2, 3, 5)), "memory": rng.standard_normal((2, 7, 5))}
    inputs["bias"] = rng.standard_normal((1, 3, 3, 7))
    return LayerCase(layer, inputs, {"mask": padding_mask(np.array([7, 4]), 7), "causal": True})


@case("MultiHeadAttention:rotary")
def _(rng):
    layer = randomize(MultiHeadAttention(6, 3, rng, d_kv=4, rotary=RotaryPositions(4, theta=50.0)), rng)
    return LayerCase(layer, query_and_memory(rng), {"mask": padding_mask(np.array([5, 2]), 5)})


@case("MultiHeadAttention:grouped")
def _(rng):
    layer = randomize(MultiHeadAttention(6, 6, rng, d_kv=3, kv_heads=2, bias=False, qkv_bias=True), rng)
    return LayerCase(layer, query_and_memory(rng), {"mask": padding_mask(np.array([5, 2]), 5)})


@case("MultiHeadAttention:window")
def _(rng):
    layer = randomize(MultiHeadAttention(6, 2, rng, window=2), rng)
    return LayerCase(layer, query_and_memory(rng), {"causal": True})


@case("BilinearAttention")
def _(rng):
    layer = randomize(BilinearAttention(5, rng), rng)
    return LayerCase(layer, (rng.standard_normal((2, 3, 5)),), {"mask": causal_mask(3, 3)})


@case("PreNormBlock")
def _(rng):
    layer = randomize(PreNormBlock(6, 2, 9, rng, dropout=0.2), rng)
    return LayerCase(layer, (rng.standard_normal((2, 5, 6)),), {"causal": True, "dropout_seed": 3})


@case("PreNormBlock:no-dropout")
def _(rng):
    layer = randomize(PreNormBlock(6, 2, 9, rng, activation="gelu_erf", bias=False), rng)
    return LayerCase(layer, (rng.standard_normal((2, 5, 6)),), {"mask": padding_mask(np.array([5, 3]), 5)})


@case("PostNormBlock")
def _(rng):
    layer = randomize(PostNormBlock(6, 2, 9, rng, dropout=0.2), rng)
    mask = padding_mask(np.array([5, 3]), 5)
    return LayerCase(layer, (rng.standard_normal((2, 5, 6)),), {"mask": mask, "causal": True, "dropout_seed": 3})


@case("PostNormBlock:no-dropout")
def _(rng):
    layer = randomize(PostNormBlock(6, 2, 9, rng, activation="relu"), rng)
    return LayerCase(layer, (rng.standard_normal((2, 5, 6)),))


@case("Stack")
def _(rng):
    blocks = [PreNormBlock(6, 2, 5, rng, dropout=0.2) for _ in range(3)]
    layer = randomize(Stack(blocks, LayerNorm(6)), rng)
    return LayerCase(layer, (rng.standard_normal((2, 5, 6)),), {"causal": True, "dropout_seed": 3})


@case("Stack:no-norm")
def _(rng):
    layer = randomize(Stack([PostNormBlock(6, 3, 5, rng) for _ in range(2)]), rng)
    return LayerCase(layer, (rng.standard_normal((2, 5, 6)),), {"mask": padding_mask(np.array([5, 3]), 5)})
