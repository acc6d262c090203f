"""The model of a run, made into one that comes with minillm."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import GPT, ClassifierConfig, EncoderConfig, GPTConfig, MaskedLM, SequenceClassifier
from minillm.text import BPETokenizer
from minillm.training import load, pack, save
from minillm.training.run import OPTIONS, STATE
from minillm.weights.card import CARD, read_card

TOKENIZER = BPETokenizer.train("the fox ran home " * 9, 12, ("[PAD]", "[MASK]", "[CLS]", "[SEP]"))
V = TOKENIZER.vocab_size
SIZES = {"layers": 1, "heads": 2, "d_model": 8}


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """An empty place for models that come with minillm."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("minillm.weights.SHIPPED", tmp_path / "weights")
    return tmp_path / "weights"


def classifier():
    model = SequenceClassifier(ClassifierConfig(GPTConfig(V, context=16, **SIZES), 2), seed=4)
    model.labels = ["sad", "glad"]
    return model


MODELS = {
    "gpt": lambda: GPT(GPTConfig(V, context=16, ngram=3, **SIZES), seed=4),
    "masked": lambda: MaskedLM(EncoderConfig(V, context=16, **SIZES), seed=4),
    "classifier": classifier,
}


@pytest.mark.parametrize("name", MODELS)
def test_it_is_used_by_its_name_and_differs_by_rounding_alone(name):
    model = MODELS[name]()
    save("run", model, TOKENIZER)
    pack("run", "mine")
    again, tokenizer = load("mine")
    assert type(again) is type(model) and tokenizer.to_json() == TOKENIZER.to_json()
    assert getattr(again, "labels", None) == getattr(model, "labels", None)
    largest = np.abs(model.vector.data).max()
    assert 0 < np.abs(again.vector.data - model.vector.data).max() <= largest / 127


def test_the_ends_of_texts_are_kept():
    model = MODELS["gpt"]()
    model.eos_token_id = [3]
    save("run", model, TOKENIZER)
    pack("run", "mine")
    assert load("mine")[0].eos_token_id == [3]


def test_nothing_is_kept_that_only_training_needs(tmp_path, shipped):
    save("run", MODELS["gpt"](), TOKENIZER)
    for name in (OPTIONS, STATE, "log.jsonl", "loss.png"):
        (tmp_path / "run" / name).write_bytes(b"{}")
    pack("run", "mine")
    there = {path.name for path in (shipped / "mine").iterdir()}
    assert there == {"config.json", "tokenizer.json", "model.safetensors", CARD}


def test_the_numbers_in_its_card_are_true(shipped):
    model = MODELS["gpt"]()
    save("run", model, TOKENIZER)
    card = pack("run", "mine")
    assert card == read_card(shipped / "mine")
    assert card.parameters == len(model.vector.data)
    assert card.bytes == (shipped / "mine/model.safetensors").stat().st_size


def test_what_somebody_wrote_in_a_card_stays(shipped):
    save("run", MODELS["gpt"](), TOKENIZER)
    pack("run", "mine")
    written = str(read_card(shipped / "mine")).replace("licence: ...", "licence: MIT").replace("bytes: ", "bytes: 9")
    (shipped / "mine" / CARD).write_text(written, encoding="utf-8")
    save("larger", GPT(GPTConfig(V, context=16, layers=2, heads=2, d_model=8)), TOKENIZER)
    with pytest.raises(InputError, match="holds"):
        pack("larger", "mine")
    card = pack("larger", "mine", overwrite=True)
    assert card.licence == "MIT"
    assert card.parameters == load("mine")[0].config.parameter_count() == load("larger")[0].config.parameter_count()
    assert card.bytes == (shipped / "mine/model.safetensors").stat().st_size


def test_a_model_that_int8_cannot_hold_takes_nothing_away(shipped):
    model = MODELS["gpt"]()
    save("run", model, TOKENIZER)
    pack("run", "mine")
    before = (shipped / "mine/model.safetensors").read_bytes()
    model.vector.data[0] = 1e30
    save("run", model, TOKENIZER, overwrite=True)
    with pytest.raises(InputError, match="too large for float16"):
        pack("run", "mine", overwrite=True)
    assert (shipped / "mine/model.safetensors").read_bytes() == before


def test_a_card_that_is_none_is_told_before_anything_is_replaced(shipped):
    save("run", MODELS["gpt"](), TOKENIZER)
    pack("run", "mine")
    (shipped / "mine" / CARD).write_text("not a card", encoding="utf-8")
    before = (shipped / "mine/model.safetensors").read_bytes()
    save("other", GPT(GPTConfig(V, context=16, **SIZES), seed=9), TOKENIZER)
    with pytest.raises(InputError, match=r"card\.md is no card"):
        pack("other", "mine", overwrite=True)
    assert (shipped / "mine/model.safetensors").read_bytes() == before


@pytest.mark.parametrize("name", ["", "../x", "Tales", "a/b", "a b", "-x", "é"])
def test_what_is_no_name(name, shipped):
    with pytest.raises(InputError, match="is no name for a model"):
        pack("run", name)
    assert not shipped.exists()


def test_a_missing_run_makes_nothing(shipped):
    with pytest.raises(InputError, match="There is no checkpoint nowhere"):
        pack("nowhere", "mine")
    assert not shipped.exists()
