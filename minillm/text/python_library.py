"""Python source that every machine already has: the standard library of the Python that runs."""

import sysconfig
from pathlib import Path

import numpy as np

from minillm.errors import InputError

PAGE = "\f\n"  # a form feed on a line of its own: what parts the documents of a text
LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "encodings", "pydoc_data", "__pycache__"}  # fmt: skip
SHORTEST, LONGEST = 300, 60_000  # characters of a file


def python_library(characters: int = 3_000_000, seed: int = 0) -> list[str]:
    """Files of the standard library, in an order drawn from the seed, until there are so many characters; each ends in a new line.

    Only plain ASCII, no tests, nothing very short or long. It differs a little from one Python version to the next.
    """
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted(
        (path for path in root.rglob("*.py") if not LEFT_OUT & set(path.relative_to(root).parts)),
        key=lambda path: path.relative_to(root).as_posix(),
    )
    documents, total = [], 0
    for at in np.random.default_rng(seed).permutation(len(paths)):
        source = _source(paths[at])
        if source is not None:
            documents.append(source)
            total += len(source)
        if total >= characters:
            break
    if total < min(characters, 100 * SHORTEST):
        raise InputError(
            f"This Python has too little source of its standard library in {root}.",
            "Name a text of yours: `text` FILE.",
        )
    return documents


def _source(path: Path) -> str | None:
    """A file's text, or None if it isn't wanted."""
    try:
        text = path.read_text(encoding="ascii").replace("\f", "")
    except (OSError, UnicodeDecodeError):
        return None
    return text.rstrip("\n") + "\n" if SHORTEST <= len(text) <= LONGEST else None


def documents_of(text: str) -> list[str]:
    """The documents of a text, which joined are the text again: what form feeds part, or, in a text without any, blank lines."""
    end = PAGE if PAGE in text else "\n\n"
    *whole, last = text.split(end)
    return [document for document in (*(part + end for part in whole), last) if document]
