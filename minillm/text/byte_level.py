"""Byte-level tokens: strings of bytes, of which any text can be made. What our own tokenizer and GPT-2's have in common."""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

import numpy as np

from minillm.text.added_tokens import AddedToken, WithAddedTokens
from minillm.text.characters import legible
from minillm.text.merging import Pair, apply_merges, apply_merges_out_of_order, in_order

WORDS_AT_ONCE = 1 << 16
CACHED_WORDS = 1 << 16


class ByteLevelTokenizer(WithAddedTokens):
    """Splits a text into words and a word into bytes, and joins pairs of neighbours, the pair that was learnt first first.

    tokens[i] are the bytes of token i, byte_ids[b] is the token of the single byte b, and merge i makes of its pair the token joined[i].
    A byte without a token, None, is left out of every text. A pair that is there twice was learnt the second time.
    `words` matches the next word; every character of a text must be in one.
    """

    def __init__(
        self,
        tokens: Mapping[int, bytes],
        byte_ids: Sequence[int | None],
        merges: Sequence[Pair],
        joined: Sequence[int],
        words: re.Pattern,
        added_tokens: Mapping[AddedToken, int],
        roles: Mapping[str, str] | None = None,
    ):
        self._bytes = dict(tokens) | {i: token.content.encode("utf-8") for token, i in added_tokens.items()}
        self._byte_ids = byte_ids
        self._rank = {pair: i for i, pair in enumerate(merges)}
        self._joined = joined
        self._in_order = in_order(self._rank, joined)
        self._words = words
        self._cache: dict[str, list[int]] = {}
        super().__init__(1 + max(self._bytes, default=-1), added_tokens, roles)

    def _encode(self, text: str, start: int) -> np.ndarray:
        words = (match.group() for match in self._words.finditer(text))
        parts = [np.empty(0, np.int32)]
        while some := list(islice(words, WORDS_AT_ONCE)):
            parts.append(self._encode_words(some))
        return np.concatenate(parts)

    def _encode_words(self, words: list[str]) -> np.ndarray:
        ids_of = {word: self._cache.get(word) for word in words}
        new = [word for word, ids in ids_of.items() if ids is None]
        as_bytes = ([self._byte_ids[byte] for byte in word.encode("utf-8")] for word in new)
        if None in self._byte_ids:
            as_bytes = ([i for i in ids if i is not None] for ids in as_bytes)
        if self._in_order:
            merged = apply_merges(as_bytes, self._rank, self._joined)
        else:
            merged = [apply_merges_out_of_order(word, self._rank, self._joined) for word in as_bytes]
        encoded = dict(zip(new, merged, strict=True))
        ids_of.update(encoded)
        if len(self._cache) + len(encoded) > CACHED_WORDS:
            self._cache.clear()
        self._cache.update(encoded)
        return np.fromiter(chain.from_iterable(map(ids_of.__getitem__, words)), np.int32)

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

    def _label(self, i: int) -> str:
        return byte_label(self._bytes.get(i, b""))

    def _tokens(self, ids: Sequence[int] | np.ndarray, special: bool) -> list[bytes]:
        return [self._bytes.get(i, b"") for i in self._checked(ids, special)]


def byte_label(token: bytes) -> str:
    """␣ for a space, ↵ for a new line, ⟨E4 BD⟩ for part of a character."""
    try:
        return legible(token.decode("utf-8"))
    except UnicodeDecodeError:
        return f"⟨{token.hex(' ').upper()}⟩"
