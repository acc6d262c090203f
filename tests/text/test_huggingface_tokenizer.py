"""tokenizer.json through Hugging Face's package, for T5's kind: SentencePiece's unigrams."""

import json
import random
import sys

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.text import load_pretrained_tokenizer, load_tokenizer, save_tokenizer

PIECES = ["▁", "▁the", "▁cat", "▁sat", "s", "t", "c", "a", "e", "h", ".", "▁un", "<0xE6>", "<0x88>", "<0x91>"]


def description() -> dict:
    """A tokenizer.json: three special tokens, pieces with their log-probabilities, one sentinel, one added word."""
    special = [(0, "<pad>"), (1, "</s>"), (2, "<unk>"), (3 + len(PIECES), "<extra_id_0>")]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    ordinary = {"id": 4 + len(PIECES), "content": "@@", **flags, "special": False}
    spaces = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    return {
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
        "padding": None,
        "added_tokens": [{"id": i, "content": content, **flags} for i, content in special] + [ordinary],
        "normalizer": None,
        "pre_tokenizer": spaces,
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, spaces]},
        "model": {
            "type": "Unigram",
            "unk_id": 2,
            "byte_fallback": True,
            "vocab": [
                ["<pad>", 0.0],
                ["</s>", 0.0],
                ["<unk>", 0.0],
                *([piece, -float(len(PIECES))] for piece in PIECES),
            ],
        },
    }


@pytest.fixture
def folder(tmp_path):
    pytest.importorskip("tokenizers")
    (tmp_path / "tokenizer.json").write_text(json.dumps(description()), encoding="utf-8")
    return tmp_path


@pytest.fixture
def tokenizer(folder):
    return load_pretrained_tokenizer(folder)


def test_a_text_goes_there_and_back(tokenizer):
    ids = tokenizer.encode("the cat sat.")
    assert tokenizer.labels(ids) == ["␣the", "␣cat", "␣sat", "."]  # and not cut at the length that its file asks for
    assert ids.dtype == np.int32 and ids.ndim == 1
    assert tokenizer.decode(ids) == "the cat sat."
    assert tokenizer.encode("").shape == (0,)
    assert tokenizer.vocab_size == len(PIECES) + 5


def test_special_tokens_are_themselves_only_when_asked(tokenizer):
    assert tokenizer.special_tokens == {"<pad>": 0, "</s>": 1, "<unk>": 2, "<extra_id_0>": len(PIECES) + 3}
    ids = tokenizer.encode("the<extra_id_0>", special=True)
    assert tokenizer.labels(ids) == ["␣the", "<extra_id_0>"]
    assert tokenizer.decode(ids) == "the<extra_id_0>"
    assert tokenizer.decode(ids, special=False) == "the"
    assert len(PIECES) + 3 not in tokenizer.encode("the<extra_id_0>")


def test_the_stream_is_what_decode_gives_and_holds_back_half_a_character(tokenizer):
    rng = random.Random(0)
    for _ in range(100):
        ids = [rng.randrange(tokenizer.vocab_size) for _ in range(12)]
        ids = [i for i in ids if not tokenizer.labels([i])[0].startswith("<0x")] + tokenizer.encode("我").tolist()
        for special in (True, False):
            assert "".join(tokenizer.stream(iter(ids), special)) == tokenizer.decode(ids, special)
    assert list(tokenizer.stream(tokenizer.encode("cat我s"))) == ["cat", "我", "s"]


def test_ids_and_texts_are_checked(tokenizer):
    for use in (tokenizer.decode, tokenizer.labels, lambda ids: list(tokenizer.stream(ids))):
        with pytest.raises(ValueError, match=f"token id {tokenizer.vocab_size} is outside"):
            use([tokenizer.vocab_size])
    with pytest.raises(InputError, match=r"U\+D800, at position 1"):
        tokenizer.encode("a\ud800")


def test_it_survives_the_file_of_a_run(folder, tokenizer):
    save_tokenizer(tokenizer, folder / "run.json")
    loaded = load_tokenizer(folder / "run.json")
    text = "the cat<extra_id_0> 我 sat."
    assert loaded.encode(text, special=True).tolist() == tokenizer.encode(text, special=True).tolist()
    assert loaded.special_tokens == tokenizer.special_tokens


@pytest.mark.parametrize("content", ["", "null", "{}", '{"version": "1.0"}', '{"type": "char", "characters": "ab"}'])
def test_a_damaged_file_is_named(folder, content):
    path = folder / "tokenizer.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_pretrained_tokenizer(folder)
    assert caught.value.wrong.startswith(f"{path} is no tokenizer.json of Hugging Face: ")
    assert len(str(caught.value).splitlines()) == 2


def test_a_run_whose_part_is_damaged_is_named(folder):
    pytest.importorskip("tokenizers")
    path = folder / "run.json"
    path.write_text('{"type": "huggingface"}', encoding="utf-8")
    with pytest.raises(InputError, match=r"run\.json is no tokenizer of minillm: tokenizers \d"):
        load_tokenizer(path)


def test_without_the_package_the_command_to_install_it_is_given(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    (tmp_path / "tokenizer.json").write_text(json.dumps(description()), encoding="utf-8")
    (tmp_path / "run.json").write_text('{"type": "huggingface", "tokenizer": {}}', encoding="utf-8")
    for read in (lambda: load_pretrained_tokenizer(tmp_path), lambda: load_tokenizer(tmp_path / "run.json")):
        with pytest.raises(InputError) as caught:
            read()
        assert "needs the package tokenizers, which is not installed" in caught.value.wrong
        assert "pip install tokenizers" in caught.value.remedy


@pytest.mark.parametrize(
    ("template", "start"), [([], []), (["<s>", "A"], [0]), (["A", "</s>"], []), (["<s>", "A", "</s>"], [])], ids=str
)
def test_what_the_file_puts_before_a_text_is_known_and_not_encoded(folder, template, start):
    data, tokens = description(), {"<s>": 0, "</s>": 1}
    pieces = [
        {"Sequence": {"id": "A", "type_id": 0}} if t == "A" else {"SpecialToken": {"id": t, "type_id": 0}}
        for t in template
    ]
    special = {t: {"id": t, "ids": [tokens[t]], "tokens": [t]} for t in template if t != "A"}
    if template:
        data["post_processor"] = {
            "type": "TemplateProcessing",
            "single": pieces,
            "pair": pieces,
            "special_tokens": special,
        }
    (folder / "tokenizer.json").write_text(json.dumps(data), encoding="utf-8")
    tokenizer = load_pretrained_tokenizer(folder)
    assert tokenizer.start_tokens == start
    assert tokenizer.encode("the cat").tolist() == [4, 5]


def test_bytes_are_shown_as_the_characters_that_they_are(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=260, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([" é é é"], trainer)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    ours = load_pretrained_tokenizer(tmp_path)
    assert type(ours).__name__ == "HuggingFaceTokenizer"
    assert ours.labels(ours.encode(" é é 我")) == ["␣é␣é", "␣", "⟨E6⟩", "⟨88⟩", "⟨91⟩"]
