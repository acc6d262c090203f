"""Any tokenizer.json of Hugging Face, such as T5's, through their package `tokenizers`, which minillm works without."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from minillm.errors import MissingPackageError
from minillm.files import read_text_file, reading
from minillm.text.characters import check_ids, check_text, legible


class HuggingFaceTokenizer:
    """`description` is the content of a tokenizer.json. What it adds to every text, such as </s>, is left to the caller."""

    def __init__(self, description: str):
        tokenizers = _package()
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(description)
            self._plain = tokenizers.Tokenizer.from_str(description)
        except Exception as error:  # all that the package raises is of this class
            raise ValueError(f"tokenizers {tokenizers.__version__} says: {error}") from None
        self._plain.encode_special_tokens = True  # reads a special token's name as text
        for tokenizer in (self._tokenizer, self._plain):
            tokenizer.no_truncation()
            tokenizer.no_padding()
        self.vocab_size = max(self._tokenizer.get_vocab().values(), default=-1) + 1
        added = self._tokenizer.get_added_tokens_decoder()
        self.special_tokens = {token.content: i for i, token in sorted(added.items()) if token.special}

    @classmethod
    def read(cls, path: str | Path) -> "HuggingFaceTokenizer":
        """The tokenizer in a tokenizer.json; InputError if it can't be read, or `tokenizers` isn't installed."""
        with reading(path, "tokenizer.json of Hugging Face", "Copy the model's tokenizer.json anew."):
            return cls(read_text_file(path))

    def encode(self, text: str, special: bool = False) -> np.ndarray:
        """The ids of a text's tokens, int32 (T,); with special=True a special token that the text names is that token."""
        check_text(text)
        tokenizer = self._tokenizer if special else self._plain
        return np.array(tokenizer.encode(text, add_special_tokens=False).ids, np.int32)

    def decode(self, ids: Sequence[int] | np.ndarray, special: bool = True) -> str:
        """The text of some ids; special=False leaves special tokens out."""
        return self._tokenizer.decode(check_ids(ids, self.vocab_size).tolist(), skip_special_tokens=not special)

    def stream(self, ids: Iterable[int], special: bool = True) -> Iterator[str]:
        """The text of ids as they arrive, whole characters only; joined, the pieces are `decode` of all the ids.

        So it is as long as one more token only ever adds to the text. Each piece costs decoding all of the ids so far.
        """
        read, written = [], 0
        text = ""
        for token in ids:
            read.append(int(token))
            text = self.decode(read, special)
            if len(text) > written and not text.endswith("\ufffd"):
                yield text[written:]
                written = len(text)
        if len(text) > written:
            yield text[written:]

    def labels(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        """Each token as the vocabulary writes it, with ␣ for SentencePiece's sign for a space."""
        known = check_ids(ids, self.vocab_size).tolist()
        return [legible(self._tokenizer.id_to_token(i) or "").replace("▁", "␣") for i in known]

    def to_json(self) -> dict:
        return {"type": "huggingface", "tokenizer": json.loads(self._tokenizer.to_str())}

    @classmethod
    def from_json(cls, data: dict) -> "HuggingFaceTokenizer":
        """The tokenizer that `to_json` described; ValueError if the description is not sound."""
        return cls(json.dumps(data.get("tokenizer")))


def _package():
    try:
        import tokenizers
    except ImportError:
        raise MissingPackageError(
            "This tokenizer needs the package tokenizers, which is not installed.",
            "Install it: pip install tokenizers",
        ) from None
    return tokenizers
