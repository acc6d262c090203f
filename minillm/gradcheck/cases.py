"""The registry of gradient checks: a name, and what is to be checked under it."""

import difflib
import importlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from minillm import ops
from minillm.errors import InputError
from minillm.layers import Layer
from minillm.layers.gradcheck import LIMIT, Inputs, gradient_errors, layer_errors


class OpCase(NamedTuple):
    """A pair of `minillm.ops` and the inputs to check it at."""

    op: str
    inputs: Inputs
    options: dict[str, Any] = {}  # noqa: RUF012 (read only)

    # Looked up by name now rather than when the case was written, so that a replaced pair is what gets checked.
    @property
    def forward(self) -> Callable:
        return getattr(ops, self.op)

    @property
    def backward(self) -> Callable:
        return getattr(ops, f"{self.op}_backward")

    def errors(self, rng: np.random.Generator, stop: float = math.inf) -> dict[str, float]:
        return gradient_errors(self.forward, self.backward, self.inputs, rng, stop=stop, **self.options)


class PairCase(NamedTuple):
    """Any other pair of pure functions, such as a loss on top of an op, and the inputs to check it at."""

    forward: Callable
    backward: Callable
    inputs: Inputs
    options: dict[str, Any] = {}  # noqa: RUF012 (read only)

    def errors(self, rng: np.random.Generator, stop: float = math.inf) -> dict[str, float]:
        return gradient_errors(self.forward, self.backward, self.inputs, rng, stop=stop, **self.options)


class LayerCase(NamedTuple):
    """A layer or model, its parameters drawn at random, the inputs to check it at, and `layer_errors`' options.

    A layer is checked number by number; a whole model along a random direction in each tensor, which takes a twentieth of the time.
    """

    layer: Layer
    inputs: Inputs
    options: dict[str, Any] = {}  # noqa: RUF012 (read only)

    def errors(self, rng: np.random.Generator, stop: float = math.inf) -> dict[str, float]:
        from minillm.models import Model  # this file stays light; a case has loaded the models

        return layer_errors(
            self.layer, self.inputs, rng, directional=isinstance(self.layer, Model), stop=stop, **self.options
        )


class Result(NamedTuple):
    case: str
    tensor: str
    error: float
    passed: bool


Make = Callable[[np.random.Generator], OpCase | PairCase | LayerCase]
MODULES = (  # in the order in which their cases are listed
    "op_cases",
    "layer_cases",
    "model_cases",
    "encoder_cases",
    "encoder_decoder_cases",
    "objective_cases",
    "preference_cases",
    "rewarded_cases",
    "alignment_cases",
)
_entered: dict[str, Make] = {}


def all_cases() -> dict[str, Make]:
    """Every case by its name. The first call loads the modules that enter them, and with them the whole library."""
    places = {
        importlib.import_module(f"minillm.gradcheck.{name}").__name__: place for place, name in enumerate(MODULES)
    }
    return dict(sorted(_entered.items(), key=lambda item: places.get(item[1].__module__, len(places))))


def case(name: str) -> Callable:
    """Enter a function rng -> case under a name: that of the op or layer, and after a colon what is special about this case."""

    def enter(make: Callable) -> Callable:
        if name in _entered:
            raise ValueError(f"there are two cases called {name!r}")
        _entered[name] = make
        return make

    return enter


def select(names: Sequence[str] | None = None) -> list[str]:
    """The names of the cases asked for: all for None; `GPT` stands for every `GPT:...`. Case and underscores don't matter."""
    cases = all_cases()
    if not names:
        return list(cases)
    selected = []
    for name in names:
        matches = [case for case in cases if _key(name) in (_key(case), _key(case.split(":")[0]))]
        if not matches:
            heads = list(dict.fromkeys(case.split(":")[0] for case in cases))
            near = difflib.get_close_matches(_key(name), [_key(head) for head in heads], n=1)
            close = [head for head in heads if _key(head) in near]
            raise InputError(
                f"There is no gradient check called {name!r}.",
                f"Did you mean {close[0]}?" if close else f"Choose from {', '.join(heads)}.",
            )
        selected += matches
    return list(dict.fromkeys(selected))


def _key(name: str) -> str:
    return name.casefold().replace("_", "")


def check(name: str, seed: int = 0, stop: float = math.inf) -> dict[str, float]:
    """The error of every tensor of one case, up to the first above `stop`."""
    rng = np.random.default_rng(seed)
    return all_cases()[name](rng).errors(rng, stop)


def run(names: Sequence[str] | None = None, seed: int = 0) -> Iterator[Result]:
    """Check the cases of these names, or all: one result for each tensor, as soon as its case is done. Bad names raise at once."""
    return (
        Result(name, tensor, error, error < LIMIT)
        for name in select(names)
        for tensor, error in check(name, seed).items()
    )
