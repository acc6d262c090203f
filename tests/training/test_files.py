"""Files are written whole or not at all, whatever fails and whenever."""

import errno
import io
import os

import pytest

from minillm.errors import InputError
from minillm.files import write_atomic


def refuse(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def interrupt(*args, **kwargs):
    raise KeyboardInterrupt


class FullDisk:
    """A file that takes half of what it is given."""

    def __init__(self, path, mode):
        self.file = io.open(path, mode)  # `open` itself is replaced  # noqa: UP020, SIM115

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        refuse()


def test_a_file_is_written_and_written_again(tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    for content in (b"first", b"second, longer", b""):
        write_atomic(path, content)
        assert path.read_bytes() == content
        assert os.listdir(path.parent) == ["file"]


@pytest.mark.parametrize("failure", ["fsync", "replace", "write"])
@pytest.mark.parametrize("old", [b"the old content", None])
def test_a_failure_leaves_the_old_file_whole_and_nothing_beside_it(tmp_path, monkeypatch, failure, old):
    path = tmp_path / "file"
    if old is not None:
        path.write_bytes(old)
    if failure == "write":
        monkeypatch.setattr("builtins.open", FullDisk)
    else:
        monkeypatch.setattr(os, failure, refuse)
    with pytest.raises(InputError, match=r"Cannot write .*file: No space left on device"):
        write_atomic(path, b"the new content")
    monkeypatch.undo()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([] if old is None else [old])


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_an_interruption_leaves_the_old_file_whole_and_nothing_beside_it(tmp_path, monkeypatch, moment):
    path = tmp_path / "file"
    path.write_bytes(b"the old content")
    monkeypatch.setattr(os, moment, interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, b"the new content")
    assert path.read_bytes() == b"the old content"
    assert os.listdir(tmp_path) == ["file"]


def test_the_content_is_on_the_disk_before_it_takes_the_name(tmp_path, monkeypatch):
    """Renamed first and flushed later, a power cut could leave an empty file under the name."""
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (calls.append("fsync"), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append(f"replace {os.path.getsize(a)}"), replace(a, b)))
    write_atomic(tmp_path / "file", b"12345")
    assert calls == ["fsync", "replace 5"]


def test_a_folder_in_the_place_of_the_file_is_told_of(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(InputError, match="Cannot write"):
        write_atomic(tmp_path / "file", b"content")
    assert os.listdir(tmp_path) == ["file"]
