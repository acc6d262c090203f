"""What every layer is: parameters, a forward and a backward pass, and no memory of what passed through.

The contract (tests/layers/test_contract.py holds every layer to it):

1. `y, saved = layer.forward(inputs ...)` and `dinputs ... = layer.backward(dy, saved)`, one gradient per array input, in the same order.
2. `forward` writes nothing on `self`; `backward` writes only into `Parameter.grad`, and only by `+=`. So a layer may run twice before
   its first backward, and a parameter used twice collects both gradients.
3. Inputs, `dy` and everything in `saved` are read-only.
4. The `saved` of a composite layer is a NamedTuple: for every model `saved.blocks[2].attention.weights` is the attention map, (B, H, T, S);
   an encoder-decoder has `saved.encoder.blocks` and `saved.decoder.blocks`.
5. Masks are boolean, True = may look, broadcastable to (B, H, T, S).
6. Random layers take a generator, `rng`; without one (None) they behave as in evaluation.
"""

from collections.abc import Callable, Iterator
from itertools import groupby

import numpy as np

from minillm.backend import CPU, Array, Device, to_host
from minillm.errors import InputError
from minillm.ops.kernel_check import check_kernels


class Parameter:
    """An array that is learned, with its gradient. Frozen (`trainable = False`), it gets no gradient and no update.

    `post_accumulate_grad_hook(parameter)`, if there is one, is called whenever `accumulate` has added to the gradient, as PyTorch's is.
    """

    post_accumulate_grad_hook: "Callable[[Parameter], None] | None" = None

    def __init__(self, data: Array):
        self.data = data
        self.grad = data if is_blank(data) else np.zeros(data.shape, data.dtype)
        self.name = ""
        self.trainable = True

    def accumulate(self, grad: Array | None) -> None:
        """Add to the gradient. Always `+=`: a parameter that was used twice gets two gradients."""
        if self.trainable:
            self.grad += grad
            if self.post_accumulate_grad_hook:
                self.post_accumulate_grad_hook(self)

    def __repr__(self) -> str:
        name, frozen = f"{self.name!r}, " if self.name else "", "" if self.trainable else ", frozen"
        return f"Parameter({name}{self.data.shape}, {self.data.dtype}{frozen})"


def is_blank(array: Array) -> bool:
    """Whether it is one zero in memory, seen as a whole array: a weight that a file will bring, before it is in a `ParameterVector`."""
    return array.size > 1 and not any(array.strides) and not array.flat[0]


class Layer:
    """Base of all layers: finds the parameters among its attributes."""

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Every parameter below this layer with its dotted name, such as `blocks.0.attention.query.weight`; a shared one is listed once."""
        seen: set[int] = set()
        for name, parameter in self._walk(prefix):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield name, parameter

    def _walk(self, prefix: str) -> Iterator[tuple[str, Parameter]]:
        for name, part in self._parts():
            if isinstance(part, Parameter):
                yield f"{prefix}{name}", part
            else:
                yield from part._walk(f"{prefix}{name}.")

    def _parts(self) -> Iterator[tuple[str, "Parameter | Layer"]]:
        """The parameters and layers among the attributes, and in the lists, tuples and dictionaries among them."""
        for attribute, value in vars(self).items():
            if isinstance(value, Parameter | Layer):
                yield attribute, value
            elif isinstance(value, list | tuple | dict):
                for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                    if isinstance(item, Parameter | Layer):
                        yield f"{attribute}.{key}", item

    def sublayers(self) -> Iterator["Layer"]:
        """This layer and every layer below it."""
        yield self
        for _, part in self._parts():
            if isinstance(part, Layer):
                yield from part.sublayers()

    def __repr__(self) -> str:
        """One line for each part, as PyTorch prints a module, but one level deep. `model.blocks[0]` shows the next."""
        parts = list(self._parts())
        if not any(isinstance(part, Layer) for _, part in parts):
            return self._summary()
        lines = []
        for (attribute, kind), group in groupby(parts, lambda part: (part[0].split(".")[0], type(part[1]))):
            first, *others = (part for _, part in group)
            times = f"{len(others) + 1} x " if others else ""
            lines.append(f"  ({attribute}): {times}{first._summary() if issubclass(kind, Layer) else first}")
        return "\n".join([f"{type(self).__name__}({self._count()}", *lines, ")"])

    def _summary(self) -> str:
        """A layer in one line: its parameters and their shapes, or how many numbers there are in the layers that it is made of."""
        parts = list(self._parts())
        if any(isinstance(part, Layer) for _, part in parts):
            return f"{type(self).__name__}({self._count()})"
        return f"{type(self).__name__}({', '.join(f'{name} {parameter.data.shape}' for name, parameter in parts)})"

    def _count(self) -> str:
        parameters = self.parameters()
        count, trained = sum(p.data.size for p in parameters), sum(p.data.size for p in parameters if p.trainable)
        return f"{count:,} parameters" + ("" if trained == count else f", {trained:,} of them trained")

    def infer(self, x: Array) -> Array:
        """The output of `forward` alone, for generation, where there is no backward."""
        return self.forward(x)[0]

    def parameters(self) -> list[Parameter]:
        return [parameter for _, parameter in self.named_parameters()]

    def learns(self) -> bool:
        """Whether any parameter below this layer is trained."""
        return any(parameter.trainable for _, parameter in self._walk(""))

    def freeze(self, frozen: bool = True) -> None:
        """Keep every parameter below this layer as it is: no gradient, no update, no weight decay."""
        for parameter in self.parameters():
            parameter.trainable = not frozen


def wrong_width(layer: Layer, x: Array, weight: Parameter, width: int) -> InputError:
    """The error for rows of x that are not as wide as the weight wants: NumPy's own names neither, and broadcasts rows of one number."""
    return InputError(
        f"{type(layer).__name__} has a weight {weight.data.shape}, but x is {x.shape}.",
        f"Give an x (..., {width}), or build the layer for the width that x has.",
    )


