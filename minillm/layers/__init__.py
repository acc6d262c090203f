"""Layers: they own parameters, never activations. `layer.py` holds the contract that every one of them keeps."""

from minillm.layers.attention import BilinearAttention, MultiHeadAttention, causal_mask, padding_mask
from minillm.layers.block import PostNormBlock, PreNormBlock
from minillm.layers.dropout import Dropout
from minillm.layers.embedding import Embedding
from minillm.layers.feedforward import FeedForward
from minillm.layers.layer import Layer, Parameter, ParameterVector
from minillm.layers.linear import Linear, TiedLinear
from minillm.layers.normalization import LayerNorm
from minillm.layers.positions import LearnedPositions, SinusoidalPositions

__all__ = [
    "BilinearAttention",
    "Dropout",
    "Embedding",
    "FeedForward",
    "Layer",
    "LayerNorm",
    "LearnedPositions",
    "Linear",
    "MultiHeadAttention",
    "Parameter",
    "ParameterVector",
    "PostNormBlock",
    "PreNormBlock",
    "SinusoidalPositions",
    "TiedLinear",
    "causal_mask",
    "padding_mask",
]
