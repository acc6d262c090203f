"""Fixtures that several folders use."""

import contextlib
import errno
import os

import pytest

from minillm.backend import Device, choose_device
from minillm.errors import InputError
from tests.standin import cupy_standin

__all__ = ["cupy_standin"]
os.environ["LANGUAGE"] = "en"  # what is asserted is English, whatever the language of whoever runs it


def real_gpu() -> bool:
    try:
        choose_device("gpu")
    except InputError:
        return False
    return True


@pytest.fixture(params=["stand-in", pytest.param("gpu", marks=pytest.mark.gpu)])
def device(request) -> Device:
    """A strict stand-in for CuPy (no GPU code is run), and, marked `gpu`, a real device where there is one."""
    if request.param == "stand-in":
        request.getfixturevalue("cupy_standin")
    elif not real_gpu():
        pytest.skip("no GPU that answers")
    return choose_device("gpu")


@pytest.fixture
def full_disk(monkeypatch):
    """With full_disk(after=3): three times something is flushed to the disk, and then it is full."""

    @contextlib.contextmanager
    def fill(after: int):
        calls, fsync = 0, os.fsync

        def flush(file):
            nonlocal calls
            calls += 1
            if calls > after:
                raise OSError(errno.ENOSPC, "No space left on device")
            fsync(file)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", flush)
            yield

    return fill
