"""tokenizer.json: GPT-2's and BERT's kinds are read without the package `tokenizers`, as transformers reads them; others need it."""

import json
import sys

import pytest

from minillm.errors import InputError
from minillm.text import GPT2Tokenizer, WordPieceTokenizer, load_pretrained_tokenizer, load_tokenizer, save_tokenizer
from minillm.text.gpt2 import byte_characters
from minillm.text.wordpiece import BERT_ROLES

FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
END = {"id": 258, "content": "<|endoftext|>", **FLAGS}
WORDS = [*BERT_ROLES.values(), "the", "Cat", "cat", "e", "é", "##s"]


def gpt2() -> dict:
    tokens = [*byte_characters(), "ab", "Ġab"]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [dict(END)],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": [["a", "b"], ["Ġ", "ab"]],
        },
    }


def bert() -> dict:
    added = [{"id": i, "content": token, **FLAGS} for i, token in enumerate(BERT_ROLES.values())]
    normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True}
    return {
        "added_tokens": added,
        "normalizer": normalizer | {"strip_accents": None, "lowercase": False},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: i for i, token in enumerate(WORDS)},
        },
    }


@pytest.fixture
def read(tmp_path, monkeypatch):
    """read(content of tokenizer.json, settings ...) -> the tokenizer in such a folder, where `tokenizers` is not installed."""
    monkeypatch.setitem(sys.modules, "tokenizers", None)

    def read(content, **settings):
        (tmp_path / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
        return load_pretrained_tokenizer(tmp_path)

    return read


def edited(content: dict, *path, value):
    place = content
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return content


@pytest.mark.parametrize(
    "kind", ["GPT2Tokenizer", "GPT2TokenizerFast", "PreTrainedTokenizerFast", "RobertaTokenizer", ""]
)
def test_a_gpt2(read, kind):
    tokenizer = read(gpt2(), tokenizer_class=kind)
    assert type(tokenizer) is GPT2Tokenizer
    assert tokenizer.encode("ab ab<|endoftext|>", special=True).tolist() == [256, 257, 258]
    assert tokenizer.special_tokens == {"<|endoftext|>": 258} and tokenizer.role("eos_token") == 258


@pytest.mark.parametrize("merges", [["a b", "Ġ ab"], [["a", "b"], ["Ġ", "ab"]]])
def test_merges_of_old_files_and_new_ones(read, merges):
    content = edited(gpt2(), "model", "merges", value=merges)
    del content["model"]["type"]  # old files don't name it
    assert read(content).encode("ab ab").tolist() == [256, 257]


@pytest.mark.parametrize("kind", ["BertTokenizer", "BertTokenizerFast", "PreTrainedTokenizerFast", ""])
def test_a_bert(read, kind):
    tokenizer = read(bert(), tokenizer_class=kind, do_lower_case=False)
    assert type(tokenizer) is WordPieceTokenizer
    assert tokenizer.labels(tokenizer.encode("The Cats [MASK] é", special=True)) == [
        "[UNK]",
        "Cat",
        "##s",
        "[MASK]",
        "é",
    ]
    assert [tokenizer.role(role) for role in BERT_ROLES] == [0, 1, 2, 3, 4]


def test_the_classes_of_gpt2_and_bert_take_the_vocabulary_from_the_file_and_the_rest_from_the_settings(read):
    assert read(bert(), tokenizer_class="BertTokenizer").encode("Cat é").tolist() == [7, 8], "in lower case, by default"
    assert read(bert(), tokenizer_class="BertTokenizer", strip_accents=False).encode("Cat é").tolist() == [7, 9]
    spaced = edited(gpt2(), "pre_tokenizer", "add_prefix_space", value=True)
    assert read(spaced, tokenizer_class="GPT2Tokenizer").encode("ab").tolist() == [256]
    assert read(gpt2(), tokenizer_class="GPT2Tokenizer", add_prefix_space=True).encode("ab").tolist() == [257]


def test_any_other_class_does_what_the_file_says(read):
    other = {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": True, "add_prefix_space": False}
    assert read(bert(), **other).encode("Cat é").tolist() == [6, 9]
    assert read(edited(bert(), "normalizer", "strip_accents", value=True), **other).encode("Cat é").tolist() == [6, 8]
    spaced = edited(gpt2(), "pre_tokenizer", "add_prefix_space", value=True)
    assert read(spaced, **other).encode("ab").tolist() == [257]
    assert read(bert(), **other).role("mask_token") == 4, "by its name, where no settings say it"
    assert read(edited(bert(), "model", "unk_token", value="cat"), **other).encode("zebra").tolist() == [7]


@pytest.mark.parametrize("kind", ["GPT2Tokenizer", "PreTrainedTokenizerFast"])
def test_added_tokens_of_the_file(read, kind):
    content = gpt2()
    content["added_tokens"].append({"id": 259, "content": "<b>", **FLAGS, "special": False, "lstrip": True})
    tokenizer = read(content, tokenizer_class=kind, pad_token="[PAD]")
    assert tokenizer.encode("a  <b>[PAD]").tolist() == [97, 259, *b"[PAD]"]
    assert tokenizer.special_tokens == {"<|endoftext|>": 258, "[PAD]": 260}


def test_a_list_of_all_added_tokens_in_the_settings_replaces_the_files(read):
    listed = {"258": {"content": "<|endoftext|>", **FLAGS, "special": False}}
    tokenizer = read(
        gpt2(),
        tokenizer_class="GPT2Tokenizer",
        eos_token=None,
        bos_token=None,
        unk_token=None,
        added_tokens_decoder=listed,
    )
    assert tokenizer.special_tokens == {} and tokenizer.encode("<|endoftext|>").tolist() == [258]


def test_it_survives_the_file_of_a_run(read, tmp_path):
    for content, text in ((gpt2(), "ab <|endoftext|> 我"), (bert(), "the Cats [MASK] é")):
        tokenizer = read(content, tokenizer_class="PreTrainedTokenizerFast")
        save_tokenizer(tokenizer, tmp_path / "run.json")
        loaded = load_tokenizer(tmp_path / "run.json")
        assert loaded.to_json() == tokenizer.to_json()
        assert loaded.encode(text, special=True).tolist() == tokenizer.encode(text, special=True).tolist()
        assert loaded.roles == tokenizer.roles


@pytest.mark.parametrize(
    ("made", "path", "value"),
    [
        (gpt2, ("normalizer",), {"type": "NFC"}),
        (gpt2, ("pre_tokenizer", "type"), "Metaspace"),
        (gpt2, ("pre_tokenizer", "use_regex"), False),
        (gpt2, ("pre_tokenizer",), {"type": "Sequence", "pretokenizers": []}),
        (gpt2, ("decoder",), None),
        (gpt2, ("model", "type"), "Unigram"),
        (gpt2, ("model", "unk_token"), "a"),
        (gpt2, ("model", "dropout"), 0.1),
        (gpt2, ("model", "continuing_subword_prefix"), "##"),
        (gpt2, ("model", "end_of_word_suffix"), "</w>"),
        (gpt2, ("model", "byte_fallback"), True),
        (gpt2, ("model", "ignore_merges"), True),
        (bert, ("normalizer",), None),
        (bert, ("normalizer", "type"), "Lowercase"),
        (bert, ("normalizer", "clean_text"), False),
        (bert, ("pre_tokenizer", "type"), "Whitespace"),
        (bert, ("decoder", "cleanup"), False),
        (bert, ("decoder", "prefix"), "@@"),
        (bert, ("model", "type"), "WordLevel"),
        (bert, ("model", "continuing_subword_prefix"), "@@"),
        (bert, ("model", "max_input_chars_per_word"), 99),
        (bert, ("model", "unk_token"), None),
    ],
)
def test_whatever_does_something_else_is_left_to_the_package(read, made, path, value):
    with pytest.raises(InputError, match="needs the package tokenizers"):
        read(edited(made(), *path, value=value), tokenizer_class="PreTrainedTokenizerFast")
    with pytest.raises(InputError, match="needs the package tokenizers"):
        read(edited(made(), *path, value=value))


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("added_tokens",), {"a": 1}, '"added_tokens" must be a list'),
        (("added_tokens", 0), {"content": "x"}, "the id of the added token 'x' must be a whole number, not None"),
        (("added_tokens", 0, "id"), -1, "the id of the added token '<.endoftext.>' must be a whole number, not -1"),
        (("added_tokens", 0, "content"), 7, "a string or an object with its content"),
        (("model", "vocab"), [["a", 0.5]], "tokens and their ids, whole numbers"),
        (("model", "vocab"), {"a": 0, "b": 0}, "'a' and 'b' both have the id 0"),
        (("model", "merges"), {}, '"merges" must be a list'),
        (("model", "merges"), [["a", "b", "c"]], "must be two tokens and a space between them"),
        (("model", "merges"), [7], "must be two tokens and a space between them"),
        (("model", "merges"), [["a", "c"]], "needs the token 'ac', which the vocabulary lacks"),
    ],
)
def test_a_damaged_part_is_named(read, tmp_path, path, value, reason):
    with pytest.raises(InputError, match=reason) as caught:
        read(edited(gpt2(), *path, value=value))
    assert caught.value.wrong.startswith(f"{tmp_path / 'tokenizer.json'} is no tokenizer.json of Hugging Face: ")
    assert len(str(caught.value).splitlines()) == 2


def test_an_id_that_does_not_fit_is_named(read, tmp_path):
    with pytest.raises(
        InputError, match=r"beside .*tokenizer\.json give the token '<.endoftext.>' the id 300, and .* has 258"
    ):
        read(edited(gpt2(), "added_tokens", 0, "id", value=300))


def test_files_of_an_older_kind_beside_it_are_not_looked_at(read, tmp_path):
    (tmp_path / "vocab.json").write_text("{}", encoding="utf-8")
    (tmp_path / "merges.txt").write_text("nonsense", encoding="utf-8")
    (tmp_path / "vocab.txt").write_text("", encoding="utf-8")
    assert read(gpt2()).encode("ab").tolist() == [256]
