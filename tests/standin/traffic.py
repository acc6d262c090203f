"""Count the memory that a program on a GPU reads and writes outside its matrix products, by the file of the line that asks for it."""

import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from . import capturing
from .capturing import arrays_in

LIBRARY = Path(__file__).parents[2] / "minillm"
BELOW = ("backend.py", "gpu", "kernels")  # they do what an op asks for
IN_PLACE = ("iadd", "isub", "imul", "itruediv", "ixor", "fill")


@contextmanager
def traffic() -> Iterator[Counter]:
    """Bytes by file, such as `ops/activations.py`. An array that is read twice by one kernel comes from the cache, and counts once."""
    found: Counter = Counter()

    def note(function: Callable, args: tuple, kwargs: dict, result: Any) -> None:
        found[asked_for()] += moved(
            getattr(function, "__name__", ""), arrays_in((args, kwargs)), arrays_in(result), kwargs
        )

    capturing.observers.append(note)
    try:
        yield found
    finally:
        capturing.observers.remove(note)


def moved(name: str, given: list[np.ndarray], made: list[np.ndarray], kwargs: dict) -> int:
    if name in ("empty", "empty_like", "full", "matmul"):  # new arrays, which the tests of kernels fill
        return 0
    if name in ("copyto", "_write"):  # one array is read, a part of the other written
        return 2 * min(array.nbytes for array in given)
    if made and name not in IN_PLACE and "out" not in kwargs:
        new = [array for array in made if not any(np.may_share_memory(array, old) for old in given)]
        if not new:
            return 0  # a view
        if name == "_read":
            return 2 * sum(array.nbytes for array in new)
    return sum(array.nbytes for array in (*given, *made))


def asked_for() -> str:
    for frame in reversed(traceback.extract_stack()):
        path = Path(frame.filename)
        if path.is_relative_to(LIBRARY) and path.relative_to(LIBRARY).parts[0] not in BELOW:
            return str(path.relative_to(LIBRARY))
    return ""
