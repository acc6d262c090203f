"""A lock on a folder: one process at a time may have it."""

import contextlib
import os
import sys
from pathlib import Path

from minillm.errors import InputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class FolderLock:
    """Held through a file in the folder. The kernel frees it when the process ends, however it ends: no death leaves it locked.

    The file holds the number of the process, for those who come second. Where the file system has no locks, nobody is kept out.
    """

    def __init__(self, path: Path):
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Lock the folder, if it isn't. InputError if another process has it; OSError if there is no folder."""
        for _ in range(10):  # again where the one before let go, and removed its file, in the midst of this
            if self.held():
                return
            self._close()
            self._descriptor = _lock(self.path)

    def held(self) -> bool:
        """Whether the folder is locked by this: it may have been moved or deleted, and another one put in its place."""
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self.path, follow_symlinks=False))
        except OSError:
            return False

    def release(self) -> None:
        if self.held():
            with contextlib.suppress(OSError):  # Windows removes no file that is open: there it stays
                os.unlink(self.path)
        self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _lock(path: Path) -> int:
    """The descriptor of the file, locked, with the number of this process in it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # what is locked can't be read: far behind the number
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        number = os.read(descriptor, 20).decode("ascii", errors="replace")
        os.close(descriptor)
        other = f"process {number}" if number.isdecimal() else "another process"
        raise InputError(
            f"{path.parent} is in use by {other}.", "Wait for it to end, or choose another `out`."
        ) from None
    except OSError:  # a file system without locks
        pass
    with contextlib.suppress(OSError):  # a full disk takes no number
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, str(os.getpid()).encode("ascii"))
    return descriptor
