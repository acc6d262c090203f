"""Layers whose matrices are int8 with a float16 scale a row, as `ops.quantization` has them: for inference, in a quarter of the memory.

Each does what the layer that it replaces would do with the matrix q s, to rounding: some rows at a time become floating-point numbers just
before they are multiplied. Its matrix is no `Parameter`, so nothing can learn it, and `model.vector` holds what else the model has.
"""

from collections.abc import Iterator, Mapping
from types import EllipsisType
from typing import NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.errors import InputError
from minillm.layers.embedding import Embedding
from minillm.layers.layer import Layer, renew_vector, wrong_width
from minillm.layers.linear import Linear, TiedLinear
from minillm.layers.ngram_embedding import NgramEmbedding
from minillm.ops import int8_embedding, int8_linear, int8_tied_linear, quantize


class Int8(NamedTuple):
    """The numbers of a matrix (..., n): row i is scale[i] data[i]."""

    data: np.ndarray  # int8 (..., n)
    scale: np.ndarray  # float16 (...)

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> "Int8":
        return cls(np.empty(shape, np.int8), np.empty(shape[:-1], np.float16))

    def put(self, rows: slice | EllipsisType, numbers: np.ndarray) -> None:
        """Round these numbers, and make them the rows."""
        self.data[rows], self.scale[rows] = quantize(numbers)


class Int8Layer(Layer):
    """What these layers have in common."""

    weight: Int8

    def forward(self, x: Array) -> tuple[Array, None]:
        return self.infer(x), None

    def backward(self, dy: Array, saved: None) -> Array:
        raise for_inference()

    def _summary(self) -> str:
        parts = [f"weight int8 {self.weight.data.shape}"]
        parts += [f"{name} {parameter.data.shape}" for name, parameter in self._parts()]
        return f"{type(self).__name__}({', '.join(parts)})"


class Int8Linear(Int8Layer):
    """x (..., d_in) -> y (..., d_out), a `Linear`: y = (x s) q + b."""

    def __init__(self, linear: Linear, weights: Mapping[str, Int8]):
        self.weight, self.bias = weights[linear.weight.name], linear.bias

    def infer(self, x: Array) -> Array:
        d_in, d_out = self.weight.data.shape
        if x.shape[-1] != d_in:
            raise wrong_width(self, x, self.weight, d_in)
        y = int8_linear(x.reshape(-1, d_in), *self.weight)
        if self.bias is not None:
            y += self.bias.data
        return y.reshape(*x.shape[:-1], d_out)


class Int8TiedLinear(Int8Layer):
    """x (..., D) -> logits (..., V), a `TiedLinear`: y = s (x qᵀ), with the table of an `Int8Embedding`."""

    def __init__(self, head: TiedLinear, weights: Mapping[str, Int8]):
        self.weight, self.scale = weights[head.weight.name], head.scale

    def infer(self, x: Array) -> Array:
        words, width = self.weight.data.shape
        if x.shape[-1] != width:
            raise wrong_width(self, x, self.weight, width)
        y = int8_tied_linear(x.reshape(-1, width) * self.scale, *self.weight)
        return y.reshape(*x.shape[:-1], words)


class Int8Embedding(Int8Layer):
    """ids (B, T) -> x (B, T, D), an `Embedding` or an `NgramEmbedding`: x_t = scale · Σ_k E_k[ids_{t-k}], each E_k in int8."""

    def __init__(self, embedding: Embedding, weights: Mapping[str, Int8]):
        self.weight, self.scale = weights[embedding.weight.name], embedding.scale
        self.dtype = embedding.weight.data.dtype
        self.earlier = []
        if isinstance(embedding, NgramEmbedding):
            self.earlier += map(Int8, *weights[embedding.earlier.name])

    def infer(self, ids: Array) -> Array:
        x = int8_embedding(ids, *self.weight, self.dtype)
        for k, table in enumerate(self.earlier, start=1):
            x[:, k:] += int8_embedding(ids[:, :-k], *table, self.dtype)
        return x if self.scale == 1 else x * self.scale


KINDS = {Linear: Int8Linear, TiedLinear: Int8TiedLinear, Embedding: Int8Embedding, NgramEmbedding: Int8Embedding}


def int8_names(model: Layer) -> set[str]:
    """The parameters that `use_int8` takes the place of: the matrices of linear layers and embeddings. InputError on a GPU."""
    if model.vector.device.xp is not np:
        raise InputError("Weights in int8 are for the processor.", "Leave out `int8`, or run with `device` cpu.")
    layers = [layer for _, _, layer in _replaceable(model)]
    return {parameter.name for layer in layers for parameter in layer.parameters() if parameter.data.ndim > 1}


def use_int8(model: Layer, weights: Mapping[str, Int8]) -> None:
    """Put these matrices, one for each of `int8_names`, in the place of the layers that have them. `model.vector` is a new one.

    InputError for scales that are not finite.
    """
    for name, weight in weights.items():
        if not np.isfinite(weight.scale).all():
            raise InputError(
                f"{name} holds numbers that are not finite, or too large for float16.", "Load it without `int8`."
            )
    for owner, attribute, layer in _replaceable(model):
        setattr(owner, attribute, KINDS[type(layer)](layer, weights))
    renew_vector(model)


def refuse_int8(model: Layer) -> None:
    """InputError if a model has such layers: for what needs all of its parameters."""
    if any(isinstance(layer, Int8Layer) for layer in model.sublayers()):
        raise for_inference()


def for_inference() -> InputError:
    return InputError(
        "A model in int8 is for inference: it can't learn, nor be written to a file.", "Load it without `int8`."
    )


def _replaceable(model: Layer) -> Iterator[tuple[Layer, str, Layer]]:
    """The linear layers and embeddings of a model, each with the layer that it is an attribute of."""
    for owner in [*model.sublayers()]:
        for attribute, part in [*vars(owner).items()]:
            if type(part) in KINDS:
                yield owner, attribute, part
