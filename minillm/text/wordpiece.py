"""BERT's own tokenizer, from its vocab.txt: words cut into the longest pieces that the vocabulary has.

Devlin et al. 2019; the pieces are those of Wu et al. 2016, section 4.1, cut greedily from the left as in BERT's tokenization.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from minillm.errors import InputError
from minillm.files import read_lines, reading
from minillm.text.added_tokens import AddedToken, WithAddedTokens, added_tokens_of, place_added_tokens
from minillm.text.basic import BasicTokenizer
from minillm.text.characters import WHITE_SPACE, legible
from minillm.text.special_tokens import roles_of
from minillm.text.vocabulary import check_vocabulary

BERT_ROLES = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
INSIDE = "##"  # begins a piece that is not its word's first
LONGEST_WORD = 100  # characters; a longer one is [UNK]
CACHED_WORDS = 1 << 16
NO_SPACE_BEFORE = (".", ",", "!", "?")


class WordPieceTokenizer(WithAddedTokens):
    """`vocab` gives each token its id. An added token may be in it; if it isn't, its id comes after. A role may name a token that isn't
    there: nobody has it then.

    A word that has no pieces is the token of the role "unk_token". See `BasicTokenizer` for the other options.
    """

    def __init__(
        self,
        vocab: Mapping[str, int],
        do_lower_case: bool = True,
        strip_accents: bool | None = None,
        tokenize_chinese_chars: bool = True,
        added_tokens: Iterable[AddedToken] = (),
        roles: Mapping[str, str] = BERT_ROLES,
    ):
        self.vocab = check_vocabulary(vocab)
        added = place_added_tokens(added_tokens, roles, self.vocab)
        self._tokens = {i: token for token, i in self.vocab.items()} | {i: token.content for token, i in added.items()}
        self._basic = BasicTokenizer(do_lower_case, strip_accents, tokenize_chinese_chars)
        self._longest = max(map(len, self.vocab))
        self._cache: dict[str, list[int]] = {}
        super().__init__(1 + max(self._tokens), added, roles)

    @classmethod
    def read(cls, path: str | Path, **options) -> "WordPieceTokenizer":
        """The tokenizer in a vocab.txt, a token a line; InputError, which names the file, if it can't be read or isn't sound.

        White space at the end of a line is none of the token's. Of equal lines the last one counts.
        """
        with reading(path, "vocabulary of BERT", "Copy the model's vocab.txt anew."):
            return cls({line.rstrip(WHITE_SPACE): i for i, line in enumerate(read_lines(path))}, **options)

    def _normalize(self, text: str) -> str:
        return self._basic.normalize(text)

    def _encode(self, text: str, start: int) -> np.ndarray:
        ids: list[int] = []
        for word in self._basic.split(text):
            pieces = self._cache.get(word)
            if pieces is None:
                if len(self._cache) == CACHED_WORDS:
                    self._cache.clear()
                pieces = self._cache[word] = self._pieces(word)
            ids += pieces
        return np.array(ids, np.int32)

    def _pieces(self, word: str) -> list[int]:
        """The longest piece that the word begins with, then the longest that the rest does, and so on; [UNK] where none does."""
        if len(word) > LONGEST_WORD:
            return self._unknown(word)
        ids, start, prefix = [], 0, ""
        while start < len(word):
            for end in range(min(len(word), start + self._longest), start, -1):
                if (i := self.vocab.get(prefix + word[start:end])) is not None:
                    break
            else:
                return self._unknown(word)
            ids.append(i)
            start, prefix = end, INSIDE
        return ids

    def _unknown(self, word: str) -> list[int]:
        unknown = self.vocab.get(self.roles.get("unk_token"))
        if unknown is None:
            raise InputError(
                f"The vocabulary has no pieces for the word {word[:LONGEST_WORD]!r}, and no token for unknown words.",
                "Leave it out of the text, or copy the files of the model's own tokenizer into its folder.",
            )
        return [unknown]

    def decode(self, ids: Sequence[int] | np.ndarray, special: bool = True) -> str:
        """The words with a space between two, but none before . , ! and ?; special=False leaves special tokens out.

        What `encode` lost, such as capitals and the spaces as they were, doesn't come back.
        """
        return "".join(self._written(self._checked(ids, special)))

    def stream(self, ids: Iterable[int], special: bool = True) -> Iterator[str]:
        """The text of ids as they arrive, a token each; joined, the pieces are `decode` of all the ids."""
        return self._written(checked for i in ids for checked in self._checked([i], special))

    def _written(self, ids: Iterable[int]) -> Iterator[str]:
        first = True
        for i in ids:
            token = self._tokens.get(i)
            if token is None:
                continue
            if first or token.startswith(NO_SPACE_BEFORE):
                yield token
            else:
                yield token[len(INSIDE) :] if token.startswith(INSIDE) else " " + token
            first = False

    def _label(self, i: int) -> str:
        """As the vocabulary writes it: ## begins a piece that is not its word's first."""
        return legible(self._tokens.get(i, ""))

    def to_json(self) -> dict:
        return {
            "type": "wordpiece",
            "vocab": self.vocab,
            "do_lower_case": self._basic.do_lower_case,
            "strip_accents": self._basic.strip_accents,
            "tokenize_chinese_chars": self._basic.tokenize_chinese_chars,
            "added_tokens": [asdict(token) for token in self.added_tokens],
            "roles": self.roles,
        }

    @classmethod
    def from_json(cls, data: dict) -> "WordPieceTokenizer":
        """The tokenizer that `to_json` described; ValueError if the description is not sound."""
        added, roles = added_tokens_of(data), roles_of(data) or BERT_ROLES
        return cls(data.get("vocab"), **casing_options(data), added_tokens=added, roles=roles)


def casing_options(data: dict) -> dict:
    """do_lower_case, strip_accents and tokenize_chinese_chars, as far as a file says something about them; ValueError for no booleans."""
    options = {
        name: data[name] for name in ("do_lower_case", "strip_accents", "tokenize_chinese_chars") if name in data
    }
    for name, value in options.items():
        if not isinstance(value, bool) and not (name == "strip_accents" and value is None):
            raise ValueError(f'"{name}" must be true or false, not {value!r}')
    return options
