"""GPT-2's own tokenizer, from its two files: byte-pair encoding as in `bpe`, with its splitting, its bytes and its ids.

Radford et al. 2019, section 2.2, and the encoder.py published with it.
"""

import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np

from minillm.files import read_json, read_lines, reading
from minillm.text.added_tokens import AddedToken, added_tokens_of, place_added_tokens
from minillm.text.byte_level import ByteLevelTokenizer
from minillm.text.characters import WHITE_SPACE
from minillm.text.special_tokens import roles_of
from minillm.text.vocabulary import check_vocabulary

END_OF_TEXT = "<|endoftext|>"
GPT2_ROLES = dict.fromkeys(("bos_token", "eos_token", "unk_token"), END_OF_TEXT)
REMEDY = "Copy the model's vocab.json and merges.txt anew."


class GPT2Tokenizer(ByteLevelTokenizer):
    """`vocab` gives each token its id, `merges` is the list of pairs, in the order they were learnt; both as the files write them.

    A token is written with one visible character a byte (see `byte_characters`), a pair as two tokens with a space between them. Whatever a
    merge joins or makes must be in the vocabulary. An added token may be; if it isn't, its id comes after. With `add_prefix_space` a text,
    and what follows an added token, begins with a space. A role may name a token that isn't there: nobody has it then.
    """

    def __init__(
        self,
        vocab: Mapping[str, int],
        merges: Sequence[str],
        added_tokens: Iterable[AddedToken] = (),
        roles: Mapping[str, str] = GPT2_ROLES,
        add_prefix_space: bool = False,
    ):
        self.vocab, self.merges = check_vocabulary(vocab), list(merges)
        self.add_prefix_space = add_prefix_space
        pairs = [self._pair(i, merge) for i, merge in enumerate(self.merges)]
        written = {i: token for token, i in self.vocab.items()}
        super().__init__(
            {i: token_bytes(token) for i, token in written.items()},
            byte_ids=[self.vocab.get(character) for character in byte_characters()],
            merges=pairs,
            joined=[self.vocab[written[first] + written[second]] for first, second in pairs],
            words=words(),
            added_tokens=place_added_tokens(added_tokens, roles, self.vocab),
            roles=roles,
        )

    @classmethod
    def read(cls, vocab: str | Path, merges: str | Path, **options) -> "GPT2Tokenizer":
        """The tokenizer in vocab.json, an object of tokens and their ids, and merges.txt, a pair a line.

        InputError, which names the file, if one can't be read or isn't sound.
        """
        with reading(vocab, "vocabulary of GPT-2", REMEDY):
            tokens = read_json(vocab)
            cls(tokens, [], **options)
        with reading(merges, f"list of merges for {vocab}", REMEDY):
            return cls(tokens, [line for line in read_lines(merges) if not line.startswith("#version")], **options)

    def _encode(self, text: str, start: int) -> np.ndarray:
        if self.add_prefix_space and not text.startswith(" "):
            text = " " + text
        return super()._encode(text, start)

    def to_json(self) -> dict:
        return {
            "type": "gpt2",
            "vocab": self.vocab,
            "merges": self.merges,
            "added_tokens": [asdict(token) for token in self.added_tokens],
            "roles": self.roles,
            "add_prefix_space": self.add_prefix_space,
        }

    @classmethod
    def from_json(cls, data: dict) -> "GPT2Tokenizer":
        """The tokenizer that `to_json` described; ValueError if the description is not sound."""
        merges = data.get("merges")
        if not isinstance(merges, list) or not all(isinstance(entry, str) for entry in merges):
            raise ValueError('"merges" must be a list of strings')
        add_prefix_space = data.get("add_prefix_space", False)
        if not isinstance(add_prefix_space, bool):
            raise ValueError(f'"add_prefix_space" must be true or false, not {add_prefix_space!r}')
        added, roles = added_tokens_of(data), roles_of(data) or GPT2_ROLES
        return cls(data.get("vocab"), merges, added, roles, add_prefix_space)

    def _pair(self, i: int, merge: str) -> tuple[int, int]:
        tokens = merge.split(" ")
        if len(tokens) != 2:
            raise ValueError(f"merge {i} (counting from 0) must be two tokens and a space between them, not {merge!r}")
        for token in (*tokens, "".join(tokens)):
            if token not in self.vocab:
                raise ValueError(
                    f"merge {i} (counting from 0), {merge!r}, needs the token {token!r}, which the vocabulary lacks"
                )
        return self.vocab[tokens[0]], self.vocab[tokens[1]]


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


def token_bytes(token: str) -> bytes:
    """The bytes that a token of the vocabulary is written for; a token with a character that stands for no byte is text as it is."""
    try:
        return bytes(map(_byte_of().__getitem__, token))
    except KeyError:
        return token.encode("utf-8")


@cache
def _byte_of() -> dict[str, int]:
    return {character: byte for byte, character in enumerate(byte_characters())}
