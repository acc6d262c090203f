"""Files of a folder, which may be anybody's, are read only if they are files, and not at any size."""

import os

import pytest

from minillm.errors import InputError
from minillm.files import LARGEST, check_file, read_file, read_json, read_lines, read_object, read_text_file, reading


@pytest.fixture(params=["a folder", "a pipe", "a device", "a link to a pipe"])
def no_file(request, tmp_path):
    path = tmp_path / "config.json"
    if request.param == "a folder":
        path.mkdir()
    elif os.name != "posix":
        pytest.skip("pipes and devices have no names here")
    elif request.param == "a pipe":
        os.mkfifo(path)
    elif request.param == "a device":
        path.symlink_to("/dev/null")
    else:
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to("pipe")
    return path


def not_to_be_opened(*args, **kwargs):
    pytest.fail("it was opened")


@pytest.mark.parametrize("read", [check_file, read_file, read_text_file, read_lines, read_json])
def test_what_is_no_file_is_not_opened(no_file, read, monkeypatch):
    """A pipe would wait for ever, and /dev/zero never end."""
    monkeypatch.setattr("builtins.open", not_to_be_opened)
    with pytest.raises(ValueError, match=r"it is a (folder|pipe or a device), not a file"):
        read(no_file)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "vocab.json"
    path.touch()
    os.truncate(path, LARGEST + 1)  # takes no room on the disk
    with pytest.raises(InputError, match=r"vocab\.json .*: it has 33,554,433 bytes, and at most 33,554,432 are"):
        read_object(path, "Copy it anew.")
    monkeypatch.setattr("minillm.files.LARGEST", 5)
    path.write_bytes(b"12345")
    assert read_text_file(path) == "12345"
    path.write_bytes(b"123456")
    with pytest.raises(ValueError, match="6 bytes"):
        read_text_file(path)


def test_lines_have_no_bom_and_no_ends(tmp_path):
    (tmp_path / "file").write_bytes("\ufeffone\r\ntwo\u2028é\n".encode())
    assert read_lines(tmp_path / "file") == ["one", "two\u2028é"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[1]", "it holds a list"),
        (b"{", r"it is not JSON \(line 1, column 2\)"),
        (b'{"a": 1, "b": 2, "a": 3}', "'a' is there twice"),
        (b'{"a": {"b": 2, "b": 3}}', "'b' is there twice"),
        (b"\xff{}", r"it is not UTF-8 \(byte 0\)"),
        (b"[" * 200_000, "it is nested too deeply"),
        (b'{"a": ' * 200_000, "it is nested too deeply"),
        (b'{"a": ' + b"1" * 5000 + b"}", "4300 digits"),
    ],
    ids=lambda content: str(content[:20]),
)
def test_the_message_names_the_file_and_says_why_it_is_refused(tmp_path, content, why):
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"config\.json is no JSON file with an object in it: .*{why}") as caught:
        read_object(path, "Copy it anew.")
    assert caught.value.remedy == "Copy it anew."


def test_what_the_system_says_is_passed_on(tmp_path):
    path = tmp_path / "nowhere"
    with (
        pytest.raises(InputError, match=r"Cannot read .*nowhere: No such file"),
        reading(path, "list", "Copy it anew."),
    ):
        read_lines(path)
