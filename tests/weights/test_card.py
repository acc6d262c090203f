"""The card of a model: a head that a program reads, and sections for a person."""

import dataclasses

import pytest

from minillm.errors import InputError
from minillm.weights.card import CARD, SECTIONS, Card, empty_card, read_card, write_card

TEXT = "\n# fables\n" + "".join(f"\n## {title}\n\nSomething: of {title}.\n" for title in SECTIONS)
WHOLE = Card(
    name="fables",
    parameters=1234,
    bytes=1500,
    data="fables: old ones",
    licence="MIT",
    loss="2.345 nats a token",
    command="python -m minillm pretrain --text fables.txt",
    text=TEXT,
)


def test_a_card_comes_back_as_it_was(tmp_path):
    write_card(tmp_path, WHOLE)
    assert read_card(tmp_path) == WHOLE
    assert (
        (tmp_path / CARD).read_text(encoding="utf-8").startswith("---\nname: fables\nparameters: 1234\nbytes: 1500\n")
    )


def test_a_card_as_git_writes_it_on_windows(tmp_path):
    (tmp_path / CARD).write_bytes(str(WHOLE).replace("\n", "\r\n").encode())
    assert read_card(tmp_path) == WHOLE


def test_a_whole_card_lacks_nothing():
    assert WHOLE.lacking() == []


def test_an_empty_card_lacks_everything_that_a_person_has_to_write():
    assert empty_card("fables").lacking() == ["data", "licence", "loss", "command", *SECTIONS]


@pytest.mark.parametrize("title", SECTIONS)
@pytest.mark.parametrize("change", ["## {}\n\nSomething: of {}.\n", "Something: of {}."], ids=["whole", "text"])
def test_a_section_that_is_missing_or_empty_is_told(title, change):
    assert dataclasses.replace(WHOLE, text=TEXT.replace(change.format(title, title), "")).lacking() == [title]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("---\nname", "name", "does not begin with lines between two lines of ---"),
        ("licence: MIT\n", "", "its head has the keys name, parameters, bytes, data, loss, command"),
        ("licence: MIT", "license: MIT", "keys name, parameters, bytes, data, license"),
        ("licence: MIT", "licence:", "'licence:' is no `key: value`"),
        ("1234", "many", "'many'"),
    ],
)
def test_what_is_no_card(tmp_path, before, after, told):
    (tmp_path / CARD).write_text(str(WHOLE).replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InputError, match=f"card.md is no card of a model: .*{told}"):
        read_card(tmp_path)


def test_a_missing_card(tmp_path):
    with pytest.raises(InputError, match=r"Cannot read .*card\.md"):
        read_card(tmp_path)
