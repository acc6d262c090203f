"""Files are written whole or not at all, whatever fails and whenever."""

import errno
import io
import os
import stat
import sys

import pytest

from minillm.errors import InputError
from minillm.files import remove_leftovers, write_atomic


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


def is_folder(descriptor) -> bool:
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows opens no folders")
def test_the_content_is_on_the_disk_before_it_takes_the_name_and_the_name_after_that(tmp_path, monkeypatch):
    """Renamed first and flushed later, a power cut could leave an empty file under the name; or, the name not flushed, the old file."""
    calls = []
    fsync, replace = os.fsync, os.replace
    kind = {False: "fsync", True: "fsync of the folder"}
    monkeypatch.setattr(os, "fsync", lambda file: (calls.append(kind[is_folder(file)]), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append(f"replace {os.path.getsize(a)}"), replace(a, b)))
    write_atomic(tmp_path / "file", b"12345")
    assert calls == ["fsync", "replace 5", "fsync of the folder"]


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_flush_a_folder_will_do(tmp_path, monkeypatch, error):
    def fsync(file, fsync=os.fsync):
        if is_folder(file):
            raise OSError(error, os.strerror(error))
        fsync(file)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomic(tmp_path / "file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


def test_a_folder_that_takes_files_but_lists_none_will_do(tmp_path, monkeypatch):
    def refuse(path, *args, real=os.open, **kwargs):
        if path == tmp_path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    write_atomic(tmp_path / "file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


# Whose the temporary name is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["file", "file.png", "x" * 255, "文" * 85], ids=lambda name: name[:8])
def test_files_of_neighbouring_names_stay_as_they_are(tmp_path, name):
    """`NAME.part` is what browsers call a download that is under way; a link under such a name may lead anywhere."""
    precious = tmp_path / "precious"
    neighbours = [f"{name}{ending}"[-255:] for ending in (".part", "~", ".tmp")] if len(name) < 80 else ["a.part"]
    precious.write_bytes(b"precious")
    for number, neighbour in enumerate(neighbours):
        if number % 2 and sys.platform != "win32":
            (tmp_path / neighbour).symlink_to(precious)
        else:
            (tmp_path / neighbour).write_bytes(b"mine")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    write_atomic(tmp_path / name, b"content")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before | {tmp_path / name: b"content"}
    assert not (tmp_path / name).is_symlink()


def test_another_writer_at_the_same_time_is_not_in_the_way(tmp_path, monkeypatch):
    """It comes when half of the content is written, and is done before the first."""
    path, fsync = tmp_path / "file", os.fsync

    def meanwhile(file):
        monkeypatch.undo()
        write_atomic(path, b"second")
        assert path.read_bytes() == b"second"
        fsync(file)

    monkeypatch.setattr(os, "fsync", meanwhile)
    write_atomic(path, b"the first, which is longer")
    assert path.read_bytes() == b"the first, which is longer"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(sys.platform == "win32", reason="plants a link")
def test_no_link_is_followed_even_under_the_very_name(tmp_path, monkeypatch):
    """Whoever could guess the name would still not get their link written through."""
    monkeypatch.setattr(os, "urandom", bytes)
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / f".file-{'00' * 8}.part").symlink_to(tmp_path / "precious")
    with pytest.raises(InputError, match="Cannot write"):
        write_atomic(tmp_path / "file", b"content")
    assert (tmp_path / "precious").read_bytes() == b"precious"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_is_readable_to_whom_the_user_lets_read(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_atomic(tmp_path / "file", b"content")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path, monkeypatch):
    names = ["model.safetensors", "a[0]*?.json"] if sys.platform != "win32" else ["model.safetensors"]
    others = [*names, "model.safetensors.part", ".model.safetensors-notes.part", f".other-{'0f' * 8}.part"]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupt)
        patch.setattr("pathlib.Path.unlink", refuse)  # a kill leaves no time to tidy up
        for name in names:
            with pytest.raises(KeyboardInterrupt):
                write_atomic(tmp_path / name, b"half")
    assert len(os.listdir(tmp_path)) == len(others) + len(names)
    for name in names:
        remove_leftovers(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == sorted(others)


# What the user can do ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "Free some space"),
        (errno.EACCES, "right to write"),
        (errno.EROFS, "right to write"),
        (errno.ENAMETOOLONG, "shorter name"),
        (errno.EMFILE, "ulimit -n"),
        (errno.ENOENT, "Name another folder."),
        (errno.EIO, "Name another folder."),
    ],
)
def test_the_remedy_fits_the_error(tmp_path, monkeypatch, number, remedy):
    def fail(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(InputError) as caught:
        write_atomic(tmp_path / "file", b"content")
    assert remedy in caught.value.remedy
    assert "space" not in caught.value.remedy or number in (errno.ENOSPC, errno.EDQUOT)


def test_a_folder_in_the_place_of_the_file_is_told_of(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(InputError, match="Cannot write") as caught:
        write_atomic(tmp_path / "file", b"content")
    assert os.listdir(tmp_path) == ["file"]
    if sys.platform != "win32":
        assert "A folder stands where a file should" in caught.value.remedy


def test_a_file_in_the_place_of_the_folder_is_told_of(tmp_path):
    (tmp_path / "folder").write_bytes(b"mine")
    for path in (tmp_path / "folder" / "file", tmp_path / "folder" / "deep" / "file"):
        with pytest.raises(InputError, match="Cannot write") as caught:
            write_atomic(path, b"content")
        assert "A file stands where a folder should" in caught.value.remedy
    assert (tmp_path / "folder").read_bytes() == b"mine"
