"""A file with two columns: in each line a text, a tab, and what belongs to it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from minillm.errors import InputError
from minillm.text import name_of, read_text


class Line(NamedTuple):
    number: int  # in the file, counted from 1
    first: str
    second: str


def form_of(first: str, second: str) -> str:
    """What to say to whoever gives a file of another form."""
    return f"Each line is a {first}, a tab, and its {second}."


def read_columns(path: str | Path, first: str, second: str) -> Iterator[Line]:
    """The lines of a UTF-8 file, of which "-" is standard input, without blank ones; `first` and `second` are what the columns hold.

    InputError, with the number of the line, for one that has not exactly two columns, or an empty one.
    """
    for number, line in enumerate(read_text(str(path)).split("\n"), start=1):
        if not line.strip():
            continue
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) != 2:
            wrong = "no tab" if len(columns) == 1 else f"{len(columns)} columns"
        else:
            wrong = "" if all(columns) else f"no {second if columns[0] else first}"
        if wrong:
            raise InputError(f"Line {number:,} of {name_of(path)} has {wrong}.", form_of(first, second))
        yield Line(number, *columns)


def are_texts(column: object) -> bool:
    """Whether it is a list of strings; a string alone is none."""
    one = isinstance(column, str | bytes)
    return not one and isinstance(column, Iterable) and all(isinstance(text, str) for text in column)
