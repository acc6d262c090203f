"""The card of a model that comes with minillm, card.md: a head of `key: value` lines between two lines of ---, and sections of Markdown."""

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path

from minillm.files import read_text_file, reading, write_atomic

CARD = "card.md"
SECTIONS = ("Data", "Training", "Losses", "Samples", "Limits")
MISSING = "..."  # what nobody has written yet
_HEAD = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Card:
    """The head of a card, key by key, and what stands below it."""

    name: str
    parameters: int
    bytes: int  # of model.safetensors
    data: str  # what it learned from
    licence: str
    loss: str  # on text that it has not seen, with its unit
    command: str  # that trained it
    text: str

    def __str__(self) -> str:
        head = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "text"}
        return "\n".join(["---", *(f"{key}: {value}" for key, value in head.items()), "---", self.text])

    def summary(self) -> str:
        """The head in a few lines, with an empty one after them."""
        size = f"{self.parameters / 1e6:.1f} million parameters, {self.bytes / 1e6:.1f} MB, {self.licence}"
        more = (f"learned from {self.data}", f"loss {self.loss}", self.command)
        return "\n".join([f"{self.name:<12}{size}", *(f"{'':<12}{line}" for line in more), ""])

    def lacking(self) -> list[str]:
        """The keys and sections that nobody has written yet."""
        keys = [field.name for field in dataclasses.fields(self) if getattr(self, field.name) == MISSING]
        parts = re.split(r"^## (.+)\n", self.text, flags=re.MULTILINE)
        written = {title: text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True)}
        return keys + [title for title in SECTIONS if written.get(title, MISSING) in ("", MISSING)]


def read_card(folder: Path) -> Card:
    """The card in the folder of a model; InputError for what is none."""
    path = folder / CARD
    with reading(path, "card of a model", "Write it as the other models' cards are."):
        text = read_text_file(path).replace("\r\n", "\n")  # as git writes it on Windows
        head = _HEAD.match(text)
        if head is None:
            raise ValueError("it does not begin with lines between two lines of ---")
        values = dict(_key_and_value(line) for line in head[1].split("\n"))
        expected = [field.name for field in dataclasses.fields(Card) if field.name != "text"]
        if list(values) != expected:
            raise ValueError(f"its head has the keys {', '.join(values)}, and should have {', '.join(expected)}")
        numbers = {key: int(values.pop(key)) for key in ("parameters", "bytes")}
        return Card(**values, **numbers, text=text[head.end() :])


def _key_and_value(line: str) -> tuple[str, str]:
    key, colon, value = line.partition(": ")
    if not colon or not value.strip():
        raise ValueError(f"{line!r} is no `key: value`")
    return key, value.strip()


def empty_card(name: str) -> Card:
    """A card with all that is still to be written."""
    text = f"\n# {name}\n" + "".join(f"\n## {title}\n\n{MISSING}\n" for title in SECTIONS)
    unknown = dict.fromkeys(("data", "licence", "loss", "command"), MISSING)
    return Card(name=name, parameters=0, bytes=0, text=text, **unknown)


def write_card(folder: Path, card: Card) -> None:
    write_atomic(folder / CARD, str(card).encode("utf-8"))
