"""Reading files that others wrote, and writing files so that no moment of a power cut leaves half of one."""

import contextlib
import errno
import glob
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from minillm.errors import InputError, MissingPackageError

LARGEST = 32 * 2**20  # bytes of JSON, of a vocabulary or of a log: as Python's objects it takes up to 25 times as much
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
HTML = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
NEW_FILES = "new"  # what the folder is called in which files wait until all of them are written
BEGINNING = 1024  # bytes: enough to tell what a file is


class FileError(InputError):
    """A file that is not what its name promises, whatever is written in it."""


def check_file(path: str | Path) -> int:
    """The size in bytes of a file, whoever wrote it. OSError if it can't be read, FileError if a download left another thing in its place,
    ValueError for what is no file: a pipe may keep a reader waiting for ever, and a device may never end.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"it is a {'folder' if stat.S_ISDIR(status.st_mode) else 'pipe or a device'}, not a file")
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
    return status.st_size


def read_file(path: str | Path) -> bytes:
    """The whole of a file that `check_file` lets pass and that has LARGEST bytes or fewer; a ValueError if it has more.

    Every file of a folder is read here, but for tensors.
    """
    if (size := check_file(path)) > LARGEST:
        raise ValueError(f"it has {size:,} bytes, and at most {LARGEST:,} are read")
    with open(path, "rb") as file:
        return file.read(size)


def read_text_file(path: str | Path) -> str:
    """What a UTF-8 file holds, with or without a BOM."""
    return read_file(path).decode("utf-8-sig")


def read_lines(path: str | Path) -> list[str]:
    """The lines of a UTF-8 file, without a BOM and their ends; U+2028 and what else splitlines() splits at is part of a line."""
    lines = [line.removesuffix("\r") for line in read_text_file(path).split("\n")]
    return lines if lines[-1] else lines[:-1]


def read_json(path: str | Path) -> object:
    """What a JSON file holds, with or without a BOM; see `parse_json`."""
    return parse_json(read_text_file(path))


def parse_json(text: str) -> object:
    """The value of a text in JSON. A name that an object has twice is a ValueError."""
    return json.loads(text, object_pairs_hook=_without_twins)


def read_object(path: str | Path, remedy: str) -> dict:
    """The object in a JSON file; InputError, with this remedy, for any other file."""
    with reading(path, "JSON file with an object in it", remedy):
        value = read_json(path)
        if not isinstance(value, dict):
            raise ValueError(f"it holds a {type(value).__name__}")
        return value


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


def _without_twins(pairs: list[tuple[str, object]]) -> dict:
    record = dict(pairs)
    if len(record) < len(pairs):
        seen = set()
        twin = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise ValueError(f"{twin!r} is there twice")
    return record


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


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: under a temporary name, flushed to the disk, then renamed over the old one.

    A missing folder is made.
    """
    temporary = _temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:  # x: a new file, so that no link is followed and nobody's file taken
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _flush_names(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:  # Ctrl-C leaves no half file either; a folder that can't be written to can't be tidied
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(directory: Path, names: Sequence[str]) -> Iterator[Path]:
    """A new folder, to write files of these names into: they take the place of those in the directory, in this order, once all are written.

    If anything fails before that, the directory stays as it is.
    """
    new = _temporary(directory / NEW_FILES)
    try:
        new.mkdir(parents=True)
        yield new
        for name in names:
            (directory / name).unlink(missing_ok=True)
        for name in names:
            if (new / name).exists():
                os.replace(new / name, directory / name)
        _flush_names(directory)
    except (OSError, InputError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(cause, OSError):
            raise
        raise cannot_write(directory, cause) from error  # the new folder's name tells nobody anything
    finally:
        shutil.rmtree(new, ignore_errors=True)


def remove_leftovers(path: Path) -> None:
    """Remove what killed processes left when they wrote this file. For a moment at which nobody else writes it."""
    for leftover in path.parent.glob(f".{glob.escape(_stem(path))}-{'[0-9a-f]' * 16}.part"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    """A new name beside a path, hidden, for what is not whole yet."""
    return path.with_name(f".{_stem(path)}-{os.urandom(8).hex()}.part")


def _stem(path: Path) -> str:
    """As much of a file's name as leaves room for more: the longest names have no byte to spare."""
    return path.name[:40]


def _flush_names(folder: Path) -> None:
    """Flush the list of a folder's files, or a power cut may undo a renaming. Not every system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folder, and others none that may not be listed
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(f"Cannot write {path}: {error.strerror or error}.", remedy_of(error))


def remedy_of(error: OSError) -> str:
    """What a user can do about an error of the system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space, or name another folder."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Ask for the right to write there, or name another folder."
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return "A file stands where a folder should: move it away, or name another folder."
    if error.errno == errno.EISDIR:
        return "A folder stands where a file should: move it away, or choose another name."
    if error.errno == errno.ENAMETOOLONG:
        return "Choose a shorter name."
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "Allow more open files (ulimit -n), or share the work among fewer `workers`."
    return "Name another folder."
