"""Layers: they own parameters, never activations. `layer.py` holds the contract that every one of them keeps."""

from minillm.layers.attention import BilinearAttention, MultiHeadAttention
from minillm.layers.block import PostNormBlock, PreNormBlock
from minillm.layers.decoder_block import PostNormDecoderBlock, PreNormDecoderBlock
from minillm.layers.dropout import Dropout
from minillm.layers.embedding import Embedding
from minillm.layers.feedforward import FeedForward, GatedFeedForward
from minillm.layers.int8 import Int8, int8_names, refuse_int8, use_int8
from minillm.layers.layer import Layer, Parameter, ParameterVector
from minillm.layers.linear import Linear, TiedLinear
from minillm.layers.lora import LoRALinear, add_lora, merge_lora
from minillm.layers.ngram_embedding import NgramEmbedding
from minillm.layers.normalization import LayerNorm, RMSNorm
from minillm.layers.pooling import Pooling
from minillm.layers.positions import LearnedPositions, RotaryPositions, SinusoidalPositions
from minillm.layers.relative_positions import RelativePositionBias
from minillm.layers.stack import Stack
from minillm.ops import causal_mask, padding_mask

__all__ = [
    "BilinearAttention",
    "Dropout",
    "Embedding",
    "FeedForward",
    "GatedFeedForward",
    "Int8",
    "Layer",
    "LayerNorm",
    "LearnedPositions",
    "Linear",
    "LoRALinear",
    "MultiHeadAttention",
    "NgramEmbedding",
    "Parameter",
    "ParameterVector",
    "Pooling",
    "PostNormBlock",
    "PostNormDecoderBlock",
    "PreNormBlock",
    "PreNormDecoderBlock",
    "RMSNorm",
    "RelativePositionBias",
    "RotaryPositions",
    "SinusoidalPositions",
    "Stack",
    "TiedLinear",
    "add_lora",
    "causal_mask",
    "int8_names",
    "merge_lora",
    "padding_mask",
    "refuse_int8",
    "use_int8",
]
