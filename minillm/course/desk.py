"""A student's desk: their copies of the exercises, never overwritten, and a note of what is done."""

import importlib.util
import json
import os
from pathlib import Path
from typing import NamedTuple

from minillm.course.exercises import Exercise, read
from minillm.course.outline import Outline
from minillm.errors import InputError
from minillm.files import write_atomic

USUAL = Path("my_exercises")


class Desk(NamedTuple):
    """The folder of one student."""

    folder: Path = USUAL

    def copy_of(self, outline: Outline) -> tuple[Path, bool]:
        """The student's file for a lesson, and whether it was made just now."""
        path = self.folder / f"ex{outline.name}.py"
        if path.exists():
            return path, False
        write_atomic(path, stub_path(outline).read_bytes())
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
        if not isinstance(done, dict) or not all(isinstance(names, list) for names in done.values()):
            raise InputError(
                f"{path} is damaged.",
                "Delete it: the exercises themselves stay, and `check` finds out anew what is solved.",
            )
        return done

    def note(self, outline: Outline, names: list[str]) -> None:
        """Note things of a lesson as done."""
        done = self.done()
        done[outline.name] = sorted({*done.get(outline.name, []), *names})
        write_atomic(self.folder / "done.json", (json.dumps(done, indent=1) + os.linesep).encode())

    def take_back(self, outline: Outline, names: list[str]) -> None:
        """These exercises are not solved any more."""
        done = self.done()
        if outline.name in done and set(names) & set(done[outline.name]):
            done[outline.name] = [name for name in done[outline.name] if name not in names]
            write_atomic(self.folder / "done.json", (json.dumps(done, indent=1) + os.linesep).encode())


def stub_path(outline: Outline) -> Path:
    return outline.path.parent / "exercises" / f"ex{outline.name}.py"


def solution_of(outline: Outline) -> str:
    return read(outline.path.parent / "solutions" / f"ex{outline.name}.py")


def exercises_of(outline: Outline) -> list[Exercise]:
    """The exercises of a lesson, from lessons/checks/checkNN.py."""
    path = outline.path.parent / "checks" / f"check{outline.name}.py"
    if not path.exists():
        return []
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.EXERCISES