class ParameterVector:
    """All parameters of a model as one contiguous vector, and their gradients as another.

    The optimiser, clipping and checkpoints each touch one array; every `Parameter` keeps a view into it, in its own shape. Matrices come
    first and vectors (biases, gains) last, so that "weight decay on matrices only" means a slice.

    A model that is only used can do without: `assign` leaves its parameters where they are, such as in a file, and they are copied into
    the vector when somebody first asks for `data`, to train it.
    """

    def __init__(self, layer: Layer, dtype: type = np.float32, device: Device = CPU):
        named = sorted(layer.named_parameters(), key=lambda item: item[1].data.ndim < 2)
        size = sum(parameter.data.size for _, parameter in named)
        self.device, self.dtype, self.size = device, np.dtype(dtype), size
        if device.name == "gpu":
            check_kernels(device.xp)
        data = device.xp.zeros(size, dtype)
        self.slices: dict[str, slice] = {}
        self.named: dict[str, Parameter] = {}
        start = 0
        for name, parameter in named:
            place = slice(start, start + parameter.data.size)
            start = place.stop
            # Zeros take no memory until a file's numbers are written over them.
            if not is_blank(parameter.data) and parameter.data.any():
                data[place] = device.xp.asarray(to_host(parameter.data).ravel().astype(dtype))
            parameter.name = name
            self.slices[name] = place
            self.named[name] = parameter
        self.rebind(data, device.xp.zeros(size, dtype))

    @property
    def data(self) -> Array:
        """The numbers of all parameters, (size,). To write into it is to write into the parameters."""
        for name in self.assigned:
            parameter = self.named[name]
            place = self._data[self.slices[name]].reshape(parameter.data.shape)
            place[...] = parameter.data
            parameter.data = place
        self.assigned.clear()
        return self._data

    @data.setter
    def data(self, numbers: Array) -> None:
        self.data[...] = numbers

    def assign(self, name: str, array: Array) -> None:
        """Let a parameter be this array, of its shape and dtype, and no view into the vector until somebody asks for `data`."""
        self.named[name].data = array
        self.assigned.add(name)

    def rebind(self, data: Array, grad: Array) -> None:
        """Make all parameters views into these two vectors, which already hold their numbers."""
        self._data, self.grad, self.assigned = data, grad, set()
        for name, parameter in self.named.items():
            place, shape = self.slices[name], parameter.data.shape
            parameter.data = data[place].reshape(shape)
            parameter.grad = grad[place].reshape(shape)

    def trainable_slices(self) -> list[tuple[slice, bool]]:
        """The parts of the vector that are trained, as few slices as possible, each with whether it holds matrices."""
        runs: list[tuple[slice, bool]] = []
        for name, parameter in self.named.items():
            place, matrix = self.slices[name], parameter.data.ndim >= 2
            if not parameter.trainable:
                continue
            if runs and runs[-1][0].stop == place.start and runs[-1][1] == matrix:
                runs[-1] = (slice(runs[-1][0].start, place.stop), matrix)
            else:
                runs.append((place, matrix))
        return runs

    def zero_grad(self) -> None:
        self.grad.fill(0)


def renew_vector(model: Layer) -> None:
    """A new `ParameterVector` for a model whose layers have changed, and for the body in it."""
    vector = ParameterVector(model, model.vector.dtype, model.vector.device)
    for layer in model.sublayers():
        if hasattr(layer, "vector"):
            layer.vector = vector
