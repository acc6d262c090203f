"""What learns, and what is left as it is."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.finetuning import (
    Method,
    TextData,
    body_of,
    class_probabilities,
    new_classifier,
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


def test_the_last_layer_alone_is_not_trained(body):
    assert Method("body").describe() == "the last layer"
    with pytest.raises(InputError, match="nothing trains"):
        prepare(new_classifier(body, 3), Method("body"))


def test_what_has_no_body_for_a_classifier():
    with pytest.raises(InputError, match="which cannot be fine-tuned"):
        body_of(T5(T5Config(11, d_model=6, heads=2, d_kv=3, d_ff=4)), "somewhere")


def test_on_a_device(device):
    body = GPT(GPTConfig(**SIZES), seed=3, device=device)
    adapted = prepare(new_classifier(body, 3), Method(lora=2))
    list(Trainer(adapted.model, TextData(ROWS, LABELS, ROWS, LABELS, 0), OPTIONS, adapted.objective).run())
    assert class_probabilities(adapted.whole(), ROWS, 0).shape == (24, 3)
