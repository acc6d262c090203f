"""One whole training step, recorded: every array from the ids to the loss, every gradient back, AdamW and the new weights."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import to_host
from minillm.errors import InputError
from minillm.inspection.recording import recording
from minillm.inspection.traced import Line, Node, Operand, Trace, Traced, plain, zeros
from minillm.models import Model, copy_parameters
from minillm.objectives import Objective
from minillm.training import optimizers
from minillm.training.optimizers import AdamW, clip_grad_norm

NUDGE = 1e-6  # a weight is moved by so much up and down: larger, and it crosses a ReLU's kink; smaller, and the difference is rounding


class WeightUpdate(NamedTuple):
    """The nodes of one parameter: as it was, its gradient, AdamW's two moments, and as it is after the step."""

    weight: Node
    gradient: Operand  # numbers of a node, in the shape of the weight
    first_moment: Node
    second_moment: Node
    after: Node


@dataclass(frozen=True)
class Step:
    """A training step. The nodes are in the order in which they were computed, each from earlier ones."""

    nodes: list[Node]
    loss: Node
    length: Node  # of the whole gradient
    updates: dict[str, WeightUpdate]
    lr: float
    vocab_size: int


def record_step(
    model: Model, objective: Objective, arrays: dict[str, np.ndarray], *, lr: float = 1e-3, clip: float = 1.0
) -> Step:
    """The first training step of a model from here on, with a new AdamW and without dropout: `objective.forward(model, **arrays)`,
    its backward, `clip_grad_norm`, and `AdamW.step`, with their defaults.

    It is computed in float64 on a copy: the model stays as it is. The library computes each array; the trace only looks on.
    """
    twin = in_float64(model)
    if not all(np.isfinite(parameter.data).all() for parameter in twin.parameters()):
        raise InputError("The model's weights are not finite.", "Use another checkpoint: this training diverged.")
    trace = Trace({id(layer): name for name, layer in _layers(twin)})
    weights = _trace_parameters(twin, trace)
    with recording():
        trace.phase = "forward"
        loss, saved = objective.forward(twin, **arrays)
        trace.phase = "backward"
        objective.backward(twin, 1.0, saved)
    trace.phase = "update"
    gradients = {name: _gradient(trace, parameter.grad) for name, parameter in twin.vector.named.items()}
    length, updates = _update(twin, trace, weights, gradients, lr, clip)
    if not math.isfinite(float(loss)):
        raise InputError("The loss of this text is not finite.", "The weights are too large: use another checkpoint.")
    return Step(trace.nodes, loss.node, length, updates, lr, twin.config.vocab_size)


def finite_differences(
    model: Model, objective: Objective, arrays: dict[str, np.ndarray], places: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What the loss does when single weights move: (L(w + h) - L(w - h)) / 2h, of each parameter at the flat `places`, in float64."""
    twin = in_float64(model)

    def slope(numbers: np.ndarray, place: int) -> float:
        middle, losses = numbers[place], []
        for nudge in (NUDGE, -NUDGE):
            numbers[place] = middle + nudge
            losses.append(float(objective.forward(twin, **arrays)[0]))
        numbers[place] = middle
        return (losses[0] - losses[1]) / (2 * NUDGE)

    return {
        name: np.array([slope(twin.vector.named[name].data.reshape(-1), place) for place in chosen])
        for name, chosen in places.items()
    }


def in_float64(model: Model) -> Model:
    """A copy to compute on."""
    twin = type(model)(model.config, seed=None, dtype=np.float64)
    copy_parameters(model, twin)
    return twin


def _layers(model: Model) -> list[tuple[str, Any]]:
    """Every layer of the model with its dotted name; the model itself is ''."""
    found, waiting = [], [("", model)]
    while waiting:
        name, layer = waiting.pop()
        found.append((name, layer))
        parts = layer._parts()
        waiting += [(f"{name}.{part}".lstrip("."), each) for part, each in parts if hasattr(each, "_parts")]
    return found


def _trace_parameters(model: Model, trace: Trace) -> dict[str, Node]:
    """Make every parameter, and its gradient, a traced array."""
    nodes = {}
    for name, parameter in model.vector.named.items():
        parameter.data = trace.give(to_host(parameter.data), "weight", name)
        parameter.grad = zeros(parameter.data.shape)
        nodes[name] = parameter.data.node
    return nodes


def _gradient(trace: Trace, grad: Traced) -> Operand:
    """Of a weight that the loss does not depend on, such as a position behind the text, the gradient is zero."""
    return trace.operand(plain(grad)) if grad.is_zero else Operand(grad.node, grad.index)


# ---- the optimiser computes on the vector of all parameters: what it has done is cut into arrays again


def _update(twin: Model, trace: Trace, weights: dict[str, Node], gradients: dict[str, Operand], lr: float, clip: float):
    vector = twin.vector
    vector.grad[:] = np.concatenate(
        [read.node.values.reshape(-1)[read.index].reshape(-1) for read in gradients.values()]
    )
    length = float(clip_grad_norm(vector, clip or math.inf))
    measured = trace.add("length", np.array(length), tuple(gradients.values()), {}, "length", "", _line("norm = "))
    optimizer = AdamW(vector, lr)
    optimizer.step()
    beta1, beta2 = optimizer.betas
    updates = {}
    for name, weight in weights.items():
        place, shape = vector.slices[name], weight.values.shape

        def add(kind, values, operands, options, line, name=name, place=place, shape=shape) -> Node:
            title = {"clip": "g", "adam_first": "m", "adam_second": "v", "adam_weight": "w"}[kind]
            return trace.add(kind, values[place].reshape(shape), operands, options, title, name, _line(line))

        gradient = gradients[name]
        if length > clip > 0:
            options = {"length": length, "longest": clip}
            clipped = add("clip", vector.grad, (gradient, _all(measured)), options, "vector.grad *= ")
            gradient = _all(clipped)
        first = add("adam_first", optimizer.first_moment, (gradient,), {"beta": beta1}, "m += ")
        second = add("adam_second", optimizer.second_moment, (gradient,), {"beta": beta2}, "change *= 1 - beta2")
        decay = optimizer.weight_decay if weight.values.ndim > 1 else 0.0
        options = {"lr": lr, "decay": decay, "beta1": beta1, "beta2": beta2, "eps": optimizer.eps}
        operands = (_all(weight), _all(first), _all(second))
        after = add("adam_weight", vector.data, operands, options, "w -= change")
        updates[name] = WeightUpdate(weight, gradients[name], first, second, after)
    return measured, updates


def _all(node: Node) -> Operand:
    return Operand(node, node.index)


def _line(beginning: str) -> Line:
    """The line of the optimiser that begins so."""
    with open(optimizers.__file__, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    number = next(i for i, line in enumerate(lines) if line.startswith(beginning))
    return Line("training/optimizers.py", number + 1, lines[number])
