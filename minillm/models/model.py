"""What every model is: a layer with a config, and with all its parameters in one vector."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from minillm.backend import Array, array_module, on_device, to_host
from minillm.errors import InputError
from minillm.layers import Layer, ParameterVector, refuse_int8
from minillm.layers.layer import renew_vector


class Model(Layer):
    """A layer that token ids enter. Its `__init__` ends with `self.vector = ParameterVector(self, dtype, device)`."""

    config: Any
    vector: ParameterVector
    eos_token_id: Sequence[int] = ()  # the tokens that end a text, where the files of the model name them

    @property
    def body(self) -> "Model":
        """The model that reads the ids: this one, unless it is a head on another."""
        return self

    def check_inputs(
        self, ids: np.ndarray, *, mask: np.ndarray | None = None, token_types: np.ndarray | None = None
    ) -> None:
        """Raise ValueError or InputError unless the model can read these (B, T), as far as they are on the host."""
        check_ids(ids, self.config.vocab_size)
        if mask is not None:
            check_per_token("mask", mask, ids, "b")

    def __deepcopy__(self, memo: dict) -> "Model":
        """A model of its own with the same numbers, whose parameters are views into a vector of its own."""
        copied = memo[id(self)] = object.__new__(type(self))
        memo[id(self.vector)] = self.vector  # not copied: `renew_vector` makes a new one
        vars(copied).update(copy.deepcopy(vars(self), memo))
        renew_vector(copied)
        return copied

    @property
    def for_inference(self) -> "Model":
        """What is kept of a trained model: all of it, unless a part is for training only."""
        return self


class ModelWithBody(Model):
    """A head on another model, its `body`, of which `body.hidden(ids, mask=, token_types=, rng=)` gives what it knows at every position."""

    body: Model = None  # set by __init__


class ZeroGenerator:
    """Draws nothing but zeros, which take no memory: an array is one zero, seen many times."""

    def normal(self, mean: float, std: float, shape: tuple[int, ...]) -> np.ndarray:
        return np.broadcast_to(np.float32(0), shape)


def weight_rng(seed: int | None, *key: int) -> np.random.Generator | ZeroGenerator:
    """The generator for a model's first weights. Without a seed they are zero: for a model that gets its weights from a file."""
    return ZeroGenerator() if seed is None else np.random.default_rng((seed, *key) if key else seed)


def config_from(kind: type, config: Any, sizes: dict) -> Any:
    """The config, or if there is none, one of this kind with these sizes."""
    if config is not None and sizes:
        raise TypeError(f"give the config or {', '.join(sizes)}, not both")
    return kind(**sizes) if config is None else config


def copy_parameters(source: Layer, target: Layer) -> None:
    """Give `target` the numbers of `source`, name by name: `copy_parameters(pretrained.body, classifier.body)`.

    Device and precision stay the target's. ValueError unless both have the same names with the same shapes; then nothing is copied.
    InputError for matrices in int8, which are no parameters.
    """
    for model in (source, target):
        refuse_int8(model)
    theirs, ours = dict(source.named_parameters()), dict(target.named_parameters())
    if odd := sorted(theirs.keys() ^ ours.keys()):
        raise ValueError(f"only one of the two has the parameter {odd[0]}: they are not of the same kind and size")
    for name, parameter in ours.items():
        if theirs[name].data.shape != parameter.data.shape:
            raise ValueError(f"{name} is {theirs[name].data.shape} in one and {parameter.data.shape} in the other")
    for name, parameter in ours.items():
        parameter.data[...] = array_module(parameter.data).asarray(to_host(theirs[name].data))


def check_body(body: Model, config: Any) -> None:
    """Raise ValueError unless the body was made by this config."""
    if body.config != config:
        raise ValueError(f"the config asks for the body of {config}, and this one is of {body.config}")


def finite_on_host(numbers: Array, what: str = "scores") -> np.ndarray:
    """What a model says, on the host. InputError if it is not finite: among NaN nothing is the largest, and nothing can be drawn."""
    numbers = to_host(numbers)
    if not np.isfinite(numbers).all():
        raise InputError(
            f"The model's {what} are not finite.",
            "Its weights are too large, as after a training that diverged: use another checkpoint.",
        )
    return numbers


def check_ids(ids: np.ndarray, vocab_size: int) -> None:
    """Raise ValueError unless ids is a host array (B, T) of token ids that a model knows. CuPy would wrap a bad id silently.

    An array that is on the device already was checked before it went there: see `Objective.prepare`.
    """
    if on_device(ids):
        return
    if not isinstance(ids, np.ndarray) or ids.dtype.kind not in "iu" or ids.ndim != 2 or ids.size == 0:
        shape = f"{ids.dtype} {ids.shape}" if isinstance(ids, np.ndarray) else type(ids).__name__
        raise ValueError(f"ids must be a NumPy array (B, T) of whole numbers with at least one token, got {shape}")
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= vocab_size:
        raise ValueError(f"token id {low if low < 0 else high} is outside the vocabulary of {vocab_size}")


def check_per_token(name: str, array: np.ndarray, ids: np.ndarray, kinds: str) -> None:
    """Raise ValueError unless the array is on the host, has one entry for each of ids (B, T), and one of these dtype kinds.

    What is on the device already was checked before.
    """
    if on_device(array):
        return
    if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds or array.shape != np.shape(ids):
        found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        what = "booleans" if kinds == "b" else "whole numbers"
        raise ValueError(f"{name} must be a NumPy array of {what}, one for each of ids {np.shape(ids)}, got {found}")


def key_mask(mask: np.ndarray | None, xp) -> Array | None:
    """Attention's mask (B, 1, 1, S) for a mask (B, S), True = real token; None if all tokens are real, where the host can see that."""
    if mask is None or (not on_device(mask) and mask.all()):
        return None
    return xp.asarray(mask)[:, None, None, :]
