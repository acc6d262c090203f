"""Positions: attention sees its words as a set, so each word's vector must say where it is."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minillm.backend import Array, array_module, constant
from minillm.errors import InputError
from minillm.layers.layer import Layer, Parameter, wrong_width
from minillm.ops import rotary, rotary_angles, rotary_backward, rotary_frequencies, sinusoidal_positions
from minillm.ops.rotary_positions import RotarySaved


@constant
@lru_cache(maxsize=8)
def _sinusoidal_code(length: int, d_model: int, start: int, dtype: np.dtype, xp) -> Array:
    return xp.asarray(sinusoidal_positions(length, d_model, start).astype(dtype))


class SinusoidalPositions(Layer):
    """x (B, T, D) -> x + PE, the fixed sines and cosines of `ops.sinusoidal_positions`. Any length; nothing is learned."""

    def __init__(self, d_model: int):
        sinusoidal_positions(1, d_model)  # an odd d_model is an error now rather than at the first batch

    def forward(self, x: Array, start: int = 0) -> tuple[Array, None]:
        return x + _sinusoidal_code(x.shape[1], x.shape[2], start, x.dtype, array_module(x)), None

    def backward(self, dy: Array, saved: None) -> Array:
        return dy  # y = x + PE


class PositionsSaved(NamedTuple):
    start: int
    stop: int


class LearnedPositions(Layer):
    """x (B, T, D) -> x + table[start : start + T], a table (length, D) that is learned like any other weight (GPT-2, BERT)."""

    def __init__(self, length: int, d_model: int, rng: np.random.Generator, *, std: float = 0.02):
        self.weight = Parameter(rng.normal(0, std, (length, d_model)))

    def forward(self, x: Array, start: int = 0) -> tuple[Array, PositionsSaved]:
        stop, length = start + x.shape[1], self.weight.data.shape[0]
        if x.shape[-1] != (width := self.weight.data.shape[1]):
            raise wrong_width(self, x, self.weight, width)
        if stop > length:
            raise InputError(
                f"there are learned positions for {length} tokens, but the text has {stop}",
                f"Give at most {length} tokens, or build the model for a longer context.",
            )
        return x + self.weight.data[start:stop], PositionsSaved(start, stop)

    def backward(self, dy: Array, saved: PositionsSaved) -> Array:
        start, stop = saved
        if self.weight.trainable:
            self.weight.grad[start:stop] += dy.sum(axis=0)  # every sequence of the batch read the same rows
        return dy  # y = x + table


class RotaryPositions(Layer):
    """x (B, H, T, K), queries or keys -> y (B, H, T, K), turned by the angles of positions start ... start + T - 1. Nothing is learned.

    See `ops.rotary` and, for `theta`, `factor` and `original_context`, `ops.rotary_frequencies`.
    """

    def __init__(self, width: int, *, theta: float = 10000.0, factor: float = 1.0, original_context: int = 0):
        if width % 2:
            raise ValueError(f"rotary positions need heads of an even width, got {width}: columns are turned in pairs")
        frequencies = rotary_frequencies(width, theta, factor=factor, original_context=original_context)
        self.frequencies = tuple(frequencies.tolist())

    def forward(self, x: Array, start: int = 0) -> tuple[Array, RotarySaved]:
        return rotary(x, *self.angles(start, start + x.shape[2], x.dtype, array_module(x)))

    def angles(self, start: int, stop: int, dtype: np.dtype, xp) -> tuple[Array, Array]:
        """cos and sin of the angles of positions start ... stop - 1, (T, K/2) each. Nobody may write into them."""
        length = 1 << (stop - 1).bit_length()  # not a table for each token that is written
        cos, sin = rotary_angles(self.frequencies, length, dtype, xp)
        return cos[start:stop], sin[start:stop]

    def backward(self, dy: Array, saved: RotarySaved) -> Array:
        return rotary_backward(dy, saved)  # y = rotary(x)
