"""The lessons that there are, and what each says of itself at its top."""

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from minillm.errors import InputError

ROOT = Path(__file__).resolve().parents[2]  # the folder that holds minillm/, lessons/ and figures/
INSIDE = ROOT / "minillm" / "lessons"  # where an installed minillm has them
FOLDER = INSIDE if INSIDE.is_dir() else ROOT / "lessons"


class Outline(NamedTuple):
    """A lesson: its number, its script, its title, and the fields of its docstring (Question, Time, Figures ...)."""

    number: int
    path: Path
    title: str
    fields: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.number:02d}"

    @property
    def shown(self) -> Path:
        """Where the script is, seen from the working folder if it lies in it."""
        here = Path.cwd()
        return self.path.relative_to(here) if self.path.is_relative_to(here) else self.path

    @property
    def seconds(self) -> int:
        """The time that the lesson states, as in `Time  6 s on 2 cores`."""
        return int(self.fields["Time"].split()[0])

    @property
    def figures(self) -> list[str]:
        """The names of the files that the lesson states, as in `Figures  05_scores.png, 05_heads.html`."""
        return re.findall(r"[\w.-]+\.(?:png|html)", self.fields.get("Figures", ""))


def read_outline(path: Path) -> Outline:
    title, _, rest = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).partition("\n")
    fields, last = {}, ""
    for line in rest.splitlines():
        if head := re.match(r"([A-Z][\w ]*?)  +(.*)", line):
            last, fields[head[1]] = head.groups()
        elif line.strip():
            fields[last] += " " + line.strip()
    return Outline(int(path.name[:2]), path, title.split(": ", 1)[1], fields)


@lru_cache
def outlines() -> tuple[Outline, ...]:
    """All lessons, in their order. InputError where they are gone."""
    paths = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
    if not paths:
        raise InputError(
            f"There are no lessons in {FOLDER}.",
            "They come with minillm: install it again.",
        )
    return tuple(map(read_outline, paths))


def find(number: int) -> Outline:
    """The lesson of this number. InputError where there is none."""
    for outline in outlines():
        if outline.number == number:
            return outline
    numbers = ", ".join(outline.name for outline in outlines())
    raise InputError(f"There is no lesson {number:02d}.", f"These are there: {numbers}.")
