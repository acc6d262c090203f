"""A pipe or a device in place of any file of a folder: each command says so at once, whatever it would have read there."""

import json
import os
import shutil

import numpy as np
import pytest

from minillm.files import LARGEST
from minillm.gradcheck import randomize
from minillm.models import GPT, ClassifierConfig, EncoderConfig, GPTConfig, SequenceClassifier
from minillm.models.huggingface import save_pretrained
from minillm.text.gpt2 import byte_characters

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes and devices have no names here")
ENCODER = EncoderConfig(vocab_size=8, context=9, layers=1, heads=2, d_model=6)


@pytest.fixture
def gpt2(tmp_path):
    model = GPT(GPTConfig(vocab_size=257, context=9, layers=1, heads=2, d_model=6), seed=0)
    save_pretrained(model, tmp_path / "gpt2")
    vocab = {token: i for i, token in enumerate([*byte_characters(), "<|endoftext|>"])}
    (tmp_path / "gpt2" / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (tmp_path / "gpt2" / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    (tmp_path / "gpt2" / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "gpt2" / "added_tokens.json").write_text("{}", encoding="utf-8")
    return tmp_path / "gpt2"


@pytest.fixture
def bert(tmp_path):
    model = randomize(SequenceClassifier(ClassifierConfig(ENCODER, classes=3, pooler=True)), np.random.default_rng(0))
    save_pretrained(model, tmp_path / "bert")
    (tmp_path / "bert" / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "a", "b", ""]), encoding="utf-8"
    )
    return tmp_path / "bert"


@pytest.fixture
def sharded(gpt2):
    (gpt2 / "model.safetensors").rename(gpt2 / "part.safetensors")
    index = {"weight_map": {"wte.weight": "part.safetensors"}}
    (gpt2 / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    return gpt2


GENERATE = ("generate", "--max-tokens=2", "--checkpoint")
CLASSIFY = ("classify", "--text=the", "--checkpoint")
RESUME = ("pretrain", "--resume", "--steps=50", "--out")
PLACES = [
    *[("run_copy", name, GENERATE) for name in ("config.json", "tokenizer.json", "model.safetensors")],
    *[("run_copy", name, RESUME) for name in ("config.json", "tokenizer.json", "trainer.json", "log.jsonl")],
    ("run_copy", "trainer.safetensors", RESUME),
    *[("gpt2", name, GENERATE) for name in ("config.json", "vocab.json", "merges.txt", "model.safetensors")],
    *[("gpt2", name, GENERATE) for name in ("tokenizer_config.json", "added_tokens.json")],
    *[("sharded", name, GENERATE) for name in ("model.safetensors.index.json", "part.safetensors")],
    *[("bert", name, CLASSIFY) for name in ("config.json", "vocab.txt", "model.safetensors")],
]


@pytest.mark.parametrize(("folder", "name", "argv"), PLACES, ids=lambda x: x if isinstance(x, str) else x[0])
def test_a_pipe_in_place_of_a_file(refused, request, folder, name, argv):
    folder = request.getfixturevalue(folder)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    wrong, _ = refused(*argv, folder)
    assert name in wrong and "it is a pipe or a device, not a file" in wrong


# Without the tensors: they have the size that a config asks for.
TEXTS = [place for place in PLACES if not place[1].endswith(".safetensors")]


@pytest.mark.parametrize(("folder", "name", "argv"), TEXTS, ids=lambda x: x if isinstance(x, str) else x[0])
def test_a_file_of_any_size_is_not_read(refused, request, folder, name, argv):
    folder = request.getfixturevalue(folder)
    os.truncate(folder / name, LARGEST + 1)
    wrong, _ = refused(*argv, folder)
    assert name in wrong and "it has 33,554,433 bytes, and at most 33,554,432 are read" in wrong


def test_links_to_files_are_followed(call, run_copy, tmp_path):
    """As in the cache of Hugging Face, where every file of a folder is one."""
    shutil.move(run_copy, tmp_path / "blobs")
    run_copy.mkdir()
    for file in (tmp_path / "blobs").iterdir():
        (run_copy / file.name).symlink_to(file)
    assert call(*GENERATE, run_copy)[0] == 0
