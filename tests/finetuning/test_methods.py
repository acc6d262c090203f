"""What learns, and that the last layer trained alone is the last layer trained in place."""

import numpy as np
import pytest

from minillm.backend import CPU
from minillm.errors import InputError
from minillm.finetuning import (
    LAST_LAYER,
    FeatureBatch,
    FeatureData,
    LastLayer,
    Method,
    TextBatch,
    TextData,
    body_features,
    body_of,
    class_probabilities,
    learned_count,
    new_classifier,
    padded,
    prepare,
)
from minillm.models import (
    GPT,
    T5,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    T5Config,
)
from minillm.objectives import CLASSIFICATION
from minillm.training import Trainer, TrainOptions

SIZES = {"vocab_size": 13, "context": 9, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 10}
RNG = np.random.default_rng(0)
ROWS = [RNG.integers(0, 13, 1 + i % 9) for i in range(24)]
LABELS = RNG.integers(0, 3, 24)
OPTIONS = TrainOptions(steps=5, batch=6, lr=0.05, warmup=0, eval_every=5)


@pytest.fixture(params=["GPT", "untied GPT", "encoder"])
def body(request):
    if request.param == "encoder":
        return body_of(MaskedLM(EncoderConfig(**SIZES), seed=3), "here")
    return body_of(GPT(GPTConfig(**SIZES, ngram=2, tie_head=request.param == "GPT"), seed=3), "here")


@pytest.mark.parametrize("pooling", ["first", "last", "mean"])
def test_features_are_what_the_head_reads(body, pooling):
    model = new_classifier(body, 3, pooling=pooling)
    features = body_features(model, ROWS, 0, size=5)
    for row, feature in zip(ROWS, features, strict=True):
        hidden, _ = model.body.hidden(row[None])
        expected = {"first": hidden[0, 0], "last": hidden[0, -1], "mean": hidden[0].mean(axis=0)}[pooling]
        np.testing.assert_allclose(feature, expected, rtol=1e-4, atol=1e-5)


def test_the_last_layer_alone_learns_what_it_learns_in_place(body):
    """The same loss and gradient, and after some steps the same classifier."""
    alone, inside = new_classifier(body, 3, seed=1), new_classifier(body, 3, seed=1)
    inside.body.freeze()
    features = body_features(alone, ROWS, 0)
    trained = prepare(alone, Method("body"))
    assert isinstance(trained.model, LastLayer) and trained.objective is LAST_LAYER
    losses = []
    for model, objective, batch in (
        (trained.model, LAST_LAYER, FeatureBatch(features, LABELS)),
        (inside, CLASSIFICATION, TextBatch(*padded(ROWS, 0), LABELS)),
    ):
        for _ in range(3):
            model.vector.zero_grad()
            loss, saved = objective.forward(model, **batch._asdict())
            objective.backward(model, 1.0, saved)
            model.head.linear.weight.data[...] -= 0.5 * model.head.linear.weight.grad
        losses.append(float(loss))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    np.testing.assert_allclose(alone.head.linear.weight.data, inside.head.linear.weight.data, rtol=1e-4, atol=1e-6)
    whole = trained.whole()
    np.testing.assert_allclose(class_probabilities(whole, ROWS, 0), class_probabilities(inside, ROWS, 0), atol=1e-5)
    assert learned_count(trained.model) == learned_count(inside) == 6 * 3 + 3


@pytest.mark.parametrize("method", [Method(), Method(0), Method(1), Method(2), Method(lora=2)], ids=str)
def test_what_learns_and_what_does_not(body, method):
    model = new_classifier(body, 3, seed=1)
    before = {name: parameter.data.copy() for name, parameter in body.named_parameters()}
    trained = prepare(model, method)
    data = TextData(ROWS, LABELS, ROWS[:6], LABELS[:6], 0)
    list(Trainer(trained.model, data, OPTIONS, trained.objective).run())
    whole = trained.whole()
    np.testing.assert_allclose(
        class_probabilities(whole, ROWS, 0),
        class_probabilities(model, ROWS, 0),
        atol=1e-5,
        err_msg="merged computes the same",
    )
    moved = {
        name for name, parameter in whole.body.named_parameters() if not np.array_equal(parameter.data, before[name])
    }
    for name, parameter in body.named_parameters():
        assert np.array_equal(parameter.data, before[name]), "the model to begin with stays as it is"
        low = name.startswith(("embedding", "positions", "token_types"))
        block = int(name.split(".")[1]) if name.startswith("blocks") else None
        if method.lora:
            learns = name.endswith(("query.weight", "value.weight"))
        elif name.startswith("head."):
            learns = False  # a GPT's own, for the next token
        elif method.freeze == "none":
            learns = True
        else:
            learns = not low and (block is None or block >= method.freeze)
        if not name.endswith("key.bias") and not name.endswith("token_types.weight"):
            assert (name in moved) == learns, name


def test_a_body_of_random_weights_has_the_same_config_only(body):
    model = new_classifier(body, 3, dropout=0.25, pretrained=False, seed=1)
    assert model.config.body.dropout == 0.25 and model.config.body.layers == body.config.layers
    assert not np.array_equal(model.body.embedding.weight.data, body.embedding.weight.data)
    copied = new_classifier(body, 3, seed=1)
    assert np.array_equal(copied.body.embedding.weight.data, body.embedding.weight.data)


def test_a_classifier_lends_its_body_to_the_next():
    classifier = new_classifier(GPT(GPTConfig(**SIZES)), 3)
    assert body_of(classifier, "somewhere") is classifier.body
    questions = QuestionAnswering(QuestionAnsweringConfig(EncoderConfig(**SIZES)))
    new = new_classifier(body_of(questions, "somewhere"), 2)
    assert np.array_equal(new.body.vector.data[:9], questions.body.vector.data[:9])


def test_what_has_no_body_for_a_classifier():
    with pytest.raises(InputError, match="which cannot be fine-tuned"):
        body_of(T5(T5Config(11, d_model=6, heads=2, d_kv=3, d_ff=4)), "somewhere")


def test_on_a_device(device):
    body = GPT(GPTConfig(**SIZES), seed=3, device=device)
    host = new_classifier(GPT(GPTConfig(**SIZES), seed=3, device=CPU), 3)
    model = new_classifier(body, 3)
    features = body_features(model, ROWS, 0)
    np.testing.assert_allclose(features, body_features(host, ROWS, 0), rtol=1e-4, atol=1e-5)
    trained = prepare(model, Method("body"))
    data = FeatureData(features, LABELS, features[:6], LABELS[:6])
    progress = list(Trainer(trained.model, data, OPTIONS, LAST_LAYER).run())
    assert progress[-1].validation is not None
    assert class_probabilities(trained.whole(), ROWS, 0).shape == (24, 3)
    adapted = prepare(new_classifier(body, 3), Method(lora=2))
    list(Trainer(adapted.model, TextData(ROWS, LABELS, ROWS, LABELS, 0), OPTIONS, adapted.objective).run())
    assert class_probabilities(adapted.whole(), ROWS, 0).shape == (24, 3)
