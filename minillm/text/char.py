"""The simplest tokenizer: one token a character."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from minillm.errors import InputError
from minillm.text.added_tokens import AddedToken, WithAddedTokens
from minillm.text.characters import check_text, code_point, legible
from minillm.text.special_tokens import check_special_tokens, special_tokens_of


class CharTokenizer(WithAddedTokens):
    """One token a character: the id of a character is its place in the sorted alphabet of the training text.

    Special tokens have the ids after those, in the order given.
    """

    def __init__(self, characters: str, special_tokens: Iterable[str] = ()):
        if not characters or any(a >= b for a, b in pairwise(characters)):
            raise ValueError("the characters must be one or more, sorted, each there once")
        check_text(characters)
        self.characters = characters
        self._codes = _code_points(characters)
        special = check_special_tokens(special_tokens)
        self._tokens = [*characters, *special]
        added = {AddedToken(token): len(characters) + i for i, token in enumerate(special)}
        super().__init__(len(self._tokens), added)

    @classmethod
    def train(cls, text: str, special_tokens: Iterable[str] = ()) -> "CharTokenizer":
        """Learn the alphabet of a text: its distinct characters, sorted."""
        check_text(text)
        if not text:
            raise InputError("There is no text to learn characters from.", "Give a text of one character or more.")
        return cls("".join(sorted(set(text))), special_tokens)

    def readable(self, text: str) -> str:
        known = set(self.characters)
        return "".join(character for character in super().readable(text) if character in known)

    def _encode(self, text: str, start: int) -> np.ndarray:
        """A character outside the alphabet is an InputError."""
        codes = _code_points(text)
        ids = np.searchsorted(self._codes, codes).astype(np.int32)
        np.minimum(ids, len(self.characters) - 1, out=ids)
        unknown = self._codes[ids] != codes
        if unknown.any():
            at = int(unknown.argmax())
            raise InputError(
                f"The character {text[at]!r} ({code_point(text[at])}) at position {start + at} (counting from 0) "
                f"is not among the {len(self.characters)} characters that this tokenizer knows.",
                "Leave it out, or train on a text that holds it; the bpe tokenizer knows every character.",
            )
        return ids

    def decode(self, ids: Sequence[int] | np.ndarray, special: bool = True) -> str:
        """The text of some ids; the inverse of `encode`. special=False leaves special tokens out."""
        return "".join(map(self._tokens.__getitem__, self._checked(ids, special)))

    def stream(self, ids: Iterable[int], special: bool = True) -> Iterator[str]:
        """The text of ids as they arrive, a token each; joined, the pieces are `decode` of all the ids."""
        for token in ids:
            if text := self.decode([token], special):
                yield text

    def _label(self, i: int) -> str:
        """␣ for a space, ↵ for a new line, U+0000 for a control character."""
        return legible(self._tokens[i])

    def to_json(self) -> dict:
        data = {"type": "char", "characters": self.characters}
        return data | {"special_tokens": [token.content for token in self.added_tokens]} if self.added_tokens else data

    @classmethod
    def from_json(cls, data: dict) -> "CharTokenizer":
        """The tokenizer that `to_json` described; ValueError if the description is not sound."""
        characters = data.get("characters")
        if not isinstance(characters, str):
            raise ValueError('"characters" must be a string')
        return cls(characters, special_tokens_of(data))


def _code_points(text: str) -> np.ndarray:
    """The characters' Unicode numbers, uint32 (T,)."""
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")
