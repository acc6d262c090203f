"""A folder belongs to one process at a time, and to nobody once that process has ended, however it ended."""

import errno
import os
import subprocess
import sys

import pytest

from minillm.errors import InputError
from minillm.training import lock as lock_module
from minillm.training.lock import FolderLock

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="as POSIX has it")


@pytest.fixture
def make_lock(tmp_path):
    """make_lock() -> another lock on the same folder, which is let go at the end."""
    made = []

    def make() -> FolderLock:
        made.append(FolderLock(tmp_path / "folder" / ".lock"))
        return made[-1]

    (tmp_path / "folder").mkdir()
    yield make
    for lock in made:
        lock.release()


def test_who_comes_second_is_told_by_whom_the_folder_is_used(make_lock, tmp_path):
    first, second = make_lock(), make_lock()
    first.acquire()
    for _ in range(2):
        with pytest.raises(InputError) as caught:
            second.acquire()
        assert caught.value.wrong == f"{tmp_path / 'folder'} is in use by process {os.getpid()}."
        assert not second.held()
    first.acquire()  # it has it already
    first.release()
    second.acquire()
    assert second.held() and not first.held()


@posix_only
def test_the_file_is_gone_when_the_lock_is(make_lock, tmp_path):
    lock = make_lock()
    lock.acquire()
    lock.release()
    lock.release()
    assert os.listdir(tmp_path / "folder") == []


HOLD = """
import sys, time
from pathlib import Path
from minillm.training.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_process_holds_nothing(make_lock):
    lock = make_lock()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", HOLD, str(lock.path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        try:
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(InputError, match=f"in use by process {holder.pid}"):
                lock.acquire()
        finally:
            holder.kill()
    assert lock.path.exists(), "or this test shows nothing"
    lock.acquire()
    assert lock.path.read_text(encoding="ascii") == str(os.getpid())


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"12 and more", b"-1"])
def test_a_file_that_nobody_holds_may_hold_anything(make_lock, content):
    lock = make_lock()
    lock.path.write_bytes(content)
    lock.acquire()
    lock.path.write_bytes(content)  # as it is before the number is written
    with pytest.raises(InputError, match="in use by another process"):
        make_lock().acquire()


@posix_only
def test_the_one_before_may_let_go_at_any_moment(make_lock, monkeypatch):
    """Its file is removed after the second one has opened it: a lock on that would keep nobody out."""
    first, second, third = make_lock(), make_lock(), make_lock()
    first.acquire()
    flock = lock_module.fcntl.flock

    def late(descriptor, how):
        monkeypatch.undo()
        first.release()
        flock(descriptor, how)

    monkeypatch.setattr(lock_module.fcntl, "flock", late)
    second.acquire()
    assert second.held()
    with pytest.raises(InputError, match="in use by process"):
        third.acquire()


@posix_only
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EINVAL])
def test_a_file_system_without_locks_will_do(make_lock, monkeypatch, number):
    def none_here(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock_module.fcntl, "flock", none_here)
    for _ in range(2):
        lock = make_lock()
        lock.acquire()
        assert lock.held()


@posix_only
def test_a_full_disk_takes_no_number_and_is_locked_all_the_same(make_lock, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    first = make_lock()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        first.acquire()
    with pytest.raises(InputError, match="in use by another process"):
        make_lock().acquire()


@posix_only
def test_no_link_is_followed(make_lock, tmp_path):
    lock = make_lock()
    (tmp_path / "precious").write_text("precious", encoding="utf-8")
    lock.path.symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        lock.acquire()
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "precious"


@posix_only
def test_a_new_folder_in_the_place_of_one_that_was_moved_may_be_anothers(make_lock, tmp_path):
    first, second = make_lock(), make_lock()
    first.acquire()
    (tmp_path / "folder").rename(tmp_path / "moved")
    assert not first.held()
    with pytest.raises(FileNotFoundError):
        first.acquire()
    (tmp_path / "folder").mkdir()
    second.acquire()
    with pytest.raises(InputError, match="in use"):
        first.acquire()
    first.release()
    assert second.held()
    second.release()
    first.acquire()
    assert first.held()
