"""Texts that tokenizers get wrong, for every test in this folder."""

import json
import random
from pathlib import Path

import pytest

from minillm.text import BPETokenizer
from minillm.text.gpt2 import byte_characters
from tests.odd_texts import ODD, random_text

SHAKESPEARE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "tinyshakespeare.txt"


@pytest.fixture(scope="session")
def texts() -> list[str]:
    rng = random.Random(0)
    return ODD + [random_text(rng) for _ in range(300)]


@pytest.fixture(scope="session")
def shakespeare() -> str:
    if not SHAKESPEARE.exists():
        pytest.skip("tinyshakespeare.txt is not on this machine")
    return SHAKESPEARE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def bpe(texts) -> BPETokenizer:
    return BPETokenizer.train("".join(texts) + "The cat sat on the mat. " * 9, 300)


@pytest.fixture
def gpt2_folder(tmp_path, bpe):
    """GPT-2's two files with the merges of our own tokenizer, whose ids they share; <|endoftext|> comes last."""
    written = byte_characters()
    tokens = list(written)
    merges = []
    for first, second in bpe.merges:
        merges.append(f"{tokens[first]} {tokens[second]}")
        tokens.append(tokens[first] + tokens[second])
    vocab = {token: i for i, token in enumerate([*tokens, "<|endoftext|>"])}
    (tmp_path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    return tmp_path


PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"acdehiknostu.,!?[]我", *(f"##{c}" for c in "acdehiknostu")]
PIECES += ["the", "cat", "sat", "on", "un", "##un", "##kn", "##own", "##ask", "mask", "é"]


@pytest.fixture
def bert_folder(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join([*PIECES, ""]), encoding="utf-8")
    return tmp_path
