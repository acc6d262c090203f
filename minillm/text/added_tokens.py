"""Tokens that are found in a text before the text is cut into words: [MASK], <|endoftext|>, and words that a vocabulary got later.

The rules are those of Hugging Face's `tokenizers`.
"""

import dataclasses
import re
import unicodedata
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from minillm.text.characters import WHITE_SPACE
from minillm.text.special_tokens import check_special_tokens, special_tokens_of
from minillm.text.tokenizer import Tokenizer

FLAGS = ("special", "lstrip", "rstrip", "single_word", "normalized")


@dataclasses.dataclass(frozen=True)
class AddedToken:
    """One such token. A special one stands beside the text and is no part of it; any other is a word of the vocabulary.

    `lstrip` and `rstrip` take in the white space on that side, `single_word` wants no letter, digit or _ on either. A `normalized` token is
    looked for in the text as the tokenizer has made it up for the model, in lower case perhaps; the others are found before.
    """

    content: str
    special: bool = True
    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False
    normalized: bool = False

    def __post_init__(self):
        check_special_tokens([self.content])

    @classmethod
    def parse(cls, value: object, special: bool = False) -> "AddedToken":
        """A token as files write it: its text, or an object with its content and flags. `special` holds where the object doesn't say."""
        if isinstance(value, str):
            return cls(value, special=special, normalized=not special)
        if not isinstance(value, dict) or not isinstance(value.get("content"), str):
            raise ValueError(f"a token must be a string or an object with its content, not {value!r}")
        flags = {"special": special} | {name: value[name] for name in FLAGS if name in value}
        flags.setdefault("normalized", not flags["special"])
        for name, flag in flags.items():
            if not isinstance(flag, bool):
                raise ValueError(f"the {name} of the token {value['content']!r} must be true or false, not {flag!r}")
        return cls(value["content"], **flags)


def place_added_tokens(
    tokens: Iterable[AddedToken], roles: Mapping[str, str], vocab: Mapping[str, int]
) -> dict[AddedToken, int]:
    """The added tokens with their ids: those named, and those of the vocabulary that have a role.

    The id is that of the vocabulary; a token that isn't there gets the next one after it, in the order given.
    """
    by_name = {token.content: token for token in tokens}
    for token in roles.values():
        if token in vocab:
            by_name.setdefault(token, AddedToken(token))
    ids: dict[str, int] = {}
    taken = {i: token for token, i in vocab.items()}
    for name in by_name:
        i = ids[name] = vocab.get(name, max(len(vocab), 1 + max(ids.values(), default=-1)))
        if taken.setdefault(i, name) != name:
            raise ValueError(
                f"the token {name!r} would come after its {len(vocab)} tokens, and the id {i} is that of {taken[i]!r}"
            )
    return {by_name[name]: i for name, i in sorted(ids.items(), key=lambda item: item[1])}


def added_tokens_of(data: dict) -> list[AddedToken]:
    """The added tokens in the file of a run; earlier versions wrote the names of special ones alone."""
    if "added_tokens" not in data:
        return [AddedToken(token) for token in special_tokens_of(data)]
    if not isinstance(data["added_tokens"], list):
        raise ValueError('"added_tokens" must be a list')
    return [AddedToken.parse(token) for token in data["added_tokens"]]


class Finder:
    """Finds some tokens in a text; `tokens` has them by what is to be found."""

    def __init__(self, tokens: Mapping[str, tuple[AddedToken, int]]):
        self._tokens = tokens
        longest_first = sorted(tokens, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def cut(self, text: str) -> Iterator[tuple[int, str | int]]:
        """The pieces of the text between the tokens, none of them empty, and the ids of the tokens, each with its place in the text."""
        end = 0
        for found in self._pattern.finditer(text) if self._tokens else ():
            token, i = self._tokens[found.group()]
            start, stop = found.span()
            if token.single_word and any(map(is_word, text[max(start - 1, 0) : start] + text[stop : stop + 1])):
                continue
            if token.lstrip:
                start = end + len(text[end:start].rstrip(WHITE_SPACE))
            if token.rstrip:
                stop = len(text) - len(text[stop:].lstrip(WHITE_SPACE))
            if start > end:
                yield end, text[end:start]
            yield start, i
            end = stop
        if end < len(text):
            yield end, text[end:]


def is_word(character: str) -> bool:
    r"""Whether a character is of the kind \w: a letter, an accent, a digit, or what joins words as _ does."""
    category = unicodedata.category(character)
    return category[0] in "LM" or category in ("Nd", "Nl", "Pc") or character in "\u200c\u200d"


class WithAddedTokens(Tokenizer):
    """A tokenizer that finds its added tokens, then makes up the rest of the text for the model, and then reads it."""

    def __init__(self, size: int, added_tokens: Mapping[AddedToken, int], roles: Mapping[str, str] | None = None):
        special = {token.content: i for token, i in added_tokens.items() if token.special}
        super().__init__(size, special, roles)
        self.added_tokens = dict(added_tokens)
        self._finders = {wanted: self._two_finders(added_tokens, wanted) for wanted in (False, True)}

    def with_special_tokens(self, tokens: Iterable[str]) -> "WithAddedTokens":
        data = self.to_json()
        if "added_tokens" in data:
            data["added_tokens"] += [dataclasses.asdict(AddedToken(token)) for token in tokens]
        else:  # char and bpe
            data["special_tokens"] = [*data.get("special_tokens", []), *tokens]
        return self.from_json(data)

    def _two_finders(self, added_tokens: Mapping[AddedToken, int], special: bool) -> tuple[Finder, Finder]:
        """Those for the tokens that are found at once, and in the text as it is made up."""
        tokens = [(token, i) for token, i in added_tokens.items() if special or not token.special]
        at_once = {token.content: (token, i) for token, i in tokens if not token.normalized}
        later = {self._normalize(token.content): (token, i) for token, i in tokens if token.normalized}
        later.pop("", None)
        return Finder(at_once), Finder(later)

    def _ids(self, text: str, special: bool) -> np.ndarray:
        at_once, later = self._finders[special]
        parts = [np.empty(0, np.int32)]
        for start, piece in at_once.cut(text):
            if isinstance(piece, int):
                parts.append(np.array([piece], np.int32))
                continue
            for _, part in later.cut(self._normalize(piece)):
                parts.append(np.array([part], np.int32) if isinstance(part, int) else self._encode(part, start))
        return np.concatenate(parts)

    def _normalize(self, text: str) -> str:
        """A text made up for the model: as it is, if nothing else is said."""
        return text

    @abstractmethod
    def _encode(self, text: str, start: int) -> np.ndarray:
        """The ids of a text without added tokens, int32 (T,). It stands at `start` in what the user wrote: for messages."""
