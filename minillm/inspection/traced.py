"""Arrays that remember where each of their numbers comes from.

A `Traced` array is a NumPy array that knows its `node`, a record of how it was made, and for each of its numbers which number of that
node it is. Sums and products of traced arrays make a new node; what only moves numbers (reshape, transpose, slices) keeps the node.
"""

import linecache
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minillm.layers import Layer

LIBRARY = Path(__file__).parents[1]
HERE = str(Path(__file__).parent)
ARITHMETIC = {np.add: "add", np.multiply: "multiply", np.matmul: "matmul"}
ASSIGNED = re.compile(r"\s*(\w+) (?:[-+*/@]?=) ")  # the first name on the left of a line


class Operand(NamedTuple):
    """What an operation read: numbers of a node, in the order and the shape in which it read them."""

    node: "Node"
    index: np.ndarray  # for each number that was read, its place among the node's numbers, flat


class Line(NamedTuple):
    """A line of the library."""

    file: str  # below minillm/
    number: int
    text: str


@dataclass
class Node:
    """An array of the step, and how it was made: by the rule `kind` from `operands`, or given if there are none."""

    trace: "Trace"
    number: int
    kind: str
    values: np.ndarray
    operands: tuple[Operand, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    phase: str = ""
    where: str = ""  # the layer's dotted name
    line: Line | None = None

    @property
    def index(self) -> np.ndarray:
        return np.arange(self.values.size).reshape(self.values.shape)


class UntracedError(Exception):
    """The library did something with an array for which there is no rule: the trace would have a gap."""


class Trace:
    """The nodes of a step in the order in which they were made, each from earlier ones."""

    def __init__(self, names: dict[int, str]):
        self.nodes: list[Node] = []
        self.phase = "given"
        self._names = names  # of the layers, by id
        self._constants: dict[int, tuple[np.ndarray, Node]] = {}

    def give(self, values: np.ndarray, kind: str, name: str) -> "Traced":
        """An array that nothing in the step made, such as a weight."""
        return self._traced(self.add(kind, values, name=name))

    def record(
        self, kind: str, values: np.ndarray, *operands: Any, name: str | None = None, **options: Any
    ) -> "Traced":
        """`values` were made by the rule `kind` from these arrays, at the present line of the library."""
        line, where = self._place()
        assigned = ASSIGNED.match(line.text) if line else None
        name = name or (assigned[1] if assigned else "y")
        if kind == "scale" and line and "*=" not in line.text:
            name = "scaled"  # the line goes on, and its name is for what comes of it
        read = tuple(self.operand(x) for x in operands)
        return self._traced(self.add(kind, values, read, options, name, where, line))

    def add(self, kind, values, operands=(), options=None, name="", where="", line=None) -> Node:
        values = np.array(values, order="C")  # a copy: the library may write over its own
        node = Node(self, len(self.nodes), kind, values, operands, options or {}, name, self.phase, where, line)
        self.nodes.append(node)
        return node

    def operand(self, x: Any) -> Operand:
        """The numbers of a traced array; an array without a history is a constant of the step."""
        if isinstance(x, Operand):
            return x
        if isinstance(x, Traced):
            if x.node is None:
                raise UntracedError(f"an array {x.shape} came from nowhere, at {self._place()[0]}")
            return Operand(x.node, x.index)
        x = np.asarray(x)
        if id(x) not in self._constants:
            line, where = self._place()
            self._constants[id(x)] = x, self.add("constant", x, name="constant", where=where, line=line)
        node = self._constants[id(x)][1]
        return Operand(node, node.index)

    def _traced(self, node: Node) -> "Traced":
        return follow(node.values.copy(), node, node.index)

    def _place(self) -> tuple[Line | None, str]:
        """The innermost line of the library that is running, and the layer that it works for."""
        frame, line = sys._getframe(1), None
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(str(LIBRARY)) and not file.startswith(HERE):
                if line is None:
                    text = linecache.getline(file, frame.f_lineno).strip()
                    line = Line(Path(file).relative_to(LIBRARY).as_posix(), frame.f_lineno, text)
                owner = frame.f_locals.get("self")
                if isinstance(owner, Layer) and id(owner) in self._names:
                    return line, self._names[id(owner)]
            frame = frame.f_back
        return line, ""


class Traced(np.ndarray):
    """An array whose numbers are those of `node` at the places `index`, which has the array's shape. See `follow`."""

    node: Node | None = None
    index: np.ndarray | None = None
    is_zero = False

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        if method != "__call__" or ufunc not in ARITHMETIC or options:
            raise UntracedError(f"there is no rule for {ufunc.__name__}.{method}")
        values = ufunc(*map(plain, inputs), **({} if out is None else {"out": tuple(map(plain, out))}))
        result = _recorded(ARITHMETIC[ufunc], values, inputs)
        if out is None:
            return result
        target = out[0]
        target.node, target.index, target.is_zero = result.node, result.index, False
        return target

    def reshape(self, *shape):
        return follow(plain(self).reshape(*shape), self.node, self.index.reshape(*shape))

    def swapaxes(self, *axes):
        return follow(plain(self).swapaxes(*axes), self.node, self.index.swapaxes(*axes))

    @property
    def T(self):
        return follow(plain(self).T, self.node, self.index.T)

    def take(self, places, axis):
        return follow(plain(self).take(places, axis=axis), self.node, self.index.take(places, axis=axis))

    def repeat(self, times, axis):
        return follow(plain(self).repeat(times, axis=axis), self.node, self.index.repeat(times, axis=axis))

    def __getitem__(self, key):
        part = follow(plain(self)[key], self.node, None if self.index is None else self.index[key])
        part.is_zero = self.is_zero
        return part

    def __setitem__(self, key, value):
        plain(self)[key] = plain(value)
        places = np.arange(self.size).reshape(self.shape)[key]
        if self.is_zero:
            placed = value.node.trace.record("scatter", plain(self), value, places=places)
        else:
            placed = value.node.trace.record("place", plain(self), value, self, places=places)
        self.node, self.index, self.is_zero = placed.node, placed.index, False

    def sum(self, axis):
        axes = (axis,) if isinstance(axis, int) else axis
        total = plain(self).sum(axis=axes)
        rows = np.moveaxis(self.index, axes, range(len(axes))).reshape(-1, *total.shape)
        return self.node.trace.record("sum", total, Operand(self.node, rows))


def follow(array: np.ndarray, node: Node | None, index: np.ndarray | None) -> Traced:
    """The array as a traced one: its numbers are those of the node at these places."""
    traced = array.view(Traced)
    traced.node, traced.index = node, index
    return traced


def zeros(shape: tuple[int, ...], dtype: type = np.float64) -> Traced:
    """An array to add to or to write into: what is added to zeros keeps its own node."""
    array = np.zeros(shape, dtype).view(Traced)
    array.is_zero = True
    return array


def plain(x: Any) -> Any:
    """The array without its history; of a tuple, each array."""
    if isinstance(x, Traced):
        return x.view(np.ndarray)
    if isinstance(x, tuple):
        return x._make(map(plain, x)) if hasattr(x, "_make") else tuple(map(plain, x))
    return x


def _recorded(kind: str, values: np.ndarray, inputs: tuple) -> Traced:
    """A sum or product of two arrays, or of an array and a number."""
    a, b = inputs
    if kind == "add" and getattr(a, "is_zero", False):
        return follow(values, b.node, b.index)  # 0 + b is b
    if kind == "multiply" and np.ndim(b) == 0:
        return a.node.trace.record("scale", values, a, factor=float(b))
    trace = next(x for x in inputs if isinstance(x, Traced)).node.trace
    first, second = trace.operand(a), trace.operand(b)
    if kind == "matmul":
        batch = values.shape[:-2]
        shapes = [(*batch, *x.index.shape[-2:]) for x in (first, second)]
    else:
        shapes = [values.shape] * 2
    spread = [
        Operand(x.node, np.broadcast_to(x.index, shape)) for x, shape in zip((first, second), shapes, strict=True)
    ]
    return trace.record(kind, values, *spread)


class TracedNumpy:
    """NumPy for traced arrays: two of its functions would forget the history, or have none to begin with."""

    zeros = staticmethod(zeros)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def ascontiguousarray(x: Traced) -> Traced:
        return follow(np.ascontiguousarray(plain(x)), x.node, x.index)


NUMPY = TracedNumpy()
