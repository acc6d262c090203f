"""Exercises that name the mistake: what a student wrote is compared with the solution, and with every known way to get it wrong.

A known mistake is the solution with one place changed, so the check, its test and its diagnosis can't fall apart: whoever makes that
mistake gets exactly the numbers of the changed solution, and is told what it means.
"""

import ast
import copy
import linecache
import traceback
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

NOT_WRITTEN = "not written yet"


class Mistake(NamedTuple):
    """`right`, a piece of the solution's text, replaced by `wrong`; and what a student is told whose answer comes out so."""

    right: str
    wrong: str
    diagnosis: str


class Exercise(NamedTuple):
    """A function to write. `calls(rng)` gives the arguments of some calls, chosen so that every mistake shows."""

    name: str
    calls: Callable[[np.random.Generator], Sequence[tuple]]
    hints: Sequence[str]  # from a nudge to almost the line itself
    mistakes: Sequence[Mistake]


class Verdict(NamedTuple):
    """How an exercise came out. `yours` and `target` are the two answers to the first call."""

    name: str
    passed: bool
    message: str = ""
    yours: Any = None
    target: Any = None


class Failure(NamedTuple):
    """What a call raised, in place of an answer."""

    kind: str
    message: str


def load(source: str, name: str) -> types.ModuleType:
    """A module from its text. Tracebacks find their lines."""
    module = types.ModuleType(name)
    module.__file__ = name
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), module.__dict__)
    return module


def check(exercise: Exercise, theirs: types.ModuleType, solution: str, seed: int = 0) -> Verdict:
    """Whether the function of a student's module does what the solution (its text) does; else what is wrong, as exactly as it is known."""
    function = getattr(theirs, exercise.name, None)
    if not callable(function):
        return Verdict(exercise.name, False, f"there is no function {exercise.name} in the file")
    calls = exercise.calls(np.random.default_rng(seed))
    given = copy.deepcopy(calls)
    yours = _answers(function, given)
    target = _answers(getattr(load(solution, "<solution>"), exercise.name), copy.deepcopy(calls))
    message = _diagnosis(exercise, yours, target, calls, given, solution)
    return Verdict(exercise.name, not message, message, yours[0], target[0])


def planted(solution: str, mistake: Mistake) -> str:
    """The solution's text with the mistake in it."""
    if solution.count(mistake.right) != 1:
        raise ValueError(f"the solution has {mistake.right!r} {solution.count(mistake.right)} times, not once")
    return solution.replace(mistake.right, mistake.wrong)


def _diagnosis(exercise: Exercise, yours: list, target: list, calls: Sequence, given: Sequence, solution: str) -> str:
    """What is wrong with the answers; empty if nothing is."""
    if any(isinstance(answer, Failure) and answer.kind == "NotImplementedError" for answer in yours):
        return NOT_WRITTEN
    if same(yours, target):
        return "" if same(given, calls) else "right, but it writes into what it was given: work on a copy"
    for mistake in exercise.mistakes:
        wrong = getattr(load(planted(solution, mistake), "<mistake>"), exercise.name)
        if same(yours, _answers(wrong, copy.deepcopy(calls))):
            return mistake.diagnosis
    for answer, expected in zip(yours, target, strict=True):
        if not same(answer, expected):
            return difference(answer, expected)
    raise AssertionError("answers that differ, and none of them does")


def _answers(function: Callable, calls: Sequence[tuple]) -> list:
    """The answer to each call, or what it raised."""
    answers = []
    with np.errstate(all="ignore"):
        for arguments in calls:
            try:
                answers.append(function(*arguments))
            except Exception as error:  # a student's code may raise anything
                place = traceback.extract_tb(error.__traceback__)[-1]
                where = f" (line {place.lineno}: {place.line})" if place.filename.startswith("ex") else ""
                answers.append(Failure(type(error).__name__, f"{error}{where}"))
    return answers


def same(one: Any, other: Any) -> bool:
    """Whether two answers are equal: numbers to 1e-6 of the largest, everything else exactly."""
    if isinstance(one, Failure) or isinstance(other, Failure):
        return isinstance(one, Failure) and isinstance(other, Failure) and one.kind == other.kind
    if isinstance(other, dict):
        return isinstance(one, dict) and one.keys() == other.keys() and all(same(one[key], other[key]) for key in other)
    if isinstance(other, (tuple, list)):
        fits = isinstance(one, (tuple, list)) and len(one) == len(other)
        return fits and all(map(same, one, other))
    if isinstance(other, np.random.Generator):
        return True
    if isinstance(other, (np.ndarray, np.number, float, int)):
        return _close(one, other)
    return type(one) is type(other) and one == other


def _close(one: Any, other: Any) -> bool:
    if not isinstance(one, (np.ndarray, np.number, float, int)) or np.shape(one) != np.shape(other):
        return False
    if not np.size(other):
        return True
    scale = np.max(np.abs(np.asarray(other, float)), initial=0, where=np.isfinite(other))
    return np.allclose(one, other, rtol=1e-6, atol=1e-6 * scale, equal_nan=True)


def difference(yours: Any, target: Any) -> str:
    """In what an answer differs from the target, when no known mistake explains it."""
    if isinstance(yours, Failure):
        return f"it raises {yours.kind}: {yours.message}"
    if yours is None:
        return "it returns None: is there a return?"
    if isinstance(target, (tuple, list)):
        if not isinstance(yours, (tuple, list)) or len(yours) != len(target):
            count = len(yours) if isinstance(yours, (tuple, list)) else 1
            return (
                f"it should return {len(target)} values, and returns {count}"
                if isinstance(target, tuple)
                else _unequal(yours, target)
            )
        at = next(index for index, pair in enumerate(zip(yours, target, strict=True)) if not same(*pair))
        return f"value {at + 1} of {len(target)}: {difference(yours[at], target[at])}"
    if not isinstance(target, (np.ndarray, np.number, float, int)):
        return _unequal(yours, target)
    try:
        mine, right = np.asarray(yours, float), np.asarray(target, float)
    except (TypeError, ValueError):
        return f"it returns {type(yours).__name__}, and should return numbers"
    if mine.shape != right.shape:
        return f"its shape is {mine.shape}, and should be {right.shape}"
    if np.isnan(mine).any() and not np.isnan(right).any():
        return f"{np.isnan(mine).mean():.0%} of it is NaN: is there 0 / 0, or -inf - (-inf)?"
    worst = np.unravel_index(np.argmax(np.abs(mine - right)), mine.shape)
    place = f" at {tuple(map(int, worst))}" if mine.shape else ""
    return f"yours {mine[worst]:.4g}, right {right[worst]:.4g}{place}, where it differs most"


def _unequal(yours: Any, target: Any) -> str:
    return f"yours {_short(yours)}, right {_short(target)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def stub(solution: str) -> str:
    """The file that a student starts from: whatever stands between `# solution` and `# end` is left to write."""
    lines, left_out = [], False
    for line in solution.splitlines():
        marker = line.strip()
        if marker == "# solution":
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f'{indent}raise NotImplementedError("{NOT_WRITTEN}")')
            left_out = True
        elif marker == "# end":
            left_out = False
        elif not left_out:
            lines.append(line)
    return "\n".join(lines) + "\n"


def solution_text(solution: str, name: str | None = None) -> str:
    """The solution as a student reads it: all of it, or the function or class of this name."""
    text = "\n".join(line for line in solution.splitlines() if line.strip() not in ("# solution", "# end")) + "\n"
    if name is None:
        return text
    definitions = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return ast.get_source_segment(text, next(node for node in definitions if node.name == name))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")
