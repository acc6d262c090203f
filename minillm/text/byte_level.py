"""Byte-level tokens: strings of bytes, of which any text can be made. What our own tokenizer and GPT-2's have in common."""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

import numpy as np

from minillm.text.characters import check_text, legible
from minillm.text.merging import Pair, apply_merges
from minillm.text.special_tokens import WithSpecialTokens

WORDS_AT_ONCE = 1 << 16
CACHED_WORDS = 1 << 16


class ByteLevelTokenizer(WithSpecialTokens):
    """Splits a text into words and a word into bytes, and joins pairs of neighbours, the pair that was learnt first first.

    tokens[i] are the bytes of token i, byte_ids[b] is the token of the single byte b, and merge i makes of its pair the token joined[i].
    `words` matches the next word; every character of a text must be in one.
    """

    def __init__(
        self,
        tokens: Sequence[bytes],
        byte_ids: Sequence[int],
        merges: Sequence[Pair],
        joined: Sequence[int],
        words: re.Pattern,
        special_tokens: Mapping[str, int],
    ):
        super().__init__(special_tokens)
        self._bytes = tokens
        self._byte_ids = byte_ids
        self._rank = {pair: i for i, pair in enumerate(merges)}
        if len(self._rank) < len(merges):
            raise ValueError("a merge is there twice")
        self._joined = joined
        self._words = words
        self._cache: dict[str, list[int]] = {}

    @property
    def vocab_size(self) -> int:
        return len(self._bytes)

    def _encode(self, text: str, start: int = 0) -> np.ndarray:
        """Half of a surrogate pair is an InputError; any other text will do."""
        check_text(text, start)
        words = (match.group() for match in self._words.finditer(text))
        parts = [np.empty(0, np.int32)]
        while some := list(islice(words, WORDS_AT_ONCE)):
            parts.append(self._encode_words(some))
        return np.concatenate(parts)

    def _encode_words(self, words: list[str]) -> np.ndarray:
        known = {word: self._cache.get(word) for word in words}
        fresh = [word for word, ids in known.items() if ids is None]
        as_bytes = ([self._byte_ids[byte] for byte in word.encode("utf-8")] for word in fresh)
        encoded = dict(zip(fresh, apply_merges(as_bytes, self._rank, self._joined), strict=True))
        known.update(encoded)
        if len(self._cache) + len(encoded) > CACHED_WORDS:
            self._cache.clear()
        self._cache.update(encoded)
        return np.fromiter(chain.from_iterable(map(known.__getitem__, words)), np.int32)

    def decode(self, ids: Sequence[int] | np.ndarray, special: bool = True) -> str:
        """The text of some ids; the inverse of `encode`. Bytes that are not whole UTF-8 become �.

        special=False leaves special tokens out.
        """
        return b"".join(self._tokens(ids, special)).decode("utf-8", errors="replace")

    def stream(self, ids: Iterable[int], special: bool = True) -> Iterator[str]:
        """The text of ids as they arrive, whole characters only; joined, the pieces are `decode` of all the ids."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for token in ids:
            if text := decoder.decode(b"".join(self._tokens([token], special))):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text

    def labels(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        """Each token as a plot or a table can show it: ␣ for a space, ↵ for a new line, ⟨E4 BD⟩ for part of a character."""
        return [_label(token) for token in self._tokens(ids, special=True)]

    def _tokens(self, ids: Sequence[int] | np.ndarray, special: bool) -> list[bytes]:
        return [self._bytes[i] for i in self._known(ids, special)]


def _label(token: bytes) -> str:
    try:
        return legible(token.decode("utf-8"))
    except UnicodeDecodeError:
        return f"⟨{token.hex(' ').upper()}⟩"
