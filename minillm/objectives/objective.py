"""What an objective is, the backward that most of them share, and where their batches come from."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from minillm.models import Model
from minillm.ops import IGNORE, cross_entropy_backward


def count_scored(targets: np.ndarray) -> int:
    """How many targets are scored: those that are not IGNORE."""
    return int(np.count_nonzero(targets != IGNORE))


def count_targets(batch: NamedTuple) -> int:
    """How many of a batch's `targets` are scored."""
    return count_scored(batch.targets)


def count_rows(batch: NamedTuple) -> int:
    """The same, where each row has one target that is no array, such as which of two answers is the better one."""
    return len(batch.inputs)


class Objective(NamedTuple):
    """A pair of functions, forward and backward, that training minimises; both can be found by name in their module.

    `loss, saved = forward(model, **arrays, rng=None, label_smoothing=0.0)` is the mean over the scored targets, a scalar on the device.
    The arrays are those of a batch, by their names: `batch._asdict()`. `backward(model, dloss, saved)` adds dloss times the gradient of the
    loss to every parameter's gradient. Where progress is measured by something else than what is minimised, `evaluate` is the forward
    function that evaluations call, with validation batches of its own kind.

    Where a row's loss depends on the other rows, `measure(model, **arrays)` gives what it must know of them, an array on the host with a
    row for each. The trainer measures a whole batch before it cuts it into shares, and `forward` then takes it as `measured`: a constant,
    without a gradient. Without it, `forward` measures the batch that it has.

    `prepare(model, **arrays)` gives the arrays that the device needs of a batch, by name, checked as `forward` checks them and of the same
    shapes for all batches alike. `forward` takes them in place of the batch's own, on the device; there it looks at none of their numbers,
    so that it can be captured in a CUDA graph. Without it, steps are not captured.

    `count(batch)` says how many targets of a batch are scored, by which the trainer weighs its parts.
    """

    forward: Callable
    backward: Callable
    evaluate: Callable | None = None
    measure: Callable | None = None
    prepare: Callable[..., dict[str, np.ndarray]] | None = None
    count: Callable[[NamedTuple], int] = count_targets


class LossSaved(NamedTuple):
    """Of an objective that is the cross-entropy of what a model says."""

    model: Any
    loss: Any


def loss_backward(model: Model, dloss: float, saved: LossSaved) -> None:
    """Adds dloss times the gradient of the loss to the gradient of every parameter."""
    dlogits = cross_entropy_backward(dloss, saved.loss)  # loss = cross_entropy(logits, targets)
    model.backward(dlogits, saved.model)  # logits = model(...)


class Data(Protocol):
    """Batches: NamedTuples of host arrays with one row a sequence, each array named as the objective's parameter that it is for."""

    def batch(self, rng: np.random.Generator, size: int) -> NamedTuple:
        """`size` sequences at random from the training part."""

    def validation_batches(self, size: int) -> Iterator[NamedTuple]:
        """The whole validation part, at most `size` sequences at a time; the same every time."""
