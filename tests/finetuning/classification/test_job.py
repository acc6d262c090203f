"""Fine-tuning and classifying from a program."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.finetuning import classify, finetune
from minillm.models import GPT, GPTConfig, Transformer, TransformerConfig
from minillm.text import CharTokenizer

GOOD, BAD = (
    ["a warm and funny film", "warm, warm, warm", "so funny"],
    ["two dull hours", "dull and cold", "a cold film"],
)
TEXTS, LABELS = (GOOD + BAD) * 20, (["good"] * 3 + ["bad"] * 3) * 20
TOKENIZER = CharTokenizer.train(" ".join(GOOD + BAD))
QUICK = {"steps": 30, "batch": 8, "lr": 1e-2, "workers": 1, "dropout": 0.0, "progress": False}


@pytest.fixture(scope="module")
def pretrained():
    return GPT(GPTConfig(TOKENIZER.vocab_size, context=24, layers=1, heads=2, d_model=16), seed=3)


@pytest.mark.parametrize("way", [{}, {"lora": 2}, {"freeze": 0}])
def test_a_classifier_learns_to_tell_texts_apart_and_the_model_stays_as_it_is(pretrained, way):
    before = pretrained.vector.data.copy()
    model = finetune(pretrained, TOKENIZER, TEXTS, LABELS, **(QUICK | way))
    assert np.array_equal(pretrained.vector.data, before)
    answers = classify(model, TOKENIZER, GOOD + BAD)
    assert [next(iter(answer)) for answer in answers].count("good") in (2, 3, 4)
    right = sum(next(iter(answer)) == label for answer, label in zip(answers, LABELS[:6], strict=True))
    assert right >= 5
    assert sum(answers[0].values()) == pytest.approx(1)


@pytest.mark.parametrize("choices", [{}, {"layer": 0}, {"layer": "all", "pooling": "mean"}, {"pretrained": False}])
def test_a_last_layer_is_fitted_to_all_texts(pretrained, capsys, choices):
    before = pretrained.vector.data.copy()
    choices = {"pooling": "mean"} | choices
    model = finetune(pretrained, TOKENIZER, TEXTS, LABELS, freeze="body", **choices)
    assert "right by cross-validation" in capsys.readouterr().err
    assert np.array_equal(pretrained.vector.data, before)
    answers = classify(model, TOKENIZER, GOOD + BAD)
    assert [next(iter(answer)) for answer in answers] == LABELS[:6]
    table = pretrained.embedding.weight.data
    assert np.array_equal(model.body.embedding.weight.data, table) == choices.get("pretrained", True)
    few = finetune(pretrained, TOKENIZER, TEXTS[2:4], LABELS[2:4], freeze="body", progress=False)
    assert list(classify(few, TOKENIZER, TEXTS[2])[0]) == ["good", "bad"], "none is held out: two texts are enough"


def test_settings_that_mean_nothing_are_refused(pretrained):
    for name, value in {"steps": 9, "lr": 1e-3, "epochs": 1, "dropout": 0.1, "batch": 4, "workers": 1}.items():
        with pytest.raises(InputError, match=f"`{name}` is for training.*\n.*`{name}` out"):
            finetune(pretrained, TOKENIZER, TEXTS, LABELS, freeze="body", **{name: value})
    with pytest.raises(InputError, match="`layer` is for a frozen body"):
        finetune(pretrained, TOKENIZER, TEXTS, LABELS, layer=1)


@pytest.mark.parametrize("freeze", ["none", "body"])
def test_a_pooling_or_a_seed_that_is_none_is_refused(pretrained, freeze):
    for choice in ({"pooling": "max"}, {"seed": -1}, {"seed": "1"}):
        with pytest.raises(InputError, match=next(iter(choice))):
            finetune(pretrained, TOKENIZER, TEXTS, LABELS, freeze=freeze, progress=False, **choice)


def test_one_text_may_come_without_a_list(pretrained):
    model = finetune(pretrained, TOKENIZER, TEXTS, LABELS, **(QUICK | {"steps": 1}))
    assert classify(model, TOKENIZER, "so dull") == classify(model, TOKENIZER, ["so dull"])


def test_pretrained_false_starts_from_random_weights(pretrained):
    settings = QUICK | {"steps": 1, "lr": 1e-12}
    kept, new = (finetune(pretrained, TOKENIZER, TEXTS, LABELS, pretrained=each, **settings) for each in (True, False))
    table = pretrained.embedding.weight.data
    assert np.allclose(kept.body.embedding.weight.data, table, atol=1e-9)
    assert not np.allclose(new.body.embedding.weight.data, table, atol=1e-3)


@pytest.mark.parametrize(
    "texts, labels, wrong",
    [
        (TEXTS, LABELS[1:], "texts and"),
        (TEXTS, ["same"] * len(TEXTS), "only one label"),
        (TEXTS[:6], LABELS[:6], "fewer than"),
    ],
)
def test_texts_that_teach_nothing_are_refused(pretrained, texts, labels, wrong):
    with pytest.raises(InputError, match=wrong):
        finetune(pretrained, TOKENIZER, texts, labels, **QUICK)


def test_a_model_without_a_body_to_stand_on_is_refused():
    model = Transformer(TransformerConfig(TOKENIZER.vocab_size, layers=1, heads=2, d_model=16, d_ff=16))
    with pytest.raises(InputError, match="cannot be fine-tuned"):
        finetune(model, TOKENIZER, TEXTS, LABELS, **QUICK)
