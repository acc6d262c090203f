import io
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from minillm.errors import InputError
from minillm.text import default_text, read_text


def test_the_default_text_is_english_and_the_same_each_time():
    text = read_text(None)
    assert text == default_text()
    assert len(text) > 100_000
    assert "list comprehension" in text
    assert "\r" not in text and "\0" not in text
    assert text.startswith('The "assert" statement\n')  # the first topic of the alphabet


def test_topics_come_in_alphabetical_order_with_a_blank_line_between(monkeypatch):
    topics = SimpleNamespace(topics={"b": "\n  Second\n", "a": "First\n\n"})
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", topics)
    assert default_text() == "First\n\n  Second\n"


def test_a_python_without_its_topics(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(InputError, match=r"lacks pydoc_data\.topics") as caught:
        read_text(None)
    assert "`text`" in caught.value.remedy


def test_a_file_without_its_bom_and_its_carriage_returns(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "née\r\n我\r\n\rend\ufeff".encode())
    assert read_text(str(path)) == "née\n我\n\rend\ufeff"


def test_standard_input_is_utf8_whatever_the_terminal_says(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO("我思\r\n".encode()), encoding="latin-1")
    monkeypatch.setattr(sys, "stdin", stdin)
    assert read_text("-") == "我思\n"


def refusal(source) -> InputError:
    with pytest.raises(InputError) as caught:
        read_text(str(source))
    assert str(source) in caught.value.wrong
    assert len(str(caught.value).splitlines()) == 2
    return caught.value


def test_a_missing_file_and_its_neighbour(tmp_path):
    (tmp_path / "shakespeare.txt").write_text("To be", encoding="utf-8")
    error = refusal(tmp_path / "shakspeare.txt")
    assert error.wrong.startswith("There is no file")
    assert error.remedy == f"Did you mean {tmp_path / 'shakespeare.txt'}?"
    assert "Check the name" in refusal(tmp_path / "qqqqqqqq").remedy
    assert f"no folder {tmp_path / 'gone'}" in refusal(tmp_path / "gone" / "text.txt").remedy


def test_a_folder(tmp_path):
    assert "is a folder" in refusal(tmp_path).wrong


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(self, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "may not be read" in refusal(tmp_path / "text.txt").wrong


def test_any_other_trouble_of_the_disk(tmp_path, monkeypatch):
    def fail(self, mode):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    assert "Input/output error" in refusal(tmp_path / "text.txt").wrong


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "holds no text"),
        (b" \r\n\t", "holds no text"),
        (b"\xef\xbb\xbf", "holds no text"),
        (b"\x89PNG\r\n\0\0", "byte 6 is NUL"),
        ("two bytes a letter".encode("utf-16-le"), "byte 1 is NUL"),
        ("né".encode("latin-1"), "is not UTF-8: byte 1 is 0xe9"),
        (b"\xef\xbb\xbfab\xff", "is not UTF-8: byte 5 is 0xff"),  # the BOM counts: it is in the file
    ],
)
def test_what_is_no_text(tmp_path, content, reason):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    assert reason in refusal(path).wrong


def test_standard_input_is_named_in_its_errors(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b""), encoding="utf-8"))
    with pytest.raises(InputError, match="standard input holds no text"):
        read_text("-")


class Endless:
    """As /dev/zero is."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def read(self, size=None):
        assert size is not None, "it was read to its end"
        return b"\0" * size


def test_what_never_ends_is_no_text_after_its_first_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "open", lambda self, mode: Endless())
    assert "byte 0 is NUL" in refusal(tmp_path / "zero").wrong


@pytest.mark.skipif(os.name != "posix", reason="pipes have no names here")
def test_a_pipe_is_read_for_a_user_and_not_for_a_file_that_names_it(tmp_path, monkeypatch):
    """As in `--text <(zcat book.gz)`."""
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("To be\n" * 50_000,))
    writer.start()
    assert read_text(str(tmp_path / "pipe")) == "To be\n" * 50_000
    writer.join()
    monkeypatch.setattr(Path, "open", lambda self, mode: pytest.fail("it was opened"))
    with pytest.raises(InputError, match="pipe is no file"):
        read_text(str(tmp_path / "pipe"), files_only=True)
