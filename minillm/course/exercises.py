"""Exercises that name the mistake: what a student's function answers is compared with the answers of the solution, and with those of every
known way to get it wrong.

A known mistake is the solution with one place changed, so the check, its test and its diagnosis can't fall apart: whoever makes that
mistake gets exactly the numbers of the changed solution, and is told what it means.
"""

import ast
import linecache
import types
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.course.chinese import translated
from minillm.errors import InputError

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
    outputs: Sequence[str] = ()  # the names of what it returns, if that are several things

    def hint(self, number: int) -> str:
        """The hint of this number, from 1 on."""
        if not 1 <= number <= len(self.hints):
            raise InputError(f"There is no hint {number} for {self.name}.", f"There are hints 1 to {len(self.hints)}.")
        return translated(self.hints[number - 1])


def load(source: str, name: str) -> types.ModuleType:
    """A module from its text. Tracebacks find their lines."""
    module = types.ModuleType(name)
    module.__file__ = name
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(_compiled(source, name), module.__dict__)
    return module


@lru_cache
def _compiled(source: str, name: str) -> types.CodeType:
    """The solution is loaded again for each question that is asked of it."""
    return compile(source, name, "exec")


def planted(solution: str, mistake: Mistake) -> str:
    """The solution's text with the mistake in it."""
    if solution.count(mistake.right) != 1:
        raise ValueError(f"the solution has {mistake.right!r} {solution.count(mistake.right)} times, not once")
    return solution.replace(mistake.right, mistake.wrong)


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
