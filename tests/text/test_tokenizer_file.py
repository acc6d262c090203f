import json

import pytest

from minillm.errors import InputError
from minillm.text import BPETokenizer, CharTokenizer, load_tokenizer, save_tokenizer


@pytest.mark.parametrize("kind", ["char", "bpe"])
def test_a_tokenizer_survives_its_file(tmp_path, texts, kind):
    text = "".join(texts)
    tokenizer = CharTokenizer.train(text) if kind == "char" else BPETokenizer.train(text, 300)
    path = tmp_path / "tokenizer.json"
    save_tokenizer(tokenizer, path)
    loaded = load_tokenizer(path)
    assert type(loaded) is type(tokenizer)
    assert json.loads(path.read_text(encoding="utf-8"))["type"] == kind
    assert loaded.to_json() == tokenizer.to_json()
    assert loaded.encode(text).tolist() == tokenizer.encode(text).tolist()
    assert loaded.decode(tokenizer.encode(text)) == text


def test_a_save_that_fails_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "tokenizer.json"
    save_tokenizer(CharTokenizer("ab"), path)

    class Broken(CharTokenizer):
        def to_json(self):
            return {"type": "char", "characters": object()}

    with pytest.raises(TypeError):
        save_tokenizer(Broken("abc"), path)
    assert load_tokenizer(path).vocab_size == 2


def test_saving_leaves_one_file(tmp_path):
    save_tokenizer(CharTokenizer("ab"), tmp_path / "tokenizer.json")
    save_tokenizer(CharTokenizer("abc"), tmp_path / "tokenizer.json")
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer.json"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is not JSON (line 1, column 1)"),
        (b'{"type": "char", "characters": "ab', "it is not JSON (line 1"),
        (b'{"type": "char", "characters": "\xff"}', "it is not UTF-8 (byte 32)"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"[1, 2]", "it must hold one JSON object"),
        (b"{}", 'its "type" must be one of char, bpe, gpt2, wordpiece, huggingface'),
        (b'{"type": "sentencepiece"}', 'its "type" must be one of char, bpe'),
        (b'{"type": ["char"]}', 'its "type" must be one of char, bpe'),
        (b'{"type": "char", "characters": "ab", "characters": "abc"}', "'characters' is there twice"),
        (b'{"type": "char"}', '"characters" must be a string'),
        (b'{"type": "char", "characters": ["a", "b"]}', '"characters" must be a string'),
        (b'{"type": "char", "characters": ""}', "one or more"),
        (b'{"type": "char", "characters": "aab"}', "each there once"),
        (b'{"type": "char", "characters": "ba"}', "sorted"),
        (b'{"type": "char", "characters": "a\\ud800"}', "half of a surrogate pair"),
        (b'{"type": "bpe"}', '"merges" must be a list of pairs of ids'),
        (b'{"type": "bpe", "merges": {}}', "list of pairs"),
        (b'{"type": "bpe", "merges": [[97, 98, 99]]}', "list of pairs"),
        (b'{"type": "bpe", "merges": [[97, 98.0]]}', "list of pairs"),
        (b'{"type": "bpe", "merges": [[97, true]]}', "list of pairs"),
        (b'{"type": "bpe", "merges": ["ab"]}', "list of pairs"),
        (b'{"type": "bpe", "merges": [[97, -1]]}', "merge 0 joins 97 and -1"),
        (b'{"type": "bpe", "merges": [[-1, 97]]}', "merge 0 joins -1 and 97"),
        (b'{"type": "bpe", "merges": [[97, 256]]}', "merge 0 joins 97 and 256: both must be ids before its own, 256"),
        (b'{"type": "bpe", "merges": [[97, 98], [257, 97]]}', "merge 1 joins 257 and 97"),
        (b'{"type": "bpe", "merges": [[97, 98], [97, 98]]}', "a merge is there twice"),
        (b'{"type": "bpe", "merges": [], "special_tokens": "[MASK]"}', '"special_tokens" must be a list of strings'),
        (b'{"type": "bpe", "merges": [], "special_tokens": ["[MASK]", 7]}', "and 7 is not"),
        (b'{"type": "char", "characters": "ab", "special_tokens": [""]}', "and '' is not"),
        (b'{"type": "char", "characters": "ab", "special_tokens": ["<s>", "<s>"]}', "'<s>' is there twice"),
        (b'{"type": "char", "characters": "ab", "special_tokens": ["\\udc00"]}', "half of a surrogate pair"),
        (b'{"type": "gpt2", "vocab": {"a": 0.5}, "merges": []}', "tokens and their ids, whole numbers"),
        (b'{"type": "gpt2", "vocab": {"a": 0, "b": 0}, "merges": []}', "'a' and 'b' both have the id 0"),
        (b'{"type": "gpt2", "vocab": {"a": 99999999}, "merges": []}', "must be in 0 to 16777215, and 'a' has 99999999"),
        (b'{"type": "gpt2", "vocab": {"a": 1}, "merges": [], "roles": ["eos_token"]}', '"roles" must be an object'),
        (b'{"type": "gpt2", "vocab": {"a": 1}, "merges": [], "roles": {"eos_token": 1}}', '"roles" must be an object'),
        (b'{"type": "gpt2", "vocab": {"a": 1}, "merges": [], "added_tokens": {}}', '"added_tokens" must be a list'),
        (b'{"type": "gpt2", "vocab": {"a": 1}, "merges": [], "added_tokens": [{}]}', "must be a string or an object"),
        (
            b'{"type": "gpt2", "vocab": {"a": 1}, "merges": [], "add_prefix_space": 1}',
            '"add_prefix_space" must be true',
        ),
        (b'{"type": "gpt2", "vocab": ["a"], "merges": [["a", "b"]]}', '"merges" must be a list of strings'),
        (b'{"type": "gpt2", "vocab": ["a", "a"], "merges": []}', "a token is there twice"),
        (b'{"type": "gpt2", "vocab": [], "merges": []}', "it holds no token"),
        (b'{"type": "gpt2", "vocab": ["a"], "merges": ["a b"]}', "needs the token 'b'"),
        (b'{"type": "wordpiece"}', "tokens and their ids, whole numbers"),
        (b'{"type": "wordpiece", "vocab": ["a", 7]}', "tokens and their ids, whole numbers"),
        (b'{"type": "wordpiece", "vocab": ["a", "a"]}', "a token is there twice"),
        (b'{"type": "wordpiece", "vocab": {"a\\ud800": 0}}', "half of a surrogate pair"),
        (b'{"type": "wordpiece", "vocab": ["a"], "do_lower_case": 1}', '"do_lower_case" must be true or false'),
    ],
)
def test_a_damaged_file_is_refused_in_two_lines(tmp_path, content, reason):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_tokenizer(path)
    assert str(path) in caught.value.wrong
    assert reason in caught.value.wrong
    assert "tokenizer.json" in caught.value.remedy
    assert len(str(caught.value).splitlines()) == 2


def test_a_small_file_cannot_ask_for_endless_memory(tmp_path):
    """Merges that double a token a thousand times would need more bytes than there are atoms."""
    path = tmp_path / "tokenizer.json"
    merges = [[97, 97]] + [[i, i] for i in range(256, 1256)]
    path.write_text(json.dumps({"type": "bpe", "merges": merges}), encoding="utf-8")
    with pytest.raises(InputError, match="merge 8 makes a token of 512 bytes, and 257 is the most"):
        load_tokenizer(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json") as caught:
        load_tokenizer(tmp_path / "nowhere.json")
    assert "folder of a run" in caught.value.remedy
