"""LoRA: a frozen weight is corrected by a learned product of low rank."""

import copy
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.layers.attention import MultiHeadAttention
from minillm.layers.int8 import refuse_int8
from minillm.layers.layer import Layer, Parameter, renew_vector
from minillm.layers.linear import Linear
from minillm.ops import linear, linear_backward

PROJECTIONS = ("query", "key", "value", "output")


class LoRASaved(NamedTuple):
    linear: Any
    down: Any
    up: Any


class LoRALinear(Layer):
    """x (..., d_in) -> y (..., d_out), a `Linear` whose frozen weight W gets a learned correction of rank r:

        y = x W + b + (α/r) x A B        A (d_in, r), B (r, d_out)

    Hu et al. 2021, eq. 3 and section 4.1. A starts at random and B at zero, so that at first nothing changes. Together they have
    r (d_in + d_out) numbers, against the d_in d_out of W. A is drawn from N(0, 1/d_in): x A is then about as large as x.
    """

    def __init__(self, linear: Linear, rank: int, rng: np.random.Generator, *, alpha: float = 16.0):
        d_in, d_out = linear.weight.data.shape
        if not 1 <= rank <= min(d_in, d_out):
            raise ValueError(f"a weight {(d_in, d_out)} takes a rank from 1 to {min(d_in, d_out)}, got {rank}")
        linear.freeze()
        self.linear = linear
        self.lora_a = Parameter(rng.normal(0, 1 / math.sqrt(d_in), (d_in, rank)))
        self.lora_b = Parameter(np.zeros((rank, d_out)))
        self.scale = alpha / rank

    def forward(self, x: Array) -> tuple[Array, LoRASaved]:
        y, s = self.linear.forward(x)
        down, sa = linear(x, self.lora_a.data)
        up, sb = linear(down, self.lora_b.data)
        return y + self.scale * up, LoRASaved(s, sa, sb)

    def backward(self, dy: Array, saved: LoRASaved) -> Array:
        """With G = (α/r) dy: dB = (x A)ᵀ G and dA = xᵀ (G Bᵀ); x is read by W and by A."""
        learning = self.lora_a.trainable or self.lora_b.trainable
        ddown, db, _ = linear_backward(self.scale * dy, saved.up, weights=learning)  # y = ... + (α/r) down B
        dx, da, _ = linear_backward(ddown, saved.down, weights=learning)  # down = x A
        self.lora_b.accumulate(db)
        self.lora_a.accumulate(da)
        return dx + self.linear.backward(dy, saved.linear)  # y = x W + b + ...

    def merge(self) -> Linear:
        """A plain Linear with the weight W + (α/r) A B, which computes the same at the cost of one product."""
        merged = copy.deepcopy(self.linear)
        merged.weight.data += self.scale * (self.lora_a.data @ self.lora_b.data)
        return merged


def add_lora(
    model: Layer, rank: int, *, alpha: float = 16.0, projections: Sequence[str] = ("query", "value"), seed: int = 0
) -> None:
    """Put an adapter on these projections of every attention layer of a model: query and value, as Hu et al. 2021, section 5.1.

    The projections are frozen from now on. Freeze what else shall stay as it is before this, as a rule all: `model.body.freeze()`. The
    parameters change, so `model.vector` is a new one: build the optimiser after this. Give the whole model, not a part of it.
    """
    if unknown := set(projections) - set(PROJECTIONS):
        raise ValueError(
            f"attention has no projection {', '.join(sorted(unknown))}: choose from {', '.join(PROJECTIONS)}"
        )
    if any(isinstance(layer, LoRALinear) for layer in model.sublayers()):
        raise ValueError("this model has adapters already: merge them first")
    refuse_int8(model)
    _check_whole(model)
    rng = np.random.default_rng(seed)
    for attention in _attentions(model):
        for name in projections:
            setattr(attention, name, LoRALinear(getattr(attention, name), rank, rng, alpha=alpha))
    renew_vector(model)


def merge_lora(model: Layer) -> None:
    """Merge every adapter of a model into the weight it corrects: the model computes the same, with the layers that it had before.

    `model.vector` is a new one. The merged projections are frozen, as they were.
    """
    _check_whole(model)
    for attention in _attentions(model):
        for name in PROJECTIONS:
            if isinstance(adapted := getattr(attention, name), LoRALinear):
                setattr(attention, name, adapted.merge())
    renew_vector(model)


def _attentions(model: Layer) -> list[MultiHeadAttention]:
    return [layer for layer in model.sublayers() if isinstance(layer, MultiHeadAttention)]


def _check_whole(model: Layer) -> None:
    if {id(parameter) for parameter in model.parameters()} != {id(p) for p in model.vector.named.values()}:
        raise ValueError("this is a part of a larger model: give the whole, whose vector holds the parameters")
