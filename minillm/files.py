"""Writing files so that no moment of a power cut leaves half of one."""

import contextlib
import os
from pathlib import Path

from minillm.errors import InputError


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
