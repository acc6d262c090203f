"""Is a hand-written gradient right? Move every number a little, and see what the result does.

Central differences in float64, along a random upstream gradient. A student's own layer is checked in two lines:

    layer = randomize(MyLayer(6, rng), rng)
    print(layer_errors(layer, (rng.standard_normal((2, 3, 6)),), rng))        # {'x': 3.1e-11, 'weight': 8.7e-12}

A right gradient stays below LIMIT, a wrong one lands far above it. Everything here runs on NumPy arrays.
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minillm.layers.layer import Layer

Inputs = Sequence[Any] | Mapping[str, Any]  # by position, or by name

STEP = 1e-5  # larger, and the curve bends; smaller, and the difference drowns in rounding
# Shares of the step, for a number that disagrees: there the curve may bend too much, or the step reach across a ReLU's kink.
FINER = (0.1, 0.01)
LIMIT = 1e-7  # right gradients stay far below it, most of them a thousand times
FLOOR = 1e-3  # of the total norm: what a tensor without any gradient, such as the key bias, is measured by


def randomize(layer: Layer, rng: np.random.Generator) -> Layer:
    """Give every parameter, gains and biases too, a random value of order one, and return the layer.

    Small weights hide mistakes: with the usual 0.02, a scale missing in attention changes its gradient by a millionth. And at gain one
    and shift zero, several wrong LayerNorms are right.
    """
    for parameter in layer.parameters():
        parameter.data[...] = rng.normal(0, 0.5 if parameter.data.ndim > 1 else 1.0, parameter.data.shape)
    return layer


def gradient_errors(
    op: Callable,
    backward: Callable,
    inputs: Inputs,
    rng: np.random.Generator,
    h: float = STEP,
    *,
    stop: float = math.inf,
    **options: Any,
) -> dict[str, float]:
    """The error of a pure pair's gradient for each float array among `inputs`, by the name that `op` gives it.

    `y, saved = op(*inputs, **options)` and `gradients = backward(dy, saved)`. What has no gradient, such as a mask or a dropout's
    `keep`, goes into the options. Inputs that are keyword-only, such as attention's `bias`, are given by name: `inputs` is then a dict.
    The first error above `stop` is the last that is measured.
    """
    inputs, named = _own(inputs)
    y, saved = op(*inputs, **named, **options)
    dy = _upstream(y, rng)
    tensors = _floats(op, inputs, named)
    analytic = _by_name(tensors, backward(dy, saved))
    norms = _norms(tensors, analytic)
    return _errors(lambda: op(*inputs, **named, **options)[0], dy, tensors, analytic, norms, h, stop)


def gradient_error(
    op: Callable, backward: Callable, inputs: Inputs, rng: np.random.Generator, h: float = STEP, **options: Any
) -> float:
    """The largest of `gradient_errors`, not a number if one of them is not."""
    return float(np.max(list(gradient_errors(op, backward, inputs, rng, h, **options).values())))


def layer_errors(
    layer: Layer,
    inputs: Inputs,
    rng: np.random.Generator,
    h: float = STEP,
    *,
    directional: bool = False,
    stop: float = math.inf,
    dropout_seed: int | None = None,
    forward: Callable | None = None,
    backward: Callable | None = None,
    **options: Any,
) -> dict[str, float]:
    """The error of a layer's gradient for each float array among `inputs` (see `gradient_errors`) and each trainable parameter, by name.

    `forward` and `backward` are the layer's own unless given: to check an objective, give the pair that computes it. With a
    `dropout_seed` every forward pass gets a new generator with that seed, so that dropout is on and always drops the same.
    `directional` is for a whole model: it moves each tensor along one random direction, two forward passes in place of two for each number.
    The first error above `stop` is the last that is measured. The layer is left as it was found.
    """
    forward, backward = forward or layer.forward, backward or layer.backward
    inputs, named = _own(inputs)

    def run():
        generator = {} if dropout_seed is None else {"rng": np.random.default_rng(dropout_seed)}
        return forward(*inputs, **named, **options, **generator)

    y, saved = run()
    dy = _upstream(y, rng)
    tensors = _floats(forward, inputs, named)
    parameters = {name: parameter for name, parameter in layer.named_parameters() if parameter.trainable}
    if both := sorted(set(tensors) & set(parameters)):
        raise ValueError(
            f"an input and a parameter are both called {both[0]}: rename one, or only one would be checked"
        )
    # Gradients start at random, and what they grow by is checked: a backward that overwrites instead of adding cannot pass.
    found = {name: parameter.grad for name, parameter in parameters.items()}
    start = {name: rng.standard_normal(parameter.data.shape) for name, parameter in parameters.items()}
    for name, parameter in parameters.items():
        parameter.grad = start[name].copy()
    try:
        analytic = _by_name(tensors, backward(dy, saved))
        analytic |= {name: parameter.grad - start[name] for name, parameter in parameters.items()}
    finally:
        for name, parameter in parameters.items():
            parameter.grad = found[name]
    tensors |= {name: parameter.data for name, parameter in parameters.items()}
    norms = _norms(tensors, analytic)

    def output():
        return run()[0]

    if directional:
        output, tensors, analytic = _along_directions(output, tensors, analytic, rng)
    return _errors(output, dy, tensors, analytic, norms, h, stop)


def numeric_gradient(f: Callable[[], float], x: np.ndarray, h: float = STEP) -> np.ndarray:
    """∂f/∂x by central differences, (f(x + h) - f(x - h)) / 2h, one number of x after the other: moved in place, then put back."""
    gradient = np.empty_like(x)
    for at in np.ndindex(x.shape):
        gradient[at] = _central_difference(f, x, at, h)
    return gradient


def _central_difference(f: Callable[[], float], x: np.ndarray, at: tuple[int, ...], h: float) -> float:
    before = x[at]
    x[at] = before + h
    above = f()
    x[at] = before - h
    below = f()
    x[at] = before
    return (above - below) / (2 * h)


def _own(inputs: Inputs) -> tuple[list[Any], dict[str, Any]]:
    """The inputs by position and by name, with copies of the arrays: the caller's stay still, and one that was given twice moves alone."""

    def own(x):
        return x.copy() if isinstance(x, np.ndarray) else x

    if isinstance(inputs, Mapping):
        return [], {name: own(x) for name, x in inputs.items()}
    return [own(x) for x in inputs], {}


