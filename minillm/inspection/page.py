"""The page of a step: one HTML file without server or network, which computes every number that it shows again.

Its parts are in `viewer/`: step.html is the frame, step.css the looks, rules.js how each array is made of others, step.js the program.
"""

import base64
import os
from importlib.resources import files
from typing import Any

import numpy as np

from minillm.errors import InputError
from minillm.inspection.step import Step, finite_differences, record_step
from minillm.inspection.texts import Example
from minillm.inspection.traced import Node, Operand
from minillm.inspection.window import Window, held, window_for
from minillm.models import Model
from minillm.ops import IGNORE
from minillm.plots.offline_page import save_page

VIEWER = files("minillm.inspection") / "viewer"
ALT = "One training step, op by op: every array from the tokens to the loss, every gradient, and the new weights."
LARGEST_MODEL = 20_000_000  # parameters: a step holds some ten numbers of eight bytes for each
LARGEST = 8_000_000  # bytes of a page: a browser on a phone still opens it


def save_step(
    path: str | os.PathLike, model: Model, example: Example, *, lr: float = 1e-3, clip: float = 1.0, title: str
) -> tuple[Step, Window]:
    """Write the page of a model's next training step; the model stays as it is. Returns what was recorded and what is shown.

    The page speaks Chinese where the environment asks for it (LANGUAGE, LC_ALL, LC_MESSAGES, LANG).

    InputError if the model is larger than LARGEST_MODEL, the page would be larger than LARGEST, or the loss is not finite.
    """
    if model.vector.size > LARGEST_MODEL:
        raise InputError(
            f"The model has {model.vector.size:,} parameters, and a step is shown of at most {LARGEST_MODEL:,}.",
            "Take a smaller model, such as one that comes with minillm: python -m minillm models",
        )
    step = record_step(model, example.objective, example.arrays, lr=lr, clip=clip)
    ids = np.array(sorted(example.labels))
    window = window_for(step, ids)
    kept, given = held(step, window)
    numbers = sum(int(mask.sum()) for mask in kept)
    if 6 * numbers > LARGEST:  # float32 in base64, and the rest
        raise InputError(
            f"The page would hold {numbers:,} numbers, about {6 * numbers / 1e6:.0f} MB, and the most is {LARGEST / 1e6:.0f} MB.",
            "Take a shorter `text`, or a smaller model, such as one that comes with minillm: python -m minillm models",
        )
    places = {name: np.flatnonzero(window.shown(update.weight)) for name, update in step.updates.items()}
    nudged = finite_differences(model, example.objective, example.arrays, places)
    data = {
        "loss": float(step.loss.values),
        "lr": lr,
        "window": {"whole": window.whole, "vocabulary": window.vocab_size, "ids": window.ids},
        "labels": {str(i): label for i, label in example.labels.items()},
        "sequences": _sequences(example),
        "lines": (lines := _lines(step)),
        "nodes": [_node(node, kept[node.number], node.number not in given, lines, example) for node in step.nodes],
        "updates": [
            {
                "name": name,
                "weight": update.weight.number,
                "gradient": _operand(update.gradient),
                "after": update.after.number,
                "nudged": _packed(nudged[name], np.float32),
            }
            for name, update in step.updates.items()
        ],
    }
    save_page(path, VIEWER, "step.html", data, title=title, alt=ALT)
    return step, window


def _sequences(example: Example) -> list[dict]:
    """What the model reads and what it is to say, token by token."""
    named = {"inputs": "reads", "source": "reads", "decoder_input": "written", "targets": "target"}
    label = {IGNORE: "·", **example.labels}
    return [
        {"name": named[name], "tokens": [label[i] for i in array[0].tolist()]}
        for name, array in example.arrays.items()
        if name in named
    ]


def _lines(step: Step) -> list[tuple]:
    return sorted({tuple(node.line) for node in step.nodes if node.line})


def _node(node: Node, kept: np.ndarray, again: bool, lines: list[tuple], example: Example) -> dict[str, Any]:
    values = node.values.reshape(-1)
    entry = {
        "kind": node.kind,
        "name": node.name,
        "phase": node.phase,
        "where": node.where,
        "line": lines.index(tuple(node.line)) if node.line else None,
        "shape": list(node.values.shape),
        "values": _packed(values[kept], np.float32),
        "operands": [_operand(operand) for operand in node.operands] if again else [],
        "options": {name: _option(value) for name, value in node.options.items()},
        "again": again and bool(node.operands),
    }
    if not kept.all():
        entry["runs"] = _runs(kept)
    return entry


def _operand(operand: Operand) -> dict[str, Any]:
    """Which numbers of a node are read: by an offset and a stride for each axis where that says it, else one by one."""
    index = operand.index
    strides = [
        int(index.take(1, axis).flat[0] - index.flat[0]) if length > 1 else 0 for axis, length in enumerate(index.shape)
    ]
    offset = int(index.flat[0]) if index.size else 0
    steps = (stride * np.arange(length) for stride, length in zip(strides, index.shape, strict=True))
    regular = sum(np.ix_(*steps), start=np.array(offset)) if index.ndim else np.array(offset)
    view = {"node": operand.node.number, "shape": list(index.shape)}
    if np.array_equal(np.broadcast_to(regular, index.shape), index):
        return view | {"offset": offset, "strides": strides}
    return view | {"places": _packed(index, np.int32)}


def _option(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    return {"ints": _packed(value, np.int32)} if value.dtype.kind in "iu" else {"floats": _packed(value, np.float64)}


def _packed(values: np.ndarray, dtype: type) -> str:
    little = np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<"))
    return base64.b64encode(little.tobytes()).decode("ascii")


def _runs(kept: np.ndarray) -> list[int]:
    """Where the numbers stand that are on the page: how many are left out, how many are there, and so on in turns."""
    edges = np.flatnonzero(np.diff(kept)) + 1
    lengths = np.diff([0, *edges, len(kept)]).tolist()
    return [0, *lengths] if kept[0] else lengths
