"""What a download leaves in place of a file, a pointer of git-LFS or a web page, is named as what it is, at every door."""

import json
import shutil

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.files import read_file
from minillm.gradcheck import randomize
from minillm.models import GPT, GPTConfig, config_to_dict
from minillm.models.huggingface import save_pretrained
from minillm.text import CharTokenizer, load_pretrained_tokenizer, load_tokenizer, save_tokenizer
from minillm.text.gpt2 import byte_characters
from minillm.training import load
from minillm.training.checkpoint import save_weights, write_json

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa\nsize 13467\n"
PAGES = [
    b"<!DOCTYPE html>\n<html><body>Not Found</body></html>",
    b"\xef\xbb\xbf\n  <!doctype  HTML>",
    b"<!-- a page -->\n<!-- -->\n<HTML lang='en'>" + b" " * 100_000,
]


@pytest.mark.parametrize("content", [POINTER, *PAGES])
def test_it_is_named(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    what = "pointer to it" if content == POINTER else "web page"
    with pytest.raises(InputError, match=what) as caught:
        read_file(path)
    assert caught.value.wrong.startswith(str(path)) and "anew" in caught.value.remedy


@pytest.mark.parametrize(
    "content", [b"", b"<html_token>\n", b"version https://", b"<!-- no page -->", b"{}", b"<", b"[PAD]\n<html"]
)
def test_what_only_looks_like_it_is_read(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    assert read_file(tmp_path / "file") == content


@pytest.fixture
def pretrained(tmp_path):
    """A folder in the layout of Hugging Face, with the files of every tokenizer."""
    save_pretrained(
        randomize(GPT(GPTConfig(5, context=4, layers=1, heads=1, d_model=2)), np.random.default_rng(0)), tmp_path
    )
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("content", [POINTER, PAGES[0]])
@pytest.mark.parametrize(
    "name",
    ["config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json", "added_tokens.json", "tokenizer.json"],
)
def test_at_the_doors_of_a_pretrained_model(pretrained, name, content):
    if name == "tokenizer.json":
        (pretrained / "vocab.txt").unlink()
    (pretrained / name).write_bytes(content)
    named(lambda: load(pretrained), pretrained / name)


@pytest.mark.parametrize("name", ["model.safetensors.index.json", "model-00001-of-00001.safetensors"])
def test_in_a_model_of_shards(pretrained, name):
    shutil.move(pretrained / "model.safetensors", pretrained / "model-00001-of-00001.safetensors")
    index = '{"weight_map": {"wte.weight": "model-00001-of-00001.safetensors"}}'
    (pretrained / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    (pretrained / name).write_bytes(POINTER)
    named(lambda: load(pretrained), pretrained / name)


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
def test_in_the_two_files_of_gpt2(tmp_path, name):
    vocab = {token: i for i, token in enumerate([*byte_characters(), "<|endoftext|>"])}
    (tmp_path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (tmp_path / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    (tmp_path / name).write_bytes(POINTER)
    named(lambda: load_pretrained_tokenizer(tmp_path), tmp_path / name)


@pytest.mark.parametrize("content", [POINTER, b"<!doctype html>" + b" " * 100_000])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_at_the_doors_of_a_run(tmp_path, name, content):
    model = GPT(GPTConfig(3, context=4, layers=1, heads=1, d_model=2))
    write_json(tmp_path / "config.json", config_to_dict(model.config))
    save_weights(model, tmp_path)
    save_tokenizer(CharTokenizer("abc"), tmp_path / "tokenizer.json")
    (tmp_path / name).write_bytes(content)
    named(lambda: load(tmp_path), tmp_path / name)
    if name == "tokenizer.json":
        named(lambda: load_tokenizer(tmp_path / name), tmp_path / name)


def named(read, path):
    with pytest.raises(InputError, match=r"a pointer to it|a web page") as caught:
        read()
    assert caught.value.wrong.startswith(f"{path} is ")
