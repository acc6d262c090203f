"""BERT's own tokenizer, from its vocab.txt: words cut into the longest pieces that the vocabulary has.

Devlin et al. 2019; the pieces are those of Wu et al. 2016, section 4.1, cut greedily from the left as in BERT's tokenization.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from minillm.files import read_lines, reading
from minillm.text.basic import BasicTokenizer
from minillm.text.characters import check_text, legible
from minillm.text.special_tokens import WithSpecialTokens, place_special_tokens, special_tokens_of

BERT_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
INSIDE = "##"  # begins a piece that is not its word's first
LONGEST_WORD = 100  # characters; a longer one is [UNK]
CACHED_WORDS = 1 << 16
NO_SPACE_BEFORE = (".", ",", "!", "?")


class WordPieceTokenizer(WithSpecialTokens):
    """`vocab` is the list of tokens by id. The special tokens of BERT must be in it; further ones may be, or their ids come after.

    See `BasicTokenizer` for the other options.
    """

    def __init__(
        self,
        vocab: Sequence[str],
        do_lower_case: bool = True,
        strip_accents: bool | None = None,
        tokenize_chinese_chars: bool = True,
        special_tokens: Iterable[str] = BERT_TOKENS,
    ):
        self.vocab = list(vocab)
        self._ids: dict[str, int] = {}
        for i, token in enumerate(self.vocab):
            if token in self._ids:
                raise ValueError(f"{token!r} is token {self._ids[token]} and token {i} (counting from 0)")
            if not token:
                raise ValueError(f"token {i} (counting from 0) is empty")
            check_text(token)
            self._ids[token] = i
        if lacking := [token for token in BERT_TOKENS if token not in self._ids]:
            raise ValueError(f"it has no {' and no '.join(lacking)}")
        super().__init__(place_special_tokens(dict.fromkeys((*BERT_TOKENS, *special_tokens)), self._ids))
        self._tokens = [*self.vocab, *(token for token in self.special_tokens if token not in self._ids)]
        self._basic = BasicTokenizer(do_lower_case, strip_accents, tokenize_chinese_chars)
        self._longest = max(map(len, self.vocab))
        self._cache: dict[str, list[int]] = {}

    @classmethod
    def read(cls, path: str | Path, **options) -> "WordPieceTokenizer":
        """The tokenizer in a vocab.txt, a token a line; InputError, which names the file, if it can't be read or isn't sound."""
        with reading(path, "vocabulary of BERT", "Copy the model's vocab.txt anew."):
            return cls(read_lines(path), **options)

    @property
    def vocab_size(self) -> int:
        return len(self._tokens)

    def _encode(self, text: str, start: int = 0) -> np.ndarray:
        check_text(text, start)
        ids: list[int] = []
        for word in self._basic.words(text):
            pieces = self._cache.get(word)
            if pieces is None:
                if len(self._cache) == CACHED_WORDS:
                    self._cache.clear()
                pieces = self._cache[word] = self._pieces(word)
            ids += pieces
        return np.array(ids, np.int32)

    def _pieces(self, word: str) -> list[int]:
        """The longest piece that the word begins with, then the longest that the rest does, and so on; [UNK] where none does."""
        unknown = [self._ids["[UNK]"]]
        if len(word) > LONGEST_WORD:
            return unknown
        ids, start, prefix = [], 0, ""
        while start < len(word):
            for end in range(min(len(word), start + self._longest), start, -1):
                if (i := self._ids.get(prefix + word[start:end])) is not None:
                    break
            else:
                return unknown
            ids.append(i)
            start, prefix = end, INSIDE
        return ids

    def decode(self, ids: Sequence[int] | np.ndarray, special: bool = True) -> str:
        """The words with a space between two, but none before . , ! and ?; special=False leaves special tokens out.

        What `encode` lost, such as capitals and the spaces as they were, doesn't come back.
        """
        return "".join(self._written(self._known(ids, special)))

    def stream(self, ids: Iterable[int], special: bool = True) -> Iterator[str]:
        """The text of ids as they arrive, a token each; joined, the pieces are `decode` of all the ids."""
        return self._written(known for i in ids for known in self._known([i], special))

    def _written(self, ids: Iterable[int]) -> Iterator[str]:
        first = True
        for i in ids:
            token = self._tokens[i]
            if first or token.startswith(NO_SPACE_BEFORE):
                yield token
            else:
                yield token[len(INSIDE) :] if token.startswith(INSIDE) else " " + token
            first = False

    def labels(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        """Each token as the vocabulary writes it: ## begins a piece that is not its word's first."""
        return [legible(self._tokens[i]) for i in self._known(ids, special=True)]

    def to_json(self) -> dict:
        return {
            "type": "wordpiece",
            "vocab": self.vocab,
            "do_lower_case": self._basic.do_lower_case,
            "strip_accents": self._basic.strip_accents,
            "tokenize_chinese_chars": self._basic.tokenize_chinese_chars,
            "special_tokens": list(self.special_tokens),
        }

    @classmethod
    def from_json(cls, data: dict) -> "WordPieceTokenizer":
        """The tokenizer that `to_json` described; ValueError if the description is not sound."""
        vocab = data.get("vocab")
        if not isinstance(vocab, list) or not all(isinstance(token, str) for token in vocab):
            raise ValueError('"vocab" must be a list of strings')
        return cls(vocab, **casing_options(data), special_tokens=special_tokens_of(data))


def casing_options(data: dict) -> dict:
    """do_lower_case, strip_accents and tokenize_chinese_chars, as far as a file says something about them; ValueError for no booleans."""
    options = {
        name: data[name] for name in ("do_lower_case", "strip_accents", "tokenize_chinese_chars") if name in data
    }
    for name, value in options.items():
        if not isinstance(value, bool) and not (name == "strip_accents" and value is None):
            raise ValueError(f'"{name}" must be true or false, not {value!r}')
    return options
