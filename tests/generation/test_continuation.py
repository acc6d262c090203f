"""The seam between a prompt and what is written after it: the text is that of both together, and none of it comes too late."""

import json

import numpy as np
import pytest

from minillm.generation import continuation, stream_continuation
from minillm.text import BPETokenizer, CharTokenizer, GPT2Tokenizer, WordPieceTokenizer
from minillm.text.gpt2 import byte_characters
from minillm.text.huggingface import HuggingFaceTokenizer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "he", "is", "run", "##ning", "##s", ".", "'", "猫"]
BYTES = [sorted(byte_characters()).index(c) for c in byte_characters()]
TEXT = "the cat runs. he is running! café 猫在桌子上 🙂 the cat's"


def metaspace() -> dict:
    """As T5's: a token that begins a word has ▁ before it."""
    words = ["<unk>", "▁the", "▁cat", "▁run", "ning", "s", "▁he", "▁is", ".", "▁"]
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    model = {"type": "Unigram", "unk_id": 0, "vocab": [[word, -1.0] for word in words], "byte_fallback": False}
    return {"version": "1.0", "pre_tokenizer": space, "decoder": space, "model": model, "added_tokens": []}


def byte_fallback() -> dict:
    """As Llama's: what has no token of its own is written in bytes."""
    vocab = {token: i for i, token in enumerate(["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁the", "▁cat"])}
    model = {"type": "BPE", "vocab": vocab, "merges": [], "unk_token": "<unk>", "byte_fallback": True, "fuse_unk": True}
    replace = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    decoder = {"type": "Sequence", "decoders": [replace, {"type": "ByteFallback"}, {"type": "Fuse"}, strip]}
    return {"version": "1.0", "decoder": decoder, "model": model, "added_tokens": []}


MAKERS = {
    "characters": lambda: CharTokenizer.train(TEXT),
    "byte pairs": lambda: BPETokenizer.train(TEXT * 9, 44, special_tokens=["<a>"]),
    "bytes": lambda: GPT2Tokenizer([*sorted(byte_characters()), "<|endoftext|>"], []),
    "pieces of words": lambda: WordPieceTokenizer(WORDS),
    "SentencePiece": lambda: HuggingFaceTokenizer(json.dumps(metaspace())),
    "byte fallback": lambda: HuggingFaceTokenizer(json.dumps(byte_fallback())),
}


@pytest.fixture(params=MAKERS)
def tokenizer(request):
    if request.param in ("SentencePiece", "byte fallback"):
        pytest.importorskip("tokenizers")
    return MAKERS[request.param]()


@pytest.mark.parametrize("special", [True, False])
def test_prompt_and_continuation_are_the_text_of_both(tokenizer, special):
    """Wherever a text is cut, and for tokens in an order that no text has."""
    rng = np.random.default_rng(0)
    texts = [tokenizer.encode("the cat runs"), *(rng.integers(0, tokenizer.vocab_size, 12) for _ in range(20))]
    if tokenizer.decode([tokenizer.vocab_size - 1]) == "cat":  # a wrong byte spoils even the right ones before it
        texts = [np.array([257, 258, *(1 + byte for byte in "é猫🙂!".encode()), 258, 257])]
    for ids in texts:
        for cut in range(len(ids) + 1):
            whole, before = tokenizer.decode(ids, special=special), tokenizer.decode(ids[:cut], special=special)
            if not whole.startswith(before):
                continue  # cut inside a character, as no prompt is
            new = continuation(tokenizer, ids[:cut], ids[cut:], special)
            assert before + new == whole
            assert "".join(stream_continuation(tokenizer, ids[:cut], iter(ids[cut:].tolist()), special)) == new


