"""The encoder's configurations: bad ones are refused with words that help, and what they cost is counted right."""

import json

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import (
    ClassifierConfig,
    Encoder,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
)

GOOD = {"vocab_size": 11, "context": 7, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5}

BAD = [
    ({"vocab_size": 0}, "vocab_size must be a whole number of at least 1, got 0.", "Give 1 or more."),
    ({"token_types": -1}, "token_types must be a whole number of at least 0, got -1.", "Give 0 or more."),
    ({"heads": 4}, "4 heads do not divide d_model = 6.", "try 3 heads"),
    ({"dropout": 1.0}, "dropout must lie in [0, 1), got 1.0.", "0 turns it off"),
    ({"dropout": "0.1"}, "dropout must lie in [0, 1), got '0.1'.", "0 turns it off"),
    ({"eps": 0.0}, "eps must be positive, got 0.0.", "1e-12 is BERT's"),
    ({"eps": "1e-5"}, "eps must be positive, got '1e-5'.", "1e-12 is BERT's"),
    ({"activation": "swish"}, "There is no activation 'swish'.", "gelu_erf"),
    ({"norm": "none"}, "There is no norm 'none'.", "Choose one of pre, post."),
    ({"positions": "sinusoidal", "d_model": 7, "heads": 7}, "need an even d_model, got 7", "try d_model = 8"),
]

KINDS = [
    {},
    {"norm": "pre"},
    {"positions": "sinusoidal"},
    {"token_types": 0},
    {"layers": 3, "heads": 3, "d_ff": 0, "token_types": 5},
]


@pytest.mark.parametrize(("change", "wrong", "remedy"), BAD)
def test_a_bad_config_says_what_is_wrong_and_what_to_do(change, wrong, remedy):
    with pytest.raises(InputError) as caught:
        EncoderConfig(**(GOOD | change))
    assert wrong in caught.value.wrong and remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"classes": 0}, "classes must be a whole number of at least 1, got 0."),
        ({"pooling": "max"}, "There is no pooling 'max'."),
        ({"head_dropout": -1}, "head_dropout must lie in [0, 1), got -1."),
    ],
)
def test_a_bad_classifier_says_so(change, wrong):
    with pytest.raises(InputError) as caught:
        ClassifierConfig(EncoderConfig(**GOOD), **change)
    assert caught.value.wrong == wrong


def test_pooling_is_the_bodys_usual_one_unless_given():
    assert ClassifierConfig(EncoderConfig(**GOOD)).pooling == "first"
    assert ClassifierConfig(GPTConfig(**GOOD)).pooling == "last"
    assert ClassifierConfig(GPTConfig(**GOOD), pooling="mean").pooling == "mean"


@pytest.mark.parametrize(
    "config",
    [
        EncoderConfig(**GOOD, dropout=0.1, norm="pre", eps=1e-5, token_types=3),
        ClassifierConfig(EncoderConfig(**GOOD, norm="pre"), classes=5, pooling="mean", pooler=True, head_dropout=0.2),
        ClassifierConfig(GPTConfig(**GOOD, tie_head=False)),
        QuestionAnsweringConfig(EncoderConfig(**GOOD, token_types=3)),
    ],
)
def test_a_config_survives_json(config):
    assert type(config).from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_dictionary_that_is_no_config_is_refused():
    with pytest.raises(InputError, match="not the config of an encoder: tie_head, token_types") as caught:
        values = {**EncoderConfig(**GOOD).to_dict(), "tie_head": True}
        EncoderConfig.from_dict({name: value for name, value in values.items() if name != "token_types"})
    assert "another version" in caught.value.remedy
    good = ClassifierConfig(GPTConfig(**GOOD)).to_dict()
    for body in (None, 3, {}, {**good["body"], "kind": "rnn"}):
        with pytest.raises(InputError, match="not the config of a classifier: its body is of the kind"):
            ClassifierConfig.from_dict({**good, "body": body})
    with pytest.raises(InputError, match="not the config of a GPT: wings"):
        ClassifierConfig.from_dict({**good, "body": {**good["body"], "wings": 2}})


