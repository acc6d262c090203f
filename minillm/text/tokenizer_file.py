"""A tokenizer in the file that minillm keeps it in: the tokenizer.json of a run."""

import json
from pathlib import Path

from minillm.files import read_json, reading, write_atomic
from minillm.text.bpe import BPETokenizer
from minillm.text.char import CharTokenizer
from minillm.text.gpt2 import GPT2Tokenizer
from minillm.text.huggingface import HuggingFaceTokenizer
from minillm.text.tokenizer import Tokenizer
from minillm.text.wordpiece import WordPieceTokenizer

KINDS = {
    "char": CharTokenizer,
    "bpe": BPETokenizer,
    "gpt2": GPT2Tokenizer,
    "wordpiece": WordPieceTokenizer,
    "huggingface": HuggingFaceTokenizer,
}


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
