"""Byte-level byte-pair encoding: frequent words become one token, and no text is out of reach.

The merges are those of Sennrich, Haddow & Birch 2016; that they start from bytes, and stay inside a word and the space before
it, is GPT-2's way (Radford et al. 2019, section 2.2).
"""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

import numpy as np

from minillm.text.characters import check_ids, check_text, legible
from minillm.text.merging import FIRST_MERGE, Pair, apply_merges, learn_merges

# A contraction's ending, a word, a number, punctuation, each but the first with the space before it; or white space, of which
# the last character is left to what follows. Every character is in one of them. No match is longer than 64
# characters and a space, so that a text without breaks gives no endless tokens.
WORD = re.compile(
    r"'(?:[sdmt]|ll|re|ve)| ?[^\W\d]{1,64}| ?\d{1,64}| ?[^\w\s]{1,64}|\s{1,64}(?!\S)|\s{1,64}",
)
LONGEST_TOKEN = 1 + 64 * 4  # in bytes; UTF-8 takes at most 4 for a character

WORDS_AT_ONCE = 1 << 16
CACHED_WORDS = 1 << 16


class BPETokenizer:
    """Ids 0 to 255 are the bytes; id 256 + i is the i-th merge, a pair of earlier ids joined."""

    def __init__(self, merges: Iterable[Pair]):
        self.merges = list(merges)
        self._rank = {pair: i for i, pair in enumerate(self.merges)}
        if len(self._rank) < len(self.merges):
            raise ValueError("a merge is there twice")
        self._bytes = [bytes([i]) for i in range(FIRST_MERGE)]
        for i, (first, second) in enumerate(self.merges):
            if not (0 <= first < self.vocab_size and 0 <= second < self.vocab_size):
                raise ValueError(
                    f"merge {i} joins {first} and {second}: both must be ids before its own, {self.vocab_size}"
                )
            token = self._bytes[first] + self._bytes[second]
            if len(token) > LONGEST_TOKEN:
                raise ValueError(f"merge {i} makes a token of {len(token)} bytes, and {LONGEST_TOKEN} is the most")
            self._bytes.append(token)
        self._cache: dict[str, list[int]] = {}

    @classmethod
    def train(cls, text: str, merges: int) -> "BPETokenizer":
        """Learn so many merges from a text, or fewer if no pair is left that occurs twice."""
        check_text(text)
        counts = Counter(match.group() for match in WORD.finditer(text))
        return cls(learn_merges({word.encode("utf-8"): count for word, count in counts.items()}, merges))

    @property
    def vocab_size(self) -> int:
        return len(self._bytes)

    def encode(self, text: str) -> np.ndarray:
        """The ids of a text's tokens, int32 (T,). Half of a surrogate pair is an InputError; any other text will do."""
        check_text(text)
        words = (match.group() for match in WORD.finditer(text))
        parts = [np.empty(0, np.int32)]
        while some := list(islice(words, WORDS_AT_ONCE)):
            parts.append(self._encode_words(some))
        return np.concatenate(parts)

    def _encode_words(self, words: list[str]) -> np.ndarray:
        known = {word: self._cache.get(word) for word in words}
        fresh = [word for word, ids in known.items() if ids is None]
        encoded = dict(zip(fresh, apply_merges((word.encode("utf-8") for word in fresh), self._rank), strict=True))
        known.update(encoded)
        if len(self._cache) + len(encoded) > CACHED_WORDS:
            self._cache.clear()
        self._cache.update(encoded)
        return np.fromiter(chain.from_iterable(map(known.__getitem__, words)), np.int32)

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """The text of some ids; the inverse of `encode`. Bytes that are not whole UTF-8 become �."""
        return b"".join(self._tokens(ids)).decode("utf-8", errors="replace")

    def stream(self, ids: Iterable[int]) -> Iterator[str]:
        """The text of ids as they arrive, whole characters only; joined, the pieces are `decode` of all the ids."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for token in ids:
            if text := decoder.decode(*self._tokens([token])):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text

    def labels(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        """Each token as a plot or a table can show it: ␣ for a space, ↵ for a new line, ⟨E4 BD⟩ for part of a character."""
        return [_label(token) for token in self._tokens(ids)]

    def to_json(self) -> dict:
        return {"type": "bpe", "merges": [list(pair) for pair in self.merges]}

    @classmethod
    def from_json(cls, data: dict) -> "BPETokenizer":
        """The tokenizer that `to_json` described; ValueError if the description is not sound."""
        merges = data.get("merges")
        if not isinstance(merges, list) or not all(_is_pair(pair) for pair in merges):
            raise ValueError('"merges" must be a list of pairs of ids')
        return cls(tuple(pair) for pair in merges)

    def _tokens(self, ids: Sequence[int] | np.ndarray) -> list[bytes]:
        return [self._bytes[i] for i in check_ids(ids, self.vocab_size).tolist()]


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(type(i) is int for i in pair)


def _label(token: bytes) -> str:
    try:
        return legible(token.decode("utf-8"))
    except UnicodeDecodeError:
        return f"⟨{token.hex(' ').upper()}⟩"
