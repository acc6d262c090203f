"""Reading files that others wrote, and writing files so that no moment of a power cut leaves half of one."""

import contextlib
import os
import re
from pathlib import Path

from minillm.errors import InputError

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
BEGINNING = 1024  # bytes: enough to tell what a file is


class FileError(InputError):
    """A file that is not what its name promises, whatever is written in it."""


def read_file(path: str | Path) -> bytes:
    """The whole of a file, whoever wrote it. OSError if it can't be read, FileError if another thing stands in its place."""
    refuse_stand_in(path)
    return Path(path).read_bytes()


def refuse_stand_in(path: str | Path) -> None:
    """FileError if a file begins as one that a download leaves in place of the one that was wanted."""
    with open(path, "rb") as file:
        beginning = file.read(BEGINNING)
    if beginning.startswith(LFS_POINTER):
        raise FileError(
            f"{path} is not the file itself but a pointer to it, as git leaves where git-lfs is not installed.",
            "Run git lfs pull in that folder, or download the file anew.",
        )
    if HTML.match(beginning.removeprefix(b"\xef\xbb\xbf")):
        raise FileError(
            f"{path} is a web page (HTML) and not the file itself.",
            "Download the file anew: a link to a page about it gives the page.",
        )


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: to a temporary name, flushed to the disk, then renamed over the old one.

    A missing folder is made.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror or error}.", "Free some space, or name another folder."
        ) from error
    finally:  # Ctrl-C leaves no half file either; a folder that can't be written to can't be tidied
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