def _floats(forward: Callable, inputs: list[Any], named: dict[str, Any]) -> dict[str, np.ndarray]:
    names = list(inspect.signature(forward).parameters)
    given = dict(zip(names, inputs, strict=False)) | named
    return {name: x for name, x in given.items() if isinstance(x, np.ndarray) and np.issubdtype(x.dtype, np.floating)}


def _upstream(y: Any, rng: np.random.Generator) -> Any:
    """A random dy: along ones, the gradients of softmax and of LayerNorm at gain one are zero, and any of their mistakes passes."""
    return rng.standard_normal(np.shape(y))


def _by_name(tensors: dict[str, np.ndarray], gradients: Any) -> dict[str, np.ndarray]:
    """Names for what a backward function returned: nothing, one gradient, or several, of which some may be None."""
    given = [g for g in (gradients if isinstance(gradients, tuple) else (gradients,)) if g is not None]
    if len(given) != len(tensors):
        raise ValueError(f"backward gave {len(given)} gradients for {len(tensors)} inputs ({', '.join(tensors)})")
    return dict(zip(tensors, given, strict=True))


def _norms(tensors: dict[str, np.ndarray], analytic: dict[str, np.ndarray]) -> dict[str, float]:
    """The norm of each gradient. ValueError if a tensor is not float64, or its gradient has another shape."""
    for name, x in tensors.items():
        if x.dtype != np.float64:
            raise ValueError(
                f"{name} is {x.dtype}: gradients are checked in float64, since float32 rounds too coarsely"
            )
        if analytic[name].shape != x.shape:
            raise ValueError(f"the gradient of {name} is {analytic[name].shape}, but {name} is {x.shape}")
    return {name: float(np.linalg.norm(gradient)) for name, gradient in analytic.items()}


def _along_directions(
    output: Callable, tensors: dict[str, np.ndarray], analytic: dict[str, np.ndarray], rng: np.random.Generator
) -> tuple[Callable, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The same check with one number for each tensor x: the t in x + t v, at t = 0, for a random v. ∂f/∂t = Σ v ∂f/∂x."""
    found = {name: x.copy() for name, x in tensors.items()}
    v = {name: rng.standard_normal(x.shape) for name, x in tensors.items()}
    t = {name: np.zeros(1) for name in tensors}

    def moved_output():
        for name, x in tensors.items():
            x[...] = found[name] + t[name] * v[name]
        y = output()
        for name, x in tensors.items():
            x[...] = found[name]
        return y

    return moved_output, t, {name: np.array([np.vdot(analytic[name], v[name])]) for name in tensors}


def _errors(
    output: Callable,
    dy: Any,
    tensors: dict[str, np.ndarray],
    analytic: dict[str, np.ndarray],
    norms: dict[str, float],
    h: float,
    stop: float,
) -> dict[str, float]:
    """max |numeric - analytic| / ‖gradient‖ for each tensor, up to the first that is above `stop`.

    Never element by element: a single zero would make that infinite. And a tensor that has no gradient at all is measured by a
    share of the norm of all of them together.
    """

    def along_dy():
        return np.vdot(output(), dy)

    floor = FLOOR * np.linalg.norm(list(norms.values()))
    errors = {}
    for name, x in tensors.items():
        errors[name] = _largest_error(along_dy, x, analytic[name], max(norms[name], floor), h)
        if not errors[name] <= stop:
            break
    return errors


def _largest_error(f: Callable[[], float], x: np.ndarray, analytic: np.ndarray, norm: float, h: float) -> float:
    """max |numeric - analytic| / norm, where a number that disagrees was measured again with smaller steps.

    From the worst number on: the first that smaller steps don't mend is the error. A wrong gradient stays wrong at every step.
    """
    numeric = numeric_gradient(f, x, h)
    norm = max(norm, np.linalg.norm(numeric)) or 1.0
    errors = np.abs(numeric - analytic) / norm
    while not errors.max() < LIMIT:
        worst = np.unravel_index(errors.argmax(), x.shape)
        finer = [abs(_central_difference(f, x, worst, h * share) - analytic[worst]) / norm for share in FINER]
        if not min(finer) < LIMIT:
            break
        errors[worst] = min(finer)
    return float(errors.max())
