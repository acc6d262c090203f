"""Special tokens: [MASK], [SEP], </s>, <extra_id_0> and their like, which stand beside the text and are no part of it."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from minillm.text.characters import check_ids, check_text

PAD, MASK = "[PAD]", "[MASK]"
CLS, SEP = "[CLS]", "[SEP]"  # what BERT puts around a text
BOS, EOS = "<s>", "</s>"  # what an encoder-decoder puts around one
SENTINELS = tuple(f"<extra_id_{i}>" for i in range(32))  # T5's: each stands for a span that is hidden


def check_special_tokens(tokens: Iterable[str]) -> list[str]:
    """The tokens as a list; ValueError unless each is a string of a character or more, and there once."""
    if isinstance(tokens, str):
        raise ValueError(f"special tokens must be several strings, and {tokens!r} is one")
    tokens = list(tokens)
    for i, token in enumerate(tokens):
        if not isinstance(token, str) or not token:
            raise ValueError(f"a special token must be a string of one character or more, and {token!r} is not")
        if token in tokens[:i]:
            raise ValueError(f"the special token {token!r} is there twice")
        check_text(token)
    return tokens


def place_special_tokens(tokens: Iterable[str], vocab: Mapping[str, int]) -> dict[str, int]:
    """The id of each special token, in the order of the ids: that of the vocabulary, or one after it for a token that isn't there."""
    placed, end = {}, len(vocab)
    for token in check_special_tokens(tokens):
        placed[token] = vocab.get(token, end)
        end += token not in vocab
    return dict(sorted(placed.items(), key=lambda item: item[1]))


def special_tokens_of(data: dict) -> list[str]:
    """The special tokens in a tokenizer's file; none in one that was written before there were any."""
    tokens = data.get("special_tokens", [])
    if not isinstance(tokens, list):
        raise ValueError('"special_tokens" must be a list of strings')
    return check_special_tokens(tokens)


class WithSpecialTokens(ABC):
    """What every tokenizer of ours does with its special tokens; `_encode` is how it reads a text that has none.

    `special_tokens` gives each one's id, in the order of the ids.
    """

    def __init__(self, special_tokens: Mapping[str, int]):
        self.special_tokens = dict(special_tokens)
        self._special_ids = frozenset(self.special_tokens.values())
        longest_first = sorted(self.special_tokens, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, longest_first)))

    def encode(self, text: str, special: bool = False) -> np.ndarray:
        """The ids of a text's tokens, int32 (T,).

        A text that happens to hold "[MASK]" holds six characters like any other. With special=True it is the special token, if the
        tokenizer has it; of several that begin at the same place, the longest.
        """
        if not special or not self.special_tokens:
            return self._encode(text)
        parts, end = [], 0
        for found in self._special.finditer(text):
            parts += [self._encode(text[end : found.start()], end), [self.special_tokens[found.group()]]]
            end = found.end()
        return np.concatenate([*parts, self._encode(text[end:], end)]).astype(np.int32, copy=False)

    @abstractmethod
    def _encode(self, text: str, start: int = 0) -> np.ndarray:
        """The ids of a text without special tokens, int32 (T,). It stands at `start` in what the user wrote: for messages."""

    def _known(self, ids: Sequence[int] | np.ndarray, special: bool) -> list[int]:
        """The ids, checked; without the special ones if those are not wanted."""
        ids = check_ids(ids, self.vocab_size).tolist()
        return ids if special else [i for i in ids if i not in self._special_ids]


def with_cls_and_sep(
    special_tokens: Mapping[str, int],
    first: Sequence[int] | np.ndarray,
    second: Sequence[int] | np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """What BERT reads: [CLS] first [SEP], or [CLS] first [SEP] second [SEP], and the token types; both int32 (T,).

    The types are 0 up to and with the first [SEP], and 1 for the rest. Devlin et al. 2019, section 3 and figure 2.
    The texts are given as ids, `special_tokens` is the tokenizer's. A tokenizer without these two tokens is a ValueError.
    """
    for token in ("[CLS]", "[SEP]"):
        if token not in special_tokens:
            raise ValueError(
                f"the tokenizer has no special token {token}: its own are {', '.join(special_tokens) or 'none'}"
            )
    cls, sep = special_tokens["[CLS]"], special_tokens["[SEP]"]
    ids = [cls, *first, sep]
    types = [0] * len(ids)
    if second is not None:
        ids += [*second, sep]
        types += [1] * (len(ids) - len(types))
    return np.array(ids, np.int32), np.array(types, np.int32)
