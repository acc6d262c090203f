"""Check the exercises of a lesson at a student's desk, and note what is solved. What comes out are values; whoever asks words them."""

import traceback
import types
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minillm.course.desk import Desk, exercises_of, solution_of
from minillm.course.exercises import Exercise, Verdict, check, load, read
from minillm.course.outline import Outline
from minillm.errors import InputError


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


def check_lesson(outline: Outline, desk: Desk) -> Checked:
    """Check the student's copy of the exercises, which is made if there is none, and note what is solved.

    InputError for a lesson without exercises, and for a file that Python can't read.
    """
    exercises = exercises_of(outline)
    if not exercises:
        raise InputError(f"Lesson {outline.name} has no exercises.", "See the others: python -m minillm lesson")
    path, new = desk.copy_of(outline)
    solution, theirs = solution_of(outline), load_copy(path)
    verdicts = [check(exercise, theirs, solution) for exercise in exercises]
    done, undone = ([verdict.name for verdict in verdicts if verdict.passed is passed] for passed in (True, False))
    desk.note(outline, done, undone)
    return Checked(path, new, exercises, verdicts)


def load_copy(path: Path) -> types.ModuleType:
    """A student's file as a module; InputError where Python can't read it."""
    try:
        return load(read(path), path.name)
    except SyntaxError as error:
        raise InputError(f"{path} line {error.lineno}: {error.msg}.", "Mend that line, then check again.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as UTF-8 in your editor.") from None
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        raise InputError(
            f"{path} line {line}: {type(error).__name__}: {error}.", "Mend that line, then check again."
        ) from None


def first_array(answer: Any) -> np.ndarray | None:
    """The answer, or the first part of it, that is an array to draw: two axes at most, others taken at 0."""
    for part in answer if isinstance(answer, tuple | list) else [answer]:
        if isinstance(part, np.ndarray) and part.ndim and part.dtype.kind in "fiub":
            return part.reshape(-1, *part.shape[-2:])[0].astype(float) if part.ndim > 2 else part.astype(float)
    return None
