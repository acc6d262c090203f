"""A student's function, tried in a process of its own: it may hang, crash or print without end, and the check goes on.

`attempt` starts the process and reads what it left; `python -m minillm.course.attempt` is that process. It leaves a line of JSON for each
answer as soon as it is there: a process that is ended from outside has still said how far it came.
"""

import contextlib
import copy
import faulthandler
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
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
from minillm.course.outline import ROOT, Outline, read_outline
from minillm.course.repairs import repair

SECONDS = 5.0  # for loading the file, and as many for all calls; a right solution takes milliseconds
MEMORY = 4 * 2**30  # bytes of address space, of which Python with NumPy takes an eighth
START = 60  # seconds that Python itself may take to start, on a busy machine
PRINTED = 2_000  # characters that are kept of what the student prints
LARGEST = 2**25  # characters of answers that are read


class Attempt(NamedTuple):
    """What came of the calls of an exercise."""

    answers: list[Any]  # one for each call, or fewer, and then the last is the Failure that ended the process
    writes: Sequence[int] = ()  # the numbers of the arguments that it wrote into
    random: bool = False  # whether the same calls were answered otherwise a second time
    printed: str = ""
    seconds: float = 0.0
    unread: Failure | None = None  # why the file could not be loaded


def attempt(outline: Outline, path: Path, name: str, seed: int = 0, seconds: float = SECONDS) -> Attempt:
    """Call the function of this name in a student's file, in a process that is stopped when its time is up."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        code = _run("answers", outline, path, name, seed, seconds, folder)
        return _what_is_left(Path(folder), code, path.name, seconds)


def repair_of(outline: Outline, path: Path, name: str, seed: int = 0, seconds: float = SECONDS) -> str:
    """The one change that would make this function right, in words; empty if none is found in time. In a process of its own as well."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _run("repair", outline, path, name, seed, seconds, folder)
        with contextlib.suppress(ValueError):  # there is no answer, or a part of one
            return json.loads(_text(Path(folder) / "answers"))["repair"]
    return ""


def _run(task: str, outline: Outline, path: Path, name: str, seed: int, seconds: float, folder: str) -> int | None:
    """Start the process and wait for its end: the exit code, or None where it had to be stopped."""
    command = [sys.executable, "-m", __name__, *map(str, (task, outline.path, path, name, seed, seconds, folder))]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    nowhere = subprocess.DEVNULL
    streams = {"stdin": nowhere, "stdout": nowhere, "stderr": nowhere}
    process = subprocess.Popen(command, env=environment, **streams, start_new_session=True)
    try:
        return process.wait(START + 2 * seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        end(process)


def end(process: subprocess.Popen) -> None:
    """End a process that leads a session, and those that it started and left behind, where the system can: not on Windows."""
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS says so by the second
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _what_is_left(folder: Path, code: int | None, file: str, seconds: float) -> Attempt:
    """The attempt, from the files that its process wrote until it ended, with this exit code, or was stopped (None)."""
    printed, lines = _text(folder / "printed"), []
    for line in _text(folder / "answers").splitlines():
        with contextlib.suppress(ValueError):  # a line that was cut off
            lines.append(json.loads(line))
    if lines and lines[-1].keys() & {"unread", "seconds"}:
        return collect(lines)._replace(printed=printed)
    trace = _text(folder / "trace")
    place = re.search(rf'File "{re.escape(file)}", line (\d+)', trace)
    late = code is None or trace.startswith("Timeout")
    message = f"{seconds:g} s" if late else f"exit code {code}"
    end = Failure("Timeout" if late else "Crash", message, place and int(place[1]))
    if {"loaded": True} not in lines:
        return Attempt([], printed=printed, unread=end)
    return Attempt([*collect(lines).answers, end], printed=printed, seconds=seconds)


def _text(path: Path) -> str:
    if not path.exists():
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(LARGEST)


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
        with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
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


def report(outline: Outline, path: Path, name: str, seed: int, seconds: float, trace: TextIO) -> Iterator[dict]:
    """What the process has to say, from loading the student's file to the end."""
    exercises = {exercise.name: exercise for exercise in exercises_of(outline)}
    right = load(solution_of(outline), "<solution>")
    faulthandler.dump_traceback_later(seconds, exit=True, file=trace)  # it waits for no turn of Python's
    try:
        theirs = load(read(path), path.name)
    except BaseException as error:  # a student's file may raise anything
        yield {"unread": as_json(failure(error, path.name))}
        return
    yield {"loaded": True}
    faulthandler.dump_traceback_later(seconds, exit=True, file=trace)
    yield from try_calls(theirs, exercises[name], {each: getattr(right, each) for each in exercises}, seed)
    faulthandler.cancel_dump_traceback_later()


def report_repair(outline: Outline, path: Path, name: str, seed: int, seconds: float, trace: TextIO) -> Iterator[dict]:
    """What the process has to say of one change that makes the function right."""
    exercises, solution, seeds = exercises_of(outline), solution_of(outline), range(seed, seed + 3)
    exercise = next(each for each in exercises if each.name == name)
    calls = [call for each in seeds for call in exercise.calls(np.random.default_rng(each))]
    target = [answer for each in seeds for answer in try_text(solution, exercise, each)]
    faulthandler.dump_traceback_later(2 * seconds, exit=True, file=trace)
    theirs, right = load(read(path), path.name), load(solution, "<solution>")
    theirs.__dict__.update({each.name: getattr(right, each.name) for each in exercises if each.name != name})
    yield {"repair": repair(read(path), theirs, name, calls, target, seconds)}
    faulthandler.cancel_dump_traceback_later()


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


def limit_memory() -> None:
    """Where the system can: on Linux. What asks for more then gets a MemoryError."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # Windows has none

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))


def main(task: str, lesson: str, path: str, name: str, seed: str, seconds: str, folder: str) -> None:
    """The process: what the student's function answers goes into files of the folder."""
    leave, files, own = os._exit, Path(folder), os.getpid()
    with contextlib.ExitStack() as stack:
        answers_file, trace, printed = (
            stack.enter_context(open(files / each, "w", encoding="utf-8", errors="replace"))
            for each in ("answers", "trace", "printed")
        )
        faulthandler.enable(trace)
        warnings.simplefilter("ignore")
        sys.stdout = sys.stderr = Printed(printed)
        os._exit = sys.exit  # it can then be said where it was called
        np.empty, np.empty_like = unset(np.empty), unset(np.empty_like)
        limit_memory()
        work = report_repair if task == "repair" else report
        for line in work(read_outline(Path(lesson)), Path(path), name, int(seed), float(seconds), trace):
            if os.getpid() != own:  # a copy of this process, that a student's fork made, would answer as well
                leave(0)
            print(json.dumps(line), file=answers_file, flush=True)
    leave(0)  # threads that a student started do not matter


if __name__ == "__main__":
    main(*sys.argv[1:])
