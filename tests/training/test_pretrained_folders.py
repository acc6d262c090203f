"""`load` on a folder in Hugging Face's layout: the same door as for a run, a model and its tokenizer."""

import json

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import (
    GPT,
    ClassifierConfig,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    SequenceClassifier,
)
from minillm.models.huggingface import save_pretrained
from minillm.text import GPT2Tokenizer, WordPieceTokenizer
from minillm.text.gpt2 import byte_characters
from minillm.training import Run, load


@pytest.fixture
def gpt2_folder(tmp_path):
    """gpt2_folder(size of the model's vocabulary) -> a folder with a GPT-2 and a tokenizer of 257 tokens, and the model."""

    def write(vocab_size):
        model = GPT(GPTConfig(vocab_size, context=8, layers=1, heads=2, d_model=6))
        save_pretrained(model, tmp_path)
        vocab = {token: i for i, token in enumerate([*byte_characters(), "<|endoftext|>"])}
        (tmp_path / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
        (tmp_path / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
        return tmp_path, model

    return write


@pytest.mark.parametrize("vocab_size", [257, 300])
def test_a_gpt2_with_its_tokenizer(gpt2_folder, vocab_size):
    """Its vocabulary may be padded."""
    folder, model = gpt2_folder(vocab_size)
    again, tokenizer = load(folder)
    np.testing.assert_array_equal(again.vector.data, model.vector.data)
    assert isinstance(tokenizer, GPT2Tokenizer) and tokenizer.decode(tokenizer.encode("the 我")) == "the 我"


def test_a_tokenizer_with_more_tokens_than_the_model(gpt2_folder):
    """Only a text that uses one of them is refused."""
    model, tokenizer = load(gpt2_folder(256)[0])
    assert tokenizer.vocab_size == model.config.vocab_size == 256
    assert tokenizer.decode(tokenizer.encode("the 我<|endoftext|>")) == "the 我<|endoftext|>"
    with pytest.raises(InputError, match=r"the token '<.endoftext.>' \(id 256\), and the model knows the ids 0 to 255"):
        tokenizer.encode("the 我<|endoftext|>", special=True)


@pytest.mark.parametrize("lost", ["vocab.json", "model.safetensors"])
def test_a_file_that_is_missing(gpt2_folder, lost):
    folder, _ = gpt2_folder(257)
    (folder / lost).unlink()
    with pytest.raises(InputError, match=lost):
        load(folder)


ENCODER = EncoderConfig(vocab_size=7, context=8, layers=1, heads=2, d_model=6)


@pytest.mark.parametrize("kind", [MaskedLM, SequenceClassifier])
def test_a_bert_with_its_tokenizer(tmp_path, kind):
    """A classifier keeps the size of its vocabulary in the config of its body."""
    model = kind(ENCODER if kind is MaskedLM else ClassifierConfig(ENCODER, classes=3, pooler=True))
    save_pretrained(model, tmp_path)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "model"]
    (tmp_path / "vocab.txt").write_text("\n".join([*words, ""]), encoding="utf-8")
    again, tokenizer = load(tmp_path)
    assert again.config == model.config
    assert isinstance(tokenizer, WordPieceTokenizer) and tokenizer.encode("The model").tolist() == [5, 6]


def test_a_run_stays_a_run(tmp_path, make_trainer, tokenizer, facts):
    """Its config.json has a kind, and its tokenizer.json is not one of Hugging Face."""
    trainer, folder = make_trainer(), Run(tmp_path / "run")
    folder.create(trainer, tokenizer, trainer.options, facts)
    folder.save(trainer)
    model, again = load(tmp_path / "run")
    np.testing.assert_array_equal(model.vector.data, trainer.model.vector.data)
    assert again.to_json() == tokenizer.to_json()