def test_dropout_is_on_if_it_is_anywhere():
    """The trainer makes no random numbers for a model that has none to use."""
    body = EncoderConfig(**GOOD, dropout=0.1)
    assert ClassifierConfig(body).dropout == 0.1 and ClassifierConfig(body, head_dropout=0.3).dropout == 0.3
    assert ClassifierConfig(EncoderConfig(**GOOD), head_dropout=0.2).dropout == 0.2
    assert QuestionAnsweringConfig(body).dropout == 0.1


@pytest.mark.parametrize("change", KINDS)
def test_parameter_counts_are_those_of_the_models(change):
    config = EncoderConfig(**(GOOD | change))
    assert config.parameter_count() == MaskedLM(config).vector.data.size
    assert config.body_parameter_count() == Encoder(config).vector.data.size
    spans = QuestionAnsweringConfig(config)
    assert spans.parameter_count() == QuestionAnswering(spans).vector.data.size


@pytest.mark.parametrize("body", [EncoderConfig(**GOOD), GPTConfig(**GOOD), GPTConfig(**GOOD, tie_head=False)])
@pytest.mark.parametrize("pooler", [False, True])
def test_parameter_count_of_a_classifier(body, pooler):
    config = ClassifierConfig(body, classes=5, pooler=pooler)
    assert config.parameter_count() == SequenceClassifier(config).vector.data.size


def test_parameter_count_of_bert():
    """BERT-base: 109,482,240 with its pooler; with the masked-LM head in the pooler's place, 109,514,298."""
    config = EncoderConfig(vocab_size=30522, context=512, layers=12, heads=12, d_model=768)
    assert config.body_parameter_count() == 109_482_240 - (768 * 768 + 768)
    assert config.parameter_count() == 109_514_298


@pytest.mark.parametrize(
    ("model", "shape"), [("masked", (3, 7, 11)), ("classifier", None), ("gpt", None), ("spans", (3, 2, 7))]
)
def test_flops_of_the_products_that_are_really_done(monkeypatch, model, shape):
    """Counted from the matrices that meet while a model runs, forward and backward, at full context."""
    count = 0

    class Counting(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            nonlocal count
            plain = [x.view(np.ndarray) if isinstance(x, Counting) else x for x in inputs]
            if "out" in kwargs:
                kwargs["out"] = tuple(x.view(np.ndarray) for x in kwargs["out"])
            result = getattr(ufunc, method)(*plain, **kwargs)
            if ufunc is np.matmul and plain[0].ndim > 1 and plain[1].ndim > 1:
                count += 2 * result.size * plain[0].shape[-1]
            return result.view(Counting) if isinstance(result, np.ndarray) else result

    body = EncoderConfig(**GOOD)
    config = {
        "masked": body,
        "classifier": ClassifierConfig(body),
        "gpt": ClassifierConfig(GPTConfig(**GOOD)),
        "spans": QuestionAnsweringConfig(body),
    }[model]
    kind = {"masked": MaskedLM, "spans": QuestionAnswering}.get(model, SequenceClassifier)
    model = kind(config)
    for parameter in model.parameters():
        parameter.data = parameter.data.view(Counting)
    monkeypatch.setattr("minillm.ops.embeddings.ONE_HOT_LIMIT", 0)  # the embedding's look-up is no product of the model
    ids = np.random.default_rng(0).integers(0, 11, (3, 7))
    if shape is None:  # the body alone: the head is not counted
        hidden, saved = model.body.hidden(ids)
        model.body.hidden_backward(np.ones(hidden.shape, np.float32).view(Counting), saved)
    else:
        y, saved = model.forward(ids)
        assert y.shape == shape
        model.backward(np.ones(shape, np.float32).view(Counting), saved)
    assert count == ids.size * config.flops_per_token()
