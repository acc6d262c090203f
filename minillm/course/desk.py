"""A student's desk: their copies of the exercises, never overwritten, and a note of what is done."""

import importlib.util
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from minillm.course.chinese import with_translated_docstrings
from minillm.course.exercises import Exercise, read
from minillm.course.outline import Outline, outlines
from minillm.errors import InputError, check_known
from minillm.files import write_atomic

USUAL = Path("my_exercises")


class Progress(NamedTuple):
    """How far a student is with a lesson."""

    outline: Outline
    ran: bool
    solved: int
    exercises: int


class Desk(NamedTuple):
    """The folder of one student."""

    folder: Path = USUAL

    def path_of(self, outline: Outline) -> Path:
        """Where the student's file for a lesson is, or would be."""
        return self.folder / f"ex{outline.name}.py"

    def copy_of(self, outline: Outline) -> tuple[Path, bool]:
        """The student's file for a lesson, and whether it was made just now."""
        path = self.path_of(outline)
        if path.exists():
            return path, False
        write_atomic(path, stub_of(outline).encode())
        return path, True

    def done(self) -> dict[str, list[str]]:
        """By the name of each lesson, what is done: "run", and the exercises that were solved."""
        path = self.folder / "done.json"
        if not path.exists():
            return {}
        try:
            done = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            done = None
        if not isinstance(done, dict) or not all(map(is_list_of_names, done.values())):
            raise InputError(
                f"{path} is damaged.",
                "Delete it: the exercises themselves stay, and `check` finds out anew what is solved.",
            )
        return done

    def note(self, lesson: str, names: Sequence[str], undone: Sequence[str] = ()) -> None:
        """Note things of a lesson, such as "01", as done, and others as not done any more."""
        done = self.done()
        done[lesson] = sorted({*done.get(lesson, []), *names} - {*undone})
        write_atomic(self.folder / "done.json", (json.dumps(done, indent=1) + os.linesep).encode())

    def progress(self) -> list[Progress]:
        """All lessons in the order of their numbers."""
        done, found = self.done(), []
        for outline in outlines():
            names, exercises = done.get(outline.name, []), exercises_of(outline)
            solved = sum(exercise.name in names for exercise in exercises)
            found.append(Progress(outline, "run" in names, solved, len(exercises)))
        return found

    def first_unsolved(self) -> Outline:
        """The first lesson with an exercise left; InputError if there is none."""
        for lesson in self.progress():
            if lesson.solved < lesson.exercises:
                return lesson.outline
        raise InputError(
            "Every exercise of every lesson is solved.",
            "Check one again by its number, or write a lesson of your own.",
        )


def is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def stub_path(outline: Outline) -> Path:
    return outline.path.parent / "exercises" / f"ex{outline.name}.py"


def stub_of(outline: Outline) -> str:
    """What a student starts from, in their language."""
    return with_translated_docstrings(read(stub_path(outline)))


def solution_of(outline: Outline) -> str:
    return with_translated_docstrings(read(outline.path.parent / "solutions" / f"ex{outline.name}.py"))


def exercises_of(outline: Outline) -> list[Exercise]:
    """The exercises of a lesson, from lessons/checks/checkNN.py."""
    path = outline.path.parent / "checks" / f"check{outline.name}.py"
    if not path.exists():
        return []
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.EXERCISES


def exercise_named(name: str, lessons: Sequence[Outline]) -> Exercise:
    """The exercise of this name in one of the lessons. InputError where it is in none, or in several."""
    found = [(outline, exercise) for outline in lessons for exercise in exercises_of(outline)]
    check_known([name], [exercise.name for _, exercise in found], "exercise")
    found = [(outline, exercise) for outline, exercise in found if exercise.name == name]
    if len(found) > 1:
        numbers = " and ".join(outline.name for outline, _ in found)
        raise InputError(f"{name} is in lessons {numbers}.", "Give the number of the lesson as well.")
    return found[0][1]
