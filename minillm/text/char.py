"""The simplest tokenizer: one token a character."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from minillm.errors import InputError
from minillm.text.characters import check_ids, check_text, code_point, legible


class CharTokenizer:
    """One token a character: the id of a character is its place in the sorted alphabet of the training text."""

    def __init__(self, characters: str):
        if not characters or any(a >= b for a, b in pairwise(characters)):
            raise ValueError("the characters must be one or more, sorted, each there once")
        check_text(characters)
        self.characters = characters
        self._codes = _code_points(characters)

    @classmethod
    def train(cls, text: str) -> "CharTokenizer":
        """Learn the alphabet of a text: its distinct characters, sorted."""
        if not text:
            raise InputError("There is no text to learn characters from.", "Give a text of one character or more.")
        check_text(text)
        return cls("".join(sorted(set(text))))

    @property
    def vocab_size(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> np.ndarray:
        """The ids of a text's characters, int32 (T,). A character outside the alphabet is an InputError."""
        codes = _code_points(text)
        ids = np.searchsorted(self._codes, codes).astype(np.int32)
        np.minimum(ids, self.vocab_size - 1, out=ids)
        unknown = self._codes[ids] != codes
        if unknown.any():
            at = int(unknown.argmax())
            raise InputError(
                f"The character {text[at]!r} ({code_point(text[at])}) at position {at} (counting from 0) "
                f"is not among the {self.vocab_size} characters that this tokenizer knows.",
                "Leave it out, or train on a text that holds it; the bpe tokenizer knows every character.",
            )
        return ids

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """The text of some ids; the inverse of `encode`."""
        return self._codes[check_ids(ids, self.vocab_size)].tobytes().decode("utf-32-le")

    def stream(self, ids: Iterable[int]) -> Iterator[str]:
        """The text of ids as they arrive, a character each; joined, the pieces are `decode` of all the ids."""
        for token in ids:
            yield self.decode([token])

    def labels(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        """Each token as a plot or a table can show it: ␣ for a space, ↵ for a new line, U+0000 for a control character."""
        return [legible(character) for character in self.decode(ids)]

    def to_json(self) -> dict:
        return {"type": "char", "characters": self.characters}

    @classmethod
    def from_json(cls, data: dict) -> "CharTokenizer":
        """The tokenizer that `to_json` described; ValueError if the description is not sound."""
        characters = data.get("characters")
        if not isinstance(characters, str):
            raise ValueError('"characters" must be a string')
        return cls(characters)


def _code_points(text: str) -> np.ndarray:
    """The characters' Unicode numbers, uint32 (T,)."""
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")
