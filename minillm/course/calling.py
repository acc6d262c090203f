"""A student's function, called: what it answers to each call, as soon as it is there.

This is what happens in the process that `attempt` starts, or in the page's worker. It may hang there, crash or print without end: each
answer is a line of JSON that is out before the next call begins, so that whoever ends it from outside knows how far it came.
"""

import contextlib
import copy
import io
import json
import os
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from minillm.course.answers import Failure, answers, as_json, failure, from_json
from minillm.course.desk import exercises_of, solution_of
from minillm.course.exercises import Exercise, load, read
from minillm.course.outline import Outline
from minillm.course.repairs import repair

SECONDS = 5.0  # for loading the file, and as many for all calls; a right solution takes milliseconds
LOADED = {"loaded": True}
PRINTED = 2_000  # characters that are kept of what the student prints
Alarm = Callable[[float], None]  # told how many seconds may pass from now on, before the process is ended


class Attempt(NamedTuple):
    """What came of the calls of an exercise."""

    answers: list[Any]  # one for each call, or fewer, and then the last is the Failure that ended the process
    writes: Sequence[int] = ()  # the numbers of the arguments that it wrote into
    random: bool = False  # whether the same calls were answered otherwise a second time
    printed: str = ""
    seconds: float = 0.0
    unread: Failure | None = None  # why the file could not be loaded


def collect(lines: Iterable[dict]) -> Attempt:
    """The attempt that these lines tell of."""
    attempt = Attempt([])
    for line in lines:
        match line:
            case {"answer": answer}:
                attempt.answers.append(from_json(answer))
            case {"unread": reason}:
                attempt = attempt._replace(unread=from_json(reason))
            case {"writes": writes, "seconds": seconds, "random": random}:
                attempt = attempt._replace(writes=writes, seconds=seconds, random=random)
    return attempt


def attempt_of(lines: Iterable[str], printed: str, end: Failure, seconds: float) -> Attempt:
    """The attempt, from all that was heard of it: lines of `report`, and what was printed. Where they break off, `end` says of what."""
    heard = []
    for line in lines:
        with contextlib.suppress(ValueError):  # a line that was cut off
            heard.append(json.loads(line))
    if heard and heard[-1].keys() & {"unread", "seconds"}:
        return collect(heard)._replace(printed=printed)
    if LOADED not in heard:
        return Attempt([], printed=printed, unread=end)
    return Attempt([*collect(heard).answers, end], printed=printed, seconds=seconds)


def try_calls(theirs: types.ModuleType, exercise: Exercise, right: dict[str, Any], seed: int) -> Iterator[dict]:
    """What a student's module answers to each call, as it comes, and at last what there is to say of all calls.

    right: the solution's functions for the other exercises. One that calls another is judged by itself.
    """
    theirs.__dict__.update({name: function for name, function in right.items() if name != exercise.name})
    calls = exercise.calls(np.random.default_rng(seed))
    given, began = copy.deepcopy(calls), time.perf_counter()
    first = []
    for answer in answers(theirs, exercise.name, given):
        first.append(as_json(answer))
        yield {"answer": first[-1]}
    seconds = time.perf_counter() - began
    again = first
    if seconds < 0.5:  # there is time for a second round
        with contextlib.redirect_stdout(Printed(io.StringIO())):  # what it prints has been heard
            again = [as_json(answer) for answer in answers(theirs, exercise.name, copy.deepcopy(calls))]
    pairs = [enumerate(zip(*each, strict=True)) for each in zip(given, calls, strict=True)]
    writes = {index for pair in pairs for index, (after, before) in pair if as_json(after) != as_json(before)}
    yield {"writes": sorted(writes), "seconds": seconds, "random": json.dumps(again) != json.dumps(first)}


def try_text(source: str, exercise: Exercise, seed: int = 0, only: slice = slice(None)) -> list[Any]:
    """The answers of a solution, or of one with a mistake, to all calls or to these: of a text that needs no process of its own."""
    calls = copy.deepcopy(exercise.calls(np.random.default_rng(seed))[only])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the mean of nothing
        return [from_json(as_json(answer)) for answer in answers(load(source, "<solution>"), exercise.name, calls)]


def report(outline: Outline, path: Path, name: str, seed: int, seconds: float, alarm: Alarm) -> Iterator[dict]:
    """What there is to say, from loading the student's file to the end."""
    exercises = {exercise.name: exercise for exercise in exercises_of(outline)}
    right = load(solution_of(outline), "<solution>")
    alarm(seconds)
    try:
        theirs = load(read(path), path.name)
    except BaseException as error:  # a student's file may raise anything
        yield {"unread": as_json(failure(error, path.name))}
        return
    yield LOADED
    alarm(seconds)
    yield from try_calls(theirs, exercises[name], {each: getattr(right, each) for each in exercises}, seed)


def report_repair(outline: Outline, path: Path, name: str, seed: int, seconds: float, alarm: Alarm) -> Iterator[dict]:
    """What there is to say of one change that makes the function right."""
    exercises, solution, seeds = exercises_of(outline), solution_of(outline), range(seed, seed + 3)
    exercise = next(each for each in exercises if each.name == name)
    calls = [call for each in seeds for call in exercise.calls(np.random.default_rng(each))]
    target = [answer for each in seeds for answer in try_text(solution, exercise, each)]
    alarm(2 * seconds)
    theirs, right = load(read(path), path.name), load(solution, "<solution>")
    theirs.__dict__.update({each.name: getattr(right, each.name) for each in exercises if each.name != name})
    yield {"repair": repair(read(path), theirs, name, calls, target, seconds)}


class Printed(io.TextIOBase):
    """Where a student's `print` goes: the beginning is kept, so that one without end fills no disk."""

    def __init__(self, file: TextIO):
        self.file, self.left = file, PRINTED

    def write(self, text: str) -> int:
        if self.left > 0:
            self.file.write(text[: self.left])
            self.file.flush()
            self.left -= len(text)
        return len(text)


def unset(made: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """np.empty, or its like: what nobody sets is NaN, or very negative. It would be 0 on most days, and the answer right by chance."""

    def empty(*arguments: Any, **options: Any) -> np.ndarray:
        array = made(*arguments, **options)
        if array.dtype.kind in "if":
            array.fill(np.nan if array.dtype.kind == "f" else np.iinfo(array.dtype).min)
        return array

    return empty


@contextlib.contextmanager
def guarded(printed: TextIO) -> Iterator[None]:
    """Around a student's code: what it prints goes there, nothing can be typed, `os._exit` says where it was called, and what it left
    unset is seen.
    """
    names = ((sys, "stdin"), (sys, "stdout"), (sys, "stderr"), (os, "_exit"), (np, "empty"), (np, "empty_like"))
    before = [getattr(*name) for name in names]
    out = Printed(printed)
    now = io.StringIO(), out, out, sys.exit, unset(np.empty), unset(np.empty_like)
    try:
        for name, value in zip(names, now, strict=True):
            setattr(*name, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, value in zip(names, before, strict=True):
            setattr(*name, value)
