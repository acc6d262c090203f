"""The standard library as a corpus, and the documents of a text."""

import pytest

from minillm.errors import InputError
from minillm.text.python_library import PAGE, documents_of, python_library


def test_it_is_python_and_the_same_every_time():
    documents = python_library(100_000)
    assert documents == python_library(100_000) != python_library(100_000, seed=1)
    assert 100_000 <= sum(map(len, documents)) < 160_000 and len(documents) > 3
    for document in documents:
        assert document.isascii() and document.endswith("\n") and not document.endswith("\n\n") and "\f" not in document
    assert sum("def " in document for document in documents) > len(documents) / 2


def test_more_characters_begin_with_the_same_documents():
    few, many = python_library(50_000), python_library(100_000)
    assert many[: len(few)] == few and len(many) > len(few)


def test_a_python_without_its_library(tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"stdlib": str(tmp_path)})
    with pytest.raises(InputError, match="too little source"):
        python_library()


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("a\n\nb\n", ["a\n\n", "b\n"]),
        (f"a\n\nb\n{PAGE}c\n", [f"a\n\nb\n{PAGE}", "c\n"]),
        (f"a\n{PAGE}", [f"a\n{PAGE}"]),
        ("a", ["a"]),
        ("a\n\n\n\nb", ["a\n\n", "\n\n", "b"]),
    ],
)
def test_documents(text, documents):
    assert documents_of(text) == documents
    assert "".join(documents) == text
