"""Reading a tokenizer's files: whatever is wrong with one, the error names it."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from minillm.errors import InputError
from minillm.files import FileError, read_file


class MissingPackageError(InputError):
    """A sound file that asks for a package which is not installed."""


@contextlib.contextmanager
def reading(path: str | Path, what: str, remedy: str) -> Iterator[None]:
    """Around the reading of a file: turns what goes wrong into an InputError that says why the path is no `what`."""
    try:
        yield
    except (FileError, MissingPackageError):
        raise
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.", remedy) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no {what}: {_reason(error)}.", remedy) from None


def read_text_file(path: str | Path) -> str:
    """What a UTF-8 file holds, with or without a BOM."""
    return read_file(path).decode("utf-8-sig")


def read_json(path: str | Path) -> object:
    """What a JSON file holds, with or without a BOM. A name that an object has twice is a ValueError."""
    return json.loads(read_text_file(path), object_pairs_hook=_without_twins)


def read_lines(path: str | Path) -> list[str]:
    """The lines of a UTF-8 file, without a BOM and their ends; U+2028 and what else splitlines() splits at is part of a line."""
    lines = [line.removesuffix("\r") for line in read_text_file(path).split("\n")]
    return lines if lines[-1] else lines[:-1]


def _without_twins(pairs: list[tuple[str, object]]) -> dict:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen = set()
        twin = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise ValueError(f"{twin!r} is there twice")
    return made


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 (byte {error.start})"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON (line {error.lineno}, column {error.colno})"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, InputError):
        return error.wrong.rstrip(".")
    return str(error)