SEAMS = [
    ("pieces of words", "he is run", ["##ning", "."], ["ning", "."]),
    ("pieces of words", "the cat", ["is", "."], [" is", "."]),
    ("pieces of words", "the cat", ["'", "##s"], [" '", "s"]),
    ("pieces of words", "猫", ["猫"], [" 猫"]),
    ("SentencePiece", "the cat", ["▁run", "s"], [" run", "s"]),
    ("SentencePiece", "the cat run", ["ning", "."], ["ning", "."]),
    ("byte fallback", "the", ["▁cat", "<0x2E>"], [" cat", "."]),
]


@pytest.mark.parametrize(("kind", "prompt", "written", "pieces"), SEAMS)
def test_a_token_after_a_prompt_keeps_its_space_and_loses_its_marks(kind, prompt, written, pieces):
    if kind != "pieces of words":
        pytest.importorskip("tokenizers")
    tokenizer = MAKERS[kind]()
    names = tokenizer.labels(range(tokenizer.vocab_size))
    ids = [names.index(name.replace("▁", "␣")) for name in written]
    prompt = [names.index("␣the")] if kind == "byte fallback" else tokenizer.encode(prompt)
    assert list(stream_continuation(tokenizer, prompt, ids)) == pieces
    assert continuation(tokenizer, prompt, ids) == "".join(pieces)


def byte_ids(kind: str, text: str) -> list[int]:
    """A text in single bytes."""
    id_of = {"byte pairs": range(256), "bytes": BYTES, "byte fallback": range(1, 257)}[kind]
    return [id_of[byte] for byte in text.encode("utf-8")]


@pytest.mark.parametrize("kind", ["byte pairs", "bytes", "byte fallback"])
def test_half_a_character_waits_and_a_whole_one_does_not(kind):
    """Each character comes with its last byte: not with an earlier one as �, and not with the token after it."""
    if kind == "byte fallback":
        pytest.importorskip("tokenizers")
    tokenizer, text, given, seen = MAKERS[kind](), "aé猫🙂b", [], 0
    assert tokenizer.decode(byte_ids(kind, text)) == text

    def arriving():
        for byte, token in zip(text.encode("utf-8"), byte_ids(kind, text), strict=True):
            given.append(byte)
            yield token

    for piece in stream_continuation(tokenizer, byte_ids(kind, "!"), arriving()):
        seen += len(piece)
        assert bytes(given).decode("utf-8") == text[:seen]
    assert seen == len(text)


@pytest.mark.parametrize(("kind", "shown"), [("byte pairs", "�"), ("bytes", "�"), ("byte fallback", "��")])
def test_half_a_character_at_the_end_is_shown_as_what_it_is(kind, shown):
    if kind == "byte fallback":
        pytest.importorskip("tokenizers")
    tokenizer, prompt, half = MAKERS[kind](), byte_ids(kind, "a"), byte_ids(kind, "猫")[:2]
    assert "".join(stream_continuation(tokenizer, prompt, half)) == continuation(tokenizer, prompt, half) == shown


def test_a_prompt_that_ends_as_half_a_character_looks():
    """� is a character as well, and it may stand at the end of a prompt."""
    pytest.importorskip("tokenizers")
    tokenizer = MAKERS["byte fallback"]()
    prompt, new = byte_ids("byte fallback", "a�"), byte_ids("byte fallback", "�b")
    assert continuation(tokenizer, prompt, new) == "".join(stream_continuation(tokenizer, prompt, new)) == "�b"


def test_without_a_prompt_a_text_stands_alone():
    tokenizer = MAKERS["pieces of words"]()
    ids = tokenizer.encode("the cat")
    assert continuation(tokenizer, [], ids) == "".join(stream_continuation(tokenizer, [], ids)) == "the cat"


def test_special_tokens_of_a_prompt_are_left_out_on_both_sides_of_the_seam():
    tokenizer = MAKERS["pieces of words"]()
    prompt, new = [2, *tokenizer.encode("the cat")], [3, *tokenizer.encode("runs")]
    assert continuation(tokenizer, prompt, new, special=False) == " runs"
    assert continuation(tokenizer, prompt, new) == " [SEP] runs"
