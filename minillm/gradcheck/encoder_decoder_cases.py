"""Gradient checks of the encoder-decoders: their norms, positions, feed-forward layers and blocks, and the whole models."""

import numpy as np

from minillm.gradcheck.cases import LayerCase, case
from minillm.layers import (
    FeedForward,
    GatedFeedForward,
    Layer,
    MultiHeadAttention,
    Parameter,
    PostNormBlock,
    PostNormDecoderBlock,
    PreNormDecoderBlock,
    RelativePositionBias,
    RMSNorm,
    Stack,
    TiedLinear,
    padding_mask,
)
from minillm.layers.gradcheck import randomize
from minillm.models import T5, T5Config, Transformer, TransformerConfig
from minillm.models.t5 import t5_block, t5_decoder_block

# B = 2, S = 7, with repeated tokens, and tokens that never come
SOURCE = np.array([[3, 1, 3, 9, 0, 5, 2], [7, 3, 2, 2, 10, 1, 1]])
TARGET = np.array([[1, 6, 3, 9, 3], [1, 2, 2, 4, 4]])  # T = 5
SOURCE_MASK = np.array([[0, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0]], bool)  # one padded on the left, one on the right
TARGET_MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], bool)
MASKS = {"source_mask": SOURCE_MASK, "target_mask": TARGET_MASK}
MEMORY_MASK = padding_mask(np.array([7, 4]), 7)


@case("RMSNorm")
def _(rng):
    return LayerCase(randomize(RMSNorm(7), rng), (rng.standard_normal((2, 3, 7)),))


@case("TiedLinear:scaled")
def _(rng):
    return LayerCase(TiedLinear(Parameter(rng.standard_normal((7, 5))), scale=2.0), (rng.standard_normal((2, 3, 5)),))


@case("FeedForward:dropout")
def _(rng):
    layer = randomize(FeedForward(5, 9, rng, activation="relu", dropout=0.3), rng)
    return LayerCase(layer, (rng.standard_normal((2, 3, 5)),), {"dropout_seed": 3})


@case("PostNormBlock:ffn-dropout")
def _(rng):
    layer = randomize(PostNormBlock(6, 2, 9, rng, dropout=0.2, ffn_dropout=0.3), rng)
    return LayerCase(layer, (rng.standard_normal((2, 5, 6)),), {"dropout_seed": 3})


@case("GatedFeedForward")
def _(rng):
    return LayerCase(randomize(GatedFeedForward(5, 9, rng), rng), (rng.standard_normal((2, 3, 5)),))


@case("GatedFeedForward:silu")
def _(rng):
    return LayerCase(randomize(GatedFeedForward(5, 9, rng, activation="silu"), rng), (rng.standard_normal((2, 3, 5)),))


@case("GatedFeedForward:dropout")
def _(rng):
    layer = randomize(GatedFeedForward(5, 9, rng, activation="relu", bias=False, dropout=0.3), rng)
    return LayerCase(layer, (rng.standard_normal((2, 3, 5)),), {"dropout_seed": 3})


@case("RelativePositionBias")
def _(rng):
    return LayerCase(randomize(RelativePositionBias(3, rng, buckets=8, max_distance=5), rng), (7, 7))


@case("RelativePositionBias:backward-only")
def _(rng):
    layer = RelativePositionBias(3, rng, buckets=6, max_distance=5, bidirectional=False)
    return LayerCase(randomize(layer, rng), (3, 7))


def target_and_memory(rng):
    """B = 2, T = 5, S = 7, D = 6."""
    return rng.standard_normal((2, 5, 6)), rng.standard_normal((2, 7, 6))


@case("PreNormDecoderBlock")
def _(rng):
    layer = randomize(PreNormDecoderBlock(6, 2, 9, rng), rng)
    return LayerCase(layer, target_and_memory(rng), {"memory_mask": MEMORY_MASK})


@case("PreNormDecoderBlock:dropout")
def _(rng):
    layer = randomize(PreNormDecoderBlock(6, 3, 9, rng, dropout=0.2, ffn_dropout=0.3, activation="relu"), rng)
    options = {"mask": padding_mask(np.array([5, 3]), 5), "memory_mask": MEMORY_MASK, "dropout_seed": 3}
    return LayerCase(layer, target_and_memory(rng), options)


@case("PostNormDecoderBlock")
def _(rng):
    layer = randomize(PostNormDecoderBlock(6, 2, 9, rng, bias=False), rng)
    return LayerCase(layer, target_and_memory(rng), {"memory_mask": MEMORY_MASK})


@case("PostNormDecoderBlock:dropout")
def _(rng):
    layer = randomize(PostNormDecoderBlock(6, 3, 9, rng, dropout=0.2, ffn_dropout=0.3), rng)
    options = {"mask": padding_mask(np.array([5, 3]), 5), "memory_mask": MEMORY_MASK, "dropout_seed": 3}
    return LayerCase(layer, target_and_memory(rng), options)


def bias_for(rng, length):
    return rng.standard_normal((1, 2, length, length))


def tiny_transformer(rng: np.random.Generator, **changes) -> Transformer:
    """A float64 Transformer of about 1,200 parameters, all of them random and of order one."""
    sizes = {"vocab_size": 11, "d_model": 6, "heads": 2, "layers": 2, "d_ff": 5, "dropout": 0.0}
    return randomize(Transformer(TransformerConfig(**(sizes | changes)), dtype=np.float64), rng)


@case("Transformer")
def _(rng):
    return LayerCase(tiny_transformer(rng, layers=1), (SOURCE, TARGET), MASKS)


@case("Transformer:three-way-tied")
def _(rng):
    return LayerCase(tiny_transformer(rng, tie_head=True, activation="gelu"), (SOURCE, TARGET), MASKS)


