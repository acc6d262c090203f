"""Check the exercises of a lesson at a student's desk, and note what is solved. What comes out are values; whoever asks words them."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minillm.course.answers import Failure, same
from minillm.course.calling import Attempt
from minillm.course.chinese import translated
from minillm.course.desk import Desk, exercises_of, solution_of
from minillm.course.diagnosis import Verdict, judge
from minillm.course.exercises import Exercise, read
from minillm.course.outline import Outline, outlines
from minillm.course.wording import failed
from minillm.errors import InputError

MEND = "Mend that, then check again."
Report = Callable[[Verdict], None]


class Checked(NamedTuple):
    """The exercises of a lesson, and how each came out."""

    path: Path  # the student's file
    new: bool  # whether it was put there just now
    exercises: list[Exercise]
    verdicts: list[Verdict]

    @property
    def left(self) -> list[Exercise]:
        """Those that are not solved."""
        pairs = zip(self.exercises, self.verdicts, strict=True)
        return [exercise for exercise, verdict in pairs if not verdict.passed]


def check_lesson(outline: Outline, desk: Desk, seed: int = 0, report: Report | None = None) -> Checked:
    """Check the student's copy of the exercises, which is made if there is none, and note what is solved.

    seed: of the arguments that the functions are called with. report: called with each verdict as soon as it is found.
    InputError for a lesson without exercises, and for a file that Python can't load.
    """
    exercises = exercises_of(outline)
    if not exercises:
        raise InputError(f"Lesson {outline.name} has no exercises.", "See the others: python -m minillm lesson")
    path, new = desk.copy_of(outline)
    verdicts = verdicts_on(outline, path, seed, report)
    done, undone = ([verdict.name for verdict in verdicts if verdict.passed is passed] for passed in (True, False))
    desk.note(outline.name, done, undone)
    return Checked(path, new, exercises, verdicts)


def check_all(desk: Desk, seed: int = 0) -> Iterator[tuple[Outline, list[Verdict]]]:
    """The verdicts on all exercises of each lesson, for a teacher: nothing is put into the folder, and a file that is missing or
    can't be loaded is said in the place of its verdicts.
    """
    for outline in outlines():
        path = desk.path_of(outline)
        try:
            if not path.exists():
                raise InputError(f"There is no {path}.", "The student has not begun.")
            yield outline, verdicts_on(outline, path, seed)
        except InputError as error:
            yield outline, [Verdict(exercise.name, False, error.wrong) for exercise in exercises_of(outline)]


def verdicts_on(outline: Outline, path: Path, seed: int = 0, report: Report | None = None) -> list[Verdict]:
    """What is to be said of each exercise of a student's file. InputError where it can't be loaded."""
    from minillm.course.attempt import attempt, repair_of  # not at the top: not every Python can start processes

    source, verdicts = read_copy(path), []
    for exercise in exercises_of(outline):
        tried = attempt(outline, path, exercise.name, seed)
        repair = partial(repair_of, outline, path, exercise.name, seed)
        verdicts.append(verdict_on(exercise, tried, outline, path, source, seed, repair))
        if report:
            report(verdicts[-1])
    return verdicts


def verdict_on(
    exercise: Exercise,
    tried: Attempt,
    outline: Outline,
    path: Path,
    source: str,
    seed: int = 0,
    repair: Callable[[], str] = str,
) -> Verdict:
    """What is to be said of an attempt, in the student's language. InputError where their file, whose text is `source`, can't be loaded."""
    if tried.unread:
        raise unreadable(path, source, tried.unread)
    verdict = judge(exercise, tried, solution_of(outline), source, seed, repair)
    return verdict._replace(message=translated(verdict.message))


def read_copy(path: Path) -> str:
    """The text of a student's file, which is not run here; InputError where Python can't read it."""
    try:
        source = read(path)
        compile(source, path.name, "exec")
        return source
    except SyntaxError as error:
        raise InputError(f"{path} line {error.lineno}: {error.msg}.", MEND) from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as UTF-8 in your editor.") from None
    except (ValueError, MemoryError, RecursionError) as error:  # zero bytes, or a thousand brackets
        raise InputError(f"{path} is no Python that can be read: {error}.", MEND) from None


def unreadable(path: Path, source: str, why: Failure) -> InputError:
    """What happened while the file was loaded, before any function was called."""
    if why.kind in ("Timeout", "Crash", "SystemExit", "MemoryError"):
        return InputError(f"{path}: {failed(why, 'what stands outside of the functions', source)}.", MEND)
    return InputError(f"{path}{f' line {why.line}' * bool(why.line)}: {why.kind}: {why.message}.", MEND)


def to_draw(verdict: Verdict) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The right array and the student's, to be drawn beside each other: of several outputs the first that is wrong. None for no array."""
    target, yours = verdict.target, verdict.yours
    if isinstance(target, tuple) and isinstance(yours, tuple | list) and len(target) == len(yours):
        wrong = (pair for pair in zip(target, yours, strict=True) if not same(*reversed(pair)))
        target, yours = next(wrong, (target[0], yours[0]))
    return _drawn(target), _drawn(yours)


def _drawn(answer: Any) -> np.ndarray | None:
    """Two axes at most, others taken at 0."""
    if not isinstance(answer, np.ndarray) or not answer.ndim or answer.dtype.kind not in "fiub":
        return None
    return (answer.reshape(-1, *answer.shape[-2:])[0] if answer.ndim > 2 else answer).astype(float)
