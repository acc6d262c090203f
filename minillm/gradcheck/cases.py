"""The registry of gradient checks: a name, and what is to be checked under it."""

import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from minillm import ops
from minillm.errors import InputError
from minillm.gradcheck.numeric import LIMIT, gradient_errors, layer_errors
from minillm.layers import Layer


class OpCase(NamedTuple):
    """A pair of `minillm.ops` and the inputs to check it at."""

    op: str
    inputs: tuple
    options: dict[str, Any] = {}  # noqa: RUF012 (read only)

    # Looked up by name now rather than when the case was written, so that a replaced pair is what gets checked.
    @property
    def forward(self) -> Callable:
        return getattr(ops, self.op)

    @property
    def backward(self) -> Callable:
        return getattr(ops, f"{self.op}_backward")

    def errors(self, rng: np.random.Generator) -> dict[str, float]:
        return gradient_errors(self.forward, self.backward, self.inputs, rng, **self.options)


class PairCase(NamedTuple):
    """Any other pair of pure functions, such as a loss on top of an op, and the inputs to check it at."""

    forward: Callable
    backward: Callable
    inputs: tuple
    options: dict[str, Any] = {}  # noqa: RUF012 (read only)

    def errors(self, rng: np.random.Generator) -> dict[str, float]:
        return gradient_errors(self.forward, self.backward, self.inputs, rng, **self.options)


class LayerCase(NamedTuple):
    """A layer or model, its parameters drawn at random, the inputs to check it at, and `layer_errors`' options."""

    layer: Layer
    inputs: tuple
    options: dict[str, Any] = {}  # noqa: RUF012 (read only)

    def errors(self, rng: np.random.Generator) -> dict[str, float]:
        return layer_errors(self.layer, self.inputs, rng, **self.options)


class Result(NamedTuple):
    case: str
    tensor: str
    error: float
    passed: bool


CASES: dict[str, Callable[[np.random.Generator], OpCase | PairCase | LayerCase]] = {}


def case(name: str) -> Callable:
    """Enter a function rng -> case under a name: that of the op or layer, and after a colon what is special about this case."""

    def enter(make: Callable) -> Callable:
        if name in CASES:
            raise ValueError(f"there are two cases called {name!r}")
        CASES[name] = make
        return make

    return enter


def select(names: Sequence[str] | None = None) -> list[str]:
    """The names of the cases asked for: all for None; `GPT` stands for every `GPT:...`. Case and underscores don't matter."""
    if not names:
        return list(CASES)
    chosen = []
    for name in names:
        found = [known for known in CASES if _key(name) in (_key(known), _key(known.split(":")[0]))]
        if not found:
            heads = list(dict.fromkeys(known.split(":")[0] for known in CASES))
            near = difflib.get_close_matches(_key(name), [_key(head) for head in heads], n=1)
            close = [head for head in heads if _key(head) in near]
            raise InputError(
                f"There is no gradient check called {name!r}.",
                f"Did you mean {close[0]}?" if close else f"Choose from {', '.join(heads)}.",
            )
        chosen += found
    return list(dict.fromkeys(chosen))


def _key(name: str) -> str:
    return name.casefold().replace("_", "")


def check(name: str, seed: int = 0) -> dict[str, float]:
    """The error of every tensor of one case."""
    rng = np.random.default_rng(seed)
    return CASES[name](rng).errors(rng)


def run(names: Sequence[str] | None = None, seed: int = 0) -> Iterator[Result]:
    """Check the cases of these names, or all: one result for each tensor, as soon as its case is done. Bad names raise at once."""
    return (
        Result(name, tensor, error, error < LIMIT)
        for name in select(names)
        for tensor, error in check(name, seed).items()
    )
