"""GPT-2's own tokenizer, from its two files: byte-pair encoding as in `bpe`, with its splitting, its bytes and its ids.

Radford et al. 2019, section 2.2, and the encoder.py published with it.
"""

import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from minillm.files import read_json, read_lines, reading
from minillm.text.byte_level import ByteLevelTokenizer
from minillm.text.special_tokens import place_special_tokens, special_tokens_of

END_OF_TEXT = "<|endoftext|>"
REMEDY = "Copy the model's vocab.json and merges.txt anew."
# Unicode's; the \s of `re` is four control characters more.
WHITE_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


class GPT2Tokenizer(ByteLevelTokenizer):
    """`vocab` is the list of tokens by id, `merges` that of the pairs, in the order they were learnt; both as the files write them.

    A token is written with one visible character a byte (see `byte_characters`), a pair as two tokens with a space between them. Every
    single byte and whatever a merge joins or makes must be in the vocabulary. A special token may be; if it isn't, its id comes after.
    """

    def __init__(self, vocab: Sequence[str], merges: Sequence[str], special_tokens: Iterable[str] = (END_OF_TEXT,)):
        self.vocab, self.merges = list(vocab), list(merges)
        ids = {token: i for i, token in enumerate(self.vocab)}
        if len(ids) < len(self.vocab):
            raise ValueError("a token is there twice")
        special = place_special_tokens(special_tokens, ids)
        written = byte_characters()
        if missing := [byte for byte, character in enumerate(written) if character not in ids]:
            raise ValueError(f"it has no token {written[missing[0]]!r} for the byte {missing[0]:#04x}")
        added = [token for token in special if token not in ids]
        pairs = [self._pair(i, merge, ids) for i, merge in enumerate(self.merges)]
        super().__init__(
            [_token_bytes(token, special) for token in [*self.vocab, *added]],
            byte_ids=[ids[character] for character in written],
            merges=pairs,
            joined=[ids[self.vocab[first] + self.vocab[second]] for first, second in pairs],
            words=words(),
            special_tokens=special,
        )

    @classmethod
    def read(
        cls, vocab: str | Path, merges: str | Path, special_tokens: Iterable[str] = (END_OF_TEXT,)
    ) -> "GPT2Tokenizer":
        """The tokenizer in vocab.json, an object of tokens and their ids, and merges.txt, a pair a line.

        InputError, which names the file, if one can't be read or isn't sound.
        """
        special_tokens = list(special_tokens)
        with reading(vocab, "vocabulary of GPT-2", REMEDY):
            tokens = _by_id(read_json(vocab))
            cls(tokens, [], special_tokens)
        with reading(merges, f"list of merges for {vocab}", REMEDY):
            lines = read_lines(merges)
            return cls(tokens, lines[1:] if lines and lines[0].startswith("#version") else lines, special_tokens)

    def to_json(self) -> dict:
        return {
            "type": "gpt2",
            "vocab": self.vocab,
            "merges": self.merges,
            "special_tokens": list(self.special_tokens),
        }

    @classmethod
    def from_json(cls, data: dict) -> "GPT2Tokenizer":
        """The tokenizer that `to_json` described; ValueError if the description is not sound."""
        for name in ("vocab", "merges"):
            part = data.get(name)
            if not isinstance(part, list) or not all(isinstance(entry, str) for entry in part):
                raise ValueError(f'"{name}" must be a list of strings')
        return cls(data["vocab"], data["merges"], special_tokens_of(data))

    @staticmethod
    def _pair(i: int, merge: str, ids: dict[str, int]) -> tuple[int, int]:
        tokens = merge.split(" ")
        if len(tokens) != 2:
            raise ValueError(f"merge {i} (counting from 0) must be two tokens and a space between them, not {merge!r}")
        for token in (*tokens, "".join(tokens)):
            if token not in ids:
                raise ValueError(
                    f"merge {i} (counting from 0), {merge!r}, needs the token {token!r}, which the vocabulary lacks"
                )
        return ids[tokens[0]], ids[tokens[1]]


@cache
def byte_characters() -> list[str]:
    """How GPT-2's files write each byte: as its Latin-1 character if that can be seen, else as one of U+0100 and following."""
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = [byte for byte in range(256) if byte not in visible]
    return [chr(byte if byte in visible else 256 + hidden.index(byte)) for byte in range(256)]


@cache
def words() -> re.Pattern:
    r"""GPT-2's pattern 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+, in what Python's `re` knows.

    A letter that is newer than this Python's Unicode is taken for punctuation.
    """
    letter, number = _ranges("L"), _ranges("N")
    return re.compile(
        rf"'(?:[stmd]|re|ve|ll)| ?[{letter}]+| ?[{number}]+| ?[^{WHITE_SPACE}{letter}{number}]+"
        rf"|[{WHITE_SPACE}]+(?![^{WHITE_SPACE}])|[{WHITE_SPACE}]+"
    )


def _ranges(category: str) -> str:
    r"""The characters of a category such as "L", as ranges for the brackets of a regular expression: \p{L}."""
    runs = re.finditer(f"{category}+", _categories())
    return "".join(rf"\U{run.start():08x}-\U{run.end() - 1:08x}" for run in runs)


@cache
def _categories() -> str:
    """For every character in Unicode, the letter of its category: L letter, N number, P punctuation, Z separator ..."""
    return "".join([unicodedata.category(chr(code))[0] for code in range(sys.maxunicode + 1)])


def _token_bytes(token: str, special: dict[str, int]) -> bytes:
    if token in special:
        return token.encode("utf-8")
    try:
        return bytes(map(_byte_of().__getitem__, token))
    except KeyError as error:
        raise ValueError(f"the token {token!r} has the character {error.args[0]!r}, which stands for no byte") from None


@cache
def _byte_of() -> dict[str, int]:
    return {character: byte for byte, character in enumerate(byte_characters())}


def _by_id(data: object) -> list[str]:
    """The tokens in the order of their ids, which must be 0, 1, 2 and so on."""
    if not isinstance(data, dict) or not all(type(i) is int for i in data.values()):
        raise ValueError("it must hold one JSON object of tokens and their ids, whole numbers")
    tokens: list[str | None] = [None] * len(data)
    for token, i in data.items():
        if not 0 <= i < len(tokens):
            raise ValueError(
                f"its {len(tokens)} tokens must have the ids 0 to {len(tokens) - 1}, and {token!r} has {i}"
            )
        if tokens[i] is not None:
            raise ValueError(f"{tokens[i]!r} and {token!r} both have the id {i}")
        tokens[i] = token
    return tokens
