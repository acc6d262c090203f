"""The exercises of the course in the page. Its worker is the process that a student's code runs in.

The command gives each function a process, and ends it when its time is up. Here the page ends the worker and starts another, and asks that
one what is to be said of the lines that it had heard until then.
"""

import contextlib
import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from minillm.course.answers import Failure
from minillm.course.calling import SECONDS, attempt_of, guarded, report, report_repair
from minillm.course.checking import read_copy, verdict_on
from minillm.course.chinese import title
from minillm.course.desk import Desk, exercise_named, exercises_of, solution_of, stub_of
from minillm.course.exercises import solution_text
from minillm.course.outline import Outline, find, outlines
from minillm.files import write_atomic
from minillm.visible import visible

SEARCH = 3 * SECONDS  # for a repair: Python takes about three times as long here, and is to find what the command finds
CRASHED = "an error of WebAssembly"  # where the command has an exit code


class ExerciseDesk:
    """post(kind, ...): tells the page."""

    def __init__(self, post: Callable[..., None]):
        self.post, self.desk = post, Desk()

    def lessons(self) -> None:
        """The lessons that have exercises, and the names of these."""
        found = []
        for outline in outlines():
            if names := [exercise.name for exercise in exercises_of(outline)]:
                lesson = {"number": outline.number, "name": outline.name, "title": title(outline)}
                found.append({**lesson, "exercises": names})
        self.post("lessons", lessons=found)

    def open(self, number: int) -> None:
        """What a student starts a lesson's exercises from."""
        outline = find(number)
        self.post("stub", number=number, path=str(self.desk.path_of(outline)), text=stub_of(outline))

    def begin(self, number: int, source: str) -> None:
        """Whether Python can read what the student wrote: an error, or the names of the exercises to be tried."""
        outline = find(number)
        read_copy(self._written(outline, source))
        self.post("begun", names=[exercise.name for exercise in exercises_of(outline)])

    def attempt(self, number: int, source: str, name: str) -> None:
        """Call a function of the student's, which may never return: all that is heard of it is posted at once."""
        outline = find(number)
        path = self._written(outline, source)
        watch = Watch(path.name, self.post)
        with guarded(Posted(self.post)), watch:
            for line in report(outline, path, name, 0, SECONDS, watch.alarm):
                self.post("line", text=json.dumps(line))
        self.post("over")

    def judge(
        self,
        number: int,
        source: str,
        name: str,
        lines: Sequence[str],
        printed: str,
        line: int | None,
        ended: str | None,
        mend: bool,
    ) -> None:
        """What is to be said of an attempt, from what was heard of it.

        line: where the student's file was last seen; ended: "Timeout" or "Crash" if the attempt did not end by itself; mend: whether a
        repair is looked for, which runs the student's code and may have to be ended as well.
        """
        outline = find(number)
        path = self._written(outline, source)
        end = Failure(ended or "Timeout", CRASHED if ended == "Crash" else f"{SECONDS:g} s", line)
        tried = attempt_of(lines, printed, end, SECONDS)
        exercise = exercise_named(name, [outline])
        repair = partial(self._repair, outline, path, name) if mend else str
        verdict = verdict_on(exercise, tried, outline, path, source, 0, repair)
        shown = {"message": visible(verdict.message), "printed": list(map(visible, verdict.printed.splitlines()))}
        self.post("verdict", name=name, passed=verdict.passed, **shown)

    def _repair(self, outline: Outline, path: Path, name: str) -> str:
        alarm = partial(self.post, "limit")
        found = ""
        with contextlib.suppress(BaseException), guarded(io.StringIO()):  # the student's file may raise anything
            (line,) = report_repair(outline, path, name, 0, SEARCH, lambda seconds: alarm(seconds=seconds))
            found = line["repair"]
        alarm(seconds=0)
        return found

    def hint(self, number: int, name: str, which: int) -> None:
        exercise = exercise_named(name, [find(number)])
        self.post("hint", name=name, which=which, of=len(exercise.hints), text=exercise.hint(which))

    def solution(self, number: int, name: str) -> None:
        self.post("solution", name=name, text=solution_text(solution_of(find(number)), name))

    def _written(self, outline: Outline, source: str) -> Path:
        path = self.desk.path_of(outline)
        write_atomic(path, source.encode("utf-8"))
        return path


class Posted:
    """A file whose text goes to the page."""

    def __init__(self, post: Callable[..., None]):
        self.post = post

    def write(self, text: str) -> None:
        self.post("printed", text=text)

    def flush(self) -> None:
        pass


class Watch:
    """Where a student's file is, told to the page while its code runs: once for each line that is reached, and when the time is up."""

    def __init__(self, file: str, post: Callable[..., None]):
        self.file, self.post, self.ends = file, post, float("inf")
        self.seen: set[int] = set()

    def alarm(self, seconds: float) -> None:
        self.ends = time.perf_counter() + seconds
        self.post("limit", seconds=seconds)

    def __enter__(self) -> None:
        sys.settrace(self.called)

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)
        self.post("limit", seconds=0)

    def called(self, frame: FrameType, event: str, argument: Any) -> Callable | None:
        return self.reached if frame.f_code.co_filename == self.file else None

    def reached(self, frame: FrameType, event: str, argument: Any) -> Callable:
        line = frame.f_lineno
        if line not in self.seen:
            self.seen.add(line)
            self.post("at", line=line)
        if time.perf_counter() > self.ends:
            self.ends = float("inf")
            self.post("late", line=line)
        return self.reached