@case("Transformer:three-tables")
def _(rng):
    model = tiny_transformer(rng, layers=1, tie_embeddings=False, norm="pre", scale_embedding=False, dropout=0.2)
    return LayerCase(model, (SOURCE, TARGET), MASKS | {"dropout_seed": 3})


@case("Transformer:long-target")
def _(rng):
    model = tiny_transformer(rng, layers=1, tie_head=True, norm="pre", activation="gelu_erf")
    return LayerCase(model, (TARGET, SOURCE))


@case("Transformer:frozen-encoder")
def _(rng):
    model = tiny_transformer(rng, tie_embeddings=False)
    for layer in (model.source_embedding, *model.encoder, model.encoder_norm, model.target_embedding, model.decoder[0]):
        layer.freeze()
    return LayerCase(model, (SOURCE, TARGET), MASKS)


@case("Transformer:frozen-decoder")
def _(rng):
    model = tiny_transformer(rng, tie_embeddings=False, norm="pre")
    for layer in (model.target_embedding, *model.decoder, model.source_embedding, model.encoder[0]):
        layer.freeze()
    return LayerCase(model, (SOURCE, TARGET), MASKS)


def unscaled(layer: Layer, rng: np.random.Generator) -> Layer:
    """As `randomize`, but with smaller weights for T5's queries, as at its start: else its scores grow, and softmax bends sharply."""
    randomize(layer, rng)
    for part in layer.sublayers():
        if isinstance(part, MultiHeadAttention):
            part.query.weight.data *= 0.4
    return layer


def block_config(**changes) -> T5Config:
    sizes = {"vocab_size": 11, "heads": 2, "d_model": 6, "d_kv": 5, "d_ff": 9, "dropout": 0.0}
    return T5Config(**(sizes | changes))


GATED = {"dropout": 0.2, "activation": "gelu", "gated": True}


@case("PreNormBlock:t5")
def _(rng):
    layer = unscaled(t5_block(block_config(), rng), rng)
    mask = padding_mask(np.array([5, 3]), 5)
    return LayerCase(layer, {"x": rng.standard_normal((2, 5, 6)), "bias": bias_for(rng, 5)}, {"mask": mask})


@case("PreNormBlock:t5-dropout")
def _(rng):
    layer = unscaled(t5_block(block_config(**GATED), rng), rng)
    return LayerCase(layer, {"x": rng.standard_normal((2, 5, 6)), "bias": bias_for(rng, 5)}, {"dropout_seed": 3})


@case("PostNormBlock:bias")
def _(rng):
    layer = randomize(PostNormBlock(6, 2, 9, rng), rng)
    return LayerCase(layer, {"x": rng.standard_normal((2, 5, 6)), "bias": bias_for(rng, 5)}, {"causal": True})


def target_memory_and_bias(rng):
    x, memory = target_and_memory(rng)
    return {"x": x, "memory": memory, "bias": bias_for(rng, 5)}


@case("PreNormDecoderBlock:t5")
def _(rng):
    layer = unscaled(t5_decoder_block(block_config(), rng), rng)
    return LayerCase(layer, target_memory_and_bias(rng), {"memory_mask": MEMORY_MASK})


@case("PreNormDecoderBlock:t5-dropout")
def _(rng):
    layer = unscaled(t5_decoder_block(block_config(**GATED), rng), rng)
    options = {"mask": padding_mask(np.array([5, 3]), 5), "memory_mask": MEMORY_MASK, "dropout_seed": 3}
    return LayerCase(layer, target_memory_and_bias(rng), options)


@case("PostNormDecoderBlock:bias")
def _(rng):
    layer = randomize(PostNormDecoderBlock(6, 2, 9, rng), rng)
    return LayerCase(layer, target_memory_and_bias(rng), {"memory_mask": MEMORY_MASK})


@case("Stack:decoder")
def _(rng):
    blocks = [PreNormDecoderBlock(6, 2, 9, rng, norm=RMSNorm) for _ in range(2)]
    return LayerCase(
        randomize(Stack(blocks, RMSNorm(6)), rng), target_memory_and_bias(rng), {"memory_mask": MEMORY_MASK}
    )


def tiny_t5(rng: np.random.Generator, **changes) -> T5:
    """A float64 T5 of about 1,100 parameters, all of them random and of order one."""
    sizes = {"vocab_size": 11, "layers": 2, "heads": 2, "d_model": 6, "d_kv": 4, "d_ff": 5, "buckets": 6}
    config = T5Config(**(sizes | {"max_distance": 5, "dropout": 0.0} | changes))
    model = unscaled(T5(config, dtype=np.float64), rng)
    model.embedding.weight.data *= 2  # of size one, as T5's own: what dropout leaves of a small word, RMSNorm blows up
    return model


@case("T5")
def _(rng):
    return LayerCase(tiny_t5(rng), (SOURCE, TARGET), MASKS)


@case("T5:v1.1")
def _(rng):
    model = tiny_t5(rng, layers=1, activation="gelu", gated=True, tie_head=False, dropout=0.2)
    return LayerCase(model, (SOURCE, TARGET), MASKS | {"dropout_seed": 5})


@case("T5:long-target")
def _(rng):
    return LayerCase(tiny_t5(rng, heads=3, layers=1), (TARGET, SOURCE))


@case("T5:frozen-encoder")
def _(rng):
    model = tiny_t5(rng, tie_head=False, layers=1, decoder_layers=2)
    for layer in (model.embedding, model.encoder_bias, *model.encoder, model.encoder_norm):
        layer.freeze()
    for layer in (model.decoder_bias, model.decoder[0]):
        layer.freeze()
    return LayerCase(model, (SOURCE, TARGET), MASKS)
