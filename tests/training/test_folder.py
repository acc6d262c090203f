"""A model kept by a program is read again, by a program and by every command."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import (
    GPT,
    T5,
    ClassifierConfig,
    EncoderConfig,
    GPTConfig,
    GPTWithValue,
    MaskedLM,
    SequenceClassifier,
    T5Config,
    Transformer,
    TransformerConfig,
)
from minillm.models.huggingface import read_eos_token_id
from minillm.text import BPETokenizer, CharTokenizer
from minillm.training import Run, load, save
from minillm.training.run import LABELS
from tests.training.runs import contents

TOKENIZER = BPETokenizer.train("the cat is on the table " * 9, 12, ("[PAD]", "[MASK]", "[CLS]", "[SEP]", "<s>", "</s>"))
V = TOKENIZER.vocab_size
SIZES = {"layers": 1, "heads": 2, "d_model": 8}
MODELS = {
    "gpt": lambda: GPT(GPTConfig(V, context=16, ngram=2, **SIZES), seed=4),
    "masked": lambda: MaskedLM(EncoderConfig(V, context=16, **SIZES), seed=4),
    "transformer": lambda: Transformer(TransformerConfig(V, d_ff=16, **SIZES), seed=4),
    "t5": lambda: T5(T5Config(V, d_ff=16, **SIZES), seed=4),
    "classifier": lambda: SequenceClassifier(ClassifierConfig(GPTConfig(V, context=16, **SIZES), 3), seed=4),
    "reward model": lambda: SequenceClassifier(ClassifierConfig(GPTConfig(V, context=16, **SIZES), 1), seed=4),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_and_its_tokenizer_come_back_as_they_were(name, tmp_path):
    model = MODELS[name]()
    save(tmp_path / "mine", model, TOKENIZER)
    again, tokenizer = load(tmp_path / "mine")
    assert type(again) is type(model) and again.config == model.config
    assert np.array_equal(again.vector.data, model.vector.data)
    assert tokenizer.to_json() == TOKENIZER.to_json()


def test_a_classifier_keeps_the_names_of_its_classes(tmp_path):
    model = MODELS["classifier"]()
    model.labels = ["坏", "so-so", "good"]
    save(tmp_path, model, TOKENIZER)
    assert load(tmp_path)[0].labels == model.labels
    (tmp_path / LABELS).write_text(json.dumps(["one", "two"]), encoding="utf-8")
    with pytest.raises(InputError, match="does not name the 3 classes"):
        load(tmp_path)


def test_a_model_of_another_precision_is_kept_in_float32(tmp_path):
    model = GPT(GPTConfig(V, context=16, **SIZES), seed=4, dtype=np.float64)
    save(tmp_path, model, TOKENIZER)
    assert np.array_equal(load(tmp_path)[0].vector.data, model.vector.data.astype(np.float32))


def test_files_that_are_there_are_replaced_only_if_asked(tmp_path):
    first, second = MODELS["gpt"](), MODELS["masked"]()
    save(tmp_path, first, TOKENIZER)
    with pytest.raises(InputError, match="already"):
        save(tmp_path, second, TOKENIZER)
    assert type(load(tmp_path)[0]) is GPT
    save(tmp_path, second, TOKENIZER, overwrite=True)
    assert type(load(tmp_path)[0]) is MaskedLM


def test_the_old_files_are_there_until_all_the_new_ones_are_written(tmp_path, full_disk):
    save(tmp_path, MODELS["classifier"](), TOKENIZER)
    before = contents(tmp_path)
    for after in range(6):  # two for each of three files: its content, and its name
        wrong = f"^Cannot write {re.escape(str(tmp_path))}: No space left"
        with full_disk(after), pytest.raises(InputError, match=wrong):
            save(tmp_path, MODELS["gpt"](), TOKENIZER, overwrite=True)
        assert contents(tmp_path) == before and len(list(tmp_path.iterdir())) == len(before)
    save(tmp_path, MODELS["gpt"](), TOKENIZER, overwrite=True)
    assert contents(tmp_path).keys() == {*map(Path, ("config.json", "model.safetensors", "tokenizer.json"))}


def test_a_run_that_can_go_on_is_never_replaced(tmp_path):
    (tmp_path / "trainer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="already"):
        save(tmp_path, MODELS["gpt"](), TOKENIZER, overwrite=True)


def test_a_tokenizer_that_belongs_to_another_model_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match="tokenizer knows"):
        save(tmp_path / "mine", MODELS["gpt"](), CharTokenizer.train("".join(map(chr, range(32, 32 + V + 1)))))
    assert not (tmp_path / "mine").exists()


def test_values_were_for_training_only(tmp_path):
    model = MODELS["gpt"]()
    save(tmp_path, GPTWithValue(model), TOKENIZER)
    assert np.array_equal(load(tmp_path)[0].vector.named["embedding.weight"].data, model.embedding.weight.data)


def test_what_ends_a_text_is_kept_and_goes_with_the_model_that_knew_it(tmp_path):
    model = MODELS["gpt"]()
    model.eos_token_id = [3, 5]
    save(tmp_path, model, TOKENIZER)
    assert load(tmp_path)[0].eos_token_id == [3, 5]
    save(tmp_path, GPTWithValue(model), TOKENIZER, overwrite=True)
    assert load(tmp_path)[0].eos_token_id == [3, 5]
    save(tmp_path, MODELS["gpt"](), TOKENIZER, overwrite=True)
    assert load(tmp_path)[0].eos_token_id == []
    (tmp_path / "run").mkdir()
    Run(tmp_path / "run").describe_model(GPTWithValue(model), TOKENIZER)
    assert read_eos_token_id(tmp_path / "run") == [3, 5]
