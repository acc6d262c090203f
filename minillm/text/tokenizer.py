"""What every tokenizer can do, and its file: tokenizer.json."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from minillm.files import read_json, reading, write_atomic
from minillm.text.bpe import BPETokenizer
from minillm.text.char import CharTokenizer
from minillm.text.gpt2 import GPT2Tokenizer
from minillm.text.huggingface import HuggingFaceTokenizer
from minillm.text.wordpiece import WordPieceTokenizer

KINDS = {
    "char": CharTokenizer,
    "bpe": BPETokenizer,
    "gpt2": GPT2Tokenizer,
    "wordpiece": WordPieceTokenizer,
    "huggingface": HuggingFaceTokenizer,
}


class Tokenizer(Protocol):
    """Text to ids and back.

    For char, bpe and gpt2 decode(encode(text)) == text, special tokens or not; the others keep the words, and not all of the spaces.
    """

    special_tokens: dict[str, int]  # the id of each, in the order of the ids
    roles: dict[str, str]  # which of them is for what: "mask_token", "eos_token" ...

    @property
    def vocab_size(self) -> int: ...

    def role(self, name: str) -> int | None: ...

    def restrict(self, vocab_size: int) -> None: ...

    def encode(self, text: str, special: bool = False) -> np.ndarray: ...

    def decode(self, ids: Sequence[int] | np.ndarray, special: bool = True) -> str: ...

    def stream(self, ids: Iterable[int], special: bool = True) -> Iterator[str]: ...

    def labels(self, ids: Sequence[int] | np.ndarray) -> list[str]: ...

    def to_json(self) -> dict: ...


def save_tokenizer(tokenizer: Tokenizer, path: str | Path) -> None:
    """Write a tokenizer as JSON, whole or not at all."""
    write_atomic(Path(path), (json.dumps(tokenizer.to_json(), ensure_ascii=False) + "\n").encode("utf-8"))


def load_tokenizer(path: str | Path) -> Tokenizer:
    """The tokenizer in a file that `save_tokenizer` wrote; InputError for any other."""
    remedy = "Name the tokenizer.json in the folder of a run; if it is damaged, copy it anew or train again."
    with reading(path, "tokenizer of minillm", remedy):
        return _from_json(read_json(path))


def _from_json(data: object) -> Tokenizer:
    if not isinstance(data, dict):
        raise ValueError("it must hold one JSON object")
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f'its "type" must be one of {", ".join(KINDS)}')
    return KINDS[kind].from_json(data)
