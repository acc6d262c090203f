"""What every tokenizer can do, and its file: tokenizer.json."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.text.bpe import BPETokenizer
from minillm.text.char import CharTokenizer

KINDS = {"char": CharTokenizer, "bpe": BPETokenizer}


class Tokenizer(Protocol):
    """Text to ids and back: decode(encode(text)) == text."""

    @property
    def vocab_size(self) -> int: ...

    def encode(self, text: str) -> np.ndarray: ...

    def decode(self, ids: Sequence[int] | np.ndarray) -> str: ...

    def stream(self, ids: Iterable[int]) -> Iterator[str]: ...

    def labels(self, ids: Sequence[int] | np.ndarray) -> list[str]: ...

    def to_json(self) -> dict: ...


def save_tokenizer(tokenizer: Tokenizer, path: str | Path) -> None:
    """Write a tokenizer as JSON, whole or not at all."""
    write_atomic(Path(path), (json.dumps(tokenizer.to_json(), ensure_ascii=False) + "\n").encode("utf-8"))


def load_tokenizer(path: str | Path) -> Tokenizer:
    """The tokenizer in a file that `save_tokenizer` wrote; InputError for any other."""
    try:
        with open(path, encoding="utf-8") as file:
            return _from_json(json.load(file))
    except OSError as error:
        raise InputError(
            f"Cannot read the tokenizer {path}: {error.strerror}.",
            "Name the tokenizer.json in the folder of a run.",
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is no tokenizer of minillm: {_reason(error)}.",
            "Name the tokenizer.json in the folder of a run; if it is damaged, copy it anew or train again.",
        ) from None


def _from_json(data: object) -> Tokenizer:
    if not isinstance(data, dict):
        raise ValueError("it must hold one JSON object")
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f'its "type" must be {" or ".join(KINDS)}')
    return KINDS[kind].from_json(data)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 (byte {error.start})"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON (line {error.lineno}, column {error.colno})"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, InputError):
        return error.wrong.rstrip(".")
    return str(error)
