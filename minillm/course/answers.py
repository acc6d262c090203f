"""What a student's function answers, as data: it crosses from one process to another as JSON, and nothing of it is run on the way.

A value is asked for its type and never for anything that its class may have written anew, such as `==` or `str`.
"""

import contextlib
import traceback
import types
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np

LARGEST = 200_000  # parts of an answer that are kept; no right answer has a hundredth of them
DEEPEST = 20  # lists within lists


@dataclass(frozen=True)
class Failure:
    """What a call raised, in place of an answer; `line` of the student's file, if it was there, and the shapes of the arrays that had
    names then.
    """

    kind: str
    message: str = ""
    line: int | None = None
    shapes: dict[str, Sequence[int]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Other:
    """An answer that is not data, or is too large: only the name of its type is kept."""

    kind: str


def answers(module: types.ModuleType, name: str, calls: Sequence[tuple]) -> Iterator[Any]:
    """The answer of a module's function to each call, or what it raised: SystemExit and KeyboardInterrupt as well."""
    function = getattr(module, name, None)
    for arguments in calls:
        if not callable(function):
            yield Failure("Missing")
            continue
        try:
            with np.errstate(all="ignore"):
                answer = function(*arguments)
        except BaseException as error:  # a student's code may raise anything
            answer = failure(error, module.__name__)
        yield answer


def failure(error: BaseException, file: str) -> Failure:
    """What was raised, and in which line of the student's file."""
    places = [place for place in traceback.walk_tb(error.__traceback__) if place[0].f_code.co_filename == file]
    frame, line = places[-1] if places else (None, None)
    known = frame.f_locals.items() if frame else ()
    shapes = {name: each.shape for name, each in known if type(each) is np.ndarray}
    message = ""
    with contextlib.suppress(BaseException):  # the error may be a class of the student's own
        message = str(error)[:200].strip()
    kind = MemoryError if isinstance(error, MemoryError) else type(error)  # NumPy has one of its own
    return Failure(kind.__name__, message, line, shapes)


def as_json(answer: Any) -> Any:
    """The answer as what json.dumps can write."""
    return _encode(answer, [LARGEST], DEEPEST)


def _encode(value: Any, left: list[int], depth: int) -> Any:
    """`left[0]` counts down how many parts may still come."""
    kind = type(value)
    left[0] -= 1
    if value is None or kind in (bool, float) or (kind is int and value.bit_length() < 64):
        return value
    if kind is str:
        return value[:LARGEST]
    if kind is Failure:
        return {"failure": astuple(value)}
    if issubclass(kind, np.generic) or kind is np.ndarray:
        return _encode_array(np.asarray(value), left)
    if depth and left[0] > 0:
        if issubclass(kind, dict):
            items = list(dict.items(value))[: left[0]]
            return {"dict": [[_encode(part, left, depth - 1) for part in item] for item in items]}
        for sequence in (tuple, list):
            if issubclass(kind, sequence):
                parts = list(sequence.__iter__(value))[: left[0]]
                return {sequence.__name__: [_encode(part, left, depth - 1) for part in parts]}
    return {"other": kind.__name__}


def _encode_array(array: np.ndarray, left: list[int]) -> Any:
    if array.dtype.kind not in "biuf":
        return {"other": f"array of {array.dtype.name}"}
    left[0] -= array.size
    numbers = array.astype(float) if array.dtype.kind == "f" else array
    fits = left[0] >= 0
    return {"array": numbers.ravel().tolist() if fits else None, "shape": array.shape, "dtype": array.dtype.name}


def from_json(coded: Any) -> Any:
    """The answer that `as_json` wrote. ValueError for anything else."""
    if not isinstance(coded, dict):
        return coded
    try:
        match coded:
            case {"failure": parts}:
                return Failure(*parts)
            case {"other": str(kind)}:
                return Other(kind)
            case {"dict": items}:
                return {_as_key(from_json(key)): from_json(value) for key, value in items}
            case {"tuple": parts}:
                return tuple(map(from_json, parts))
            case {"list": parts}:
                return [from_json(part) for part in parts]
            case {"array": None, "shape": shape}:
                return Other(f"array of shape {tuple(shape)}")
            case {"array": numbers, "shape": shape, "dtype": str(dtype)}:
                dtype = np.dtype(dtype)
                return np.array(numbers, "f8" if dtype.kind == "f" else dtype).astype(dtype).reshape(shape)[()]
    except TypeError as error:
        raise ValueError(str(error)) from None
    raise ValueError(f"{list(coded)} is no answer")


def _as_key(value: Any) -> Any:
    """What can be a key of a dict: one of a class of the student's own may have come as a list."""
    try:
        hash(value)
    except TypeError:
        return Other(type(value).__name__)
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two answers are equal: numbers to 1e-6 of the largest, everything else exactly."""
    if isinstance(one, Failure) or isinstance(other, Failure):
        return isinstance(one, Failure) and isinstance(other, Failure) and one.kind == other.kind
    if isinstance(other, dict):
        return isinstance(one, dict) and one.keys() == other.keys() and all(same(one[key], other[key]) for key in other)
    if isinstance(other, (tuple, list)):
        fits = isinstance(one, (tuple, list)) and len(one) == len(other)
        return fits and all(map(same, one, other))
    if is_number(other) or isinstance(other, np.ndarray):
        return close(one, other)
    return type(one) is type(other) and one == other


def is_number(value: Any) -> bool:
    return isinstance(value, (np.number, np.bool_, float, int))


def close(one: Any, other: Any) -> bool:
    """Whether two arrays, or two numbers, are equal to 1e-6 of the largest. A list is no array."""
    if not (is_number(one) or isinstance(one, np.ndarray)) or np.shape(one) != np.shape(other):
        return False
    if not np.size(other):
        return True
    scale = np.max(np.abs(np.asarray(other, float)), initial=0, where=np.isfinite(other))
    return bool(np.allclose(one, other, rtol=1e-6, atol=1e-6 * scale, equal_nan=True))
