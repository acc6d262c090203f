"""Gradient checks of the encoder's family: pooling, adapters, heads, models, and the objectives on top of them."""

from functools import partial

import numpy as np

from minillm.gradcheck.cases import LayerCase, case
from minillm.gradcheck.model_cases import IDS, tiny_gpt
from minillm.layers import Linear, LoRALinear, Parameter, Pooling, add_lora
from minillm.layers.gradcheck import randomize
from minillm.models import (
    ClassifierConfig,
    Encoder,
    EncoderConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
)
from minillm.models.heads import ClassificationHead, MaskedLMHead, Pooler, SpanHead
from minillm.objectives import (
    classification,
    loss_backward,
    question_answering,
)
from minillm.ops import IGNORE

# B = 3, T = 5: a whole text, one that is cut short, and one with its padding on the left
LEFT = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 1, 1, 1, 1]], bool)
RIGHT = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], bool)  # what belongs to IDS
TYPES = np.array([[0, 0, 1, 1, 2], [0, 1, 1, 0, 0]])
PLACES = np.array([[0, 1, 0, 1, 1], [1, 0, 0, 0, 0]], bool)


@case("Pooling:first")
def _(rng):
    return LayerCase(Pooling("first"), (rng.standard_normal((3, 5, 7)),), {"mask": LEFT})


@case("Pooling:last")
def _(rng):
    return LayerCase(Pooling("last"), (rng.standard_normal((3, 5, 7)),), {"mask": LEFT})


@case("Pooling:mean")
def _(rng):
    return LayerCase(Pooling("mean"), (rng.standard_normal((3, 5, 7)),), {"mask": LEFT})


@case("Pooling:nothing-real")
def _(rng):
    mask = LEFT & np.array([[True], [False], [True]])
    return LayerCase(Pooling("mean"), (rng.standard_normal((3, 5, 7)),), {"mask": mask})


@case("Pooling:no-mask")
def _(rng):
    return LayerCase(Pooling("last"), (rng.standard_normal((3, 5, 7)),))


@case("LoRALinear")
def _(rng):
    layer = randomize(LoRALinear(Linear(7, 5, rng), 3, rng, alpha=5.0), rng)
    return LayerCase(layer, (rng.standard_normal((2, 3, 7)),))


@case("LoRALinear:all-trained")
def _(rng):
    layer = randomize(LoRALinear(Linear(5, 7, rng), 2, rng), rng)
    layer.freeze(False)
    return LayerCase(layer, (rng.standard_normal((2, 3, 5)),))


def masked_lm_head(rng: np.random.Generator, **options) -> MaskedLMHead:
    return randomize(MaskedLMHead(Parameter(rng.standard_normal((11, 6))), rng, **options), rng)


@case("MaskedLMHead")
def _(rng):
    return LayerCase(masked_lm_head(rng), (rng.standard_normal((2, 3, 6)),))


@case("MaskedLMHead:places")
def _(rng):
    head = masked_lm_head(rng, activation="relu", eps=1e-5)
    return LayerCase(head, (rng.standard_normal((2, 5, 6)),), {"places": np.flatnonzero(PLACES)})


@case("Pooler")
def _(rng):
    return LayerCase(randomize(Pooler(5, rng), rng), (rng.standard_normal((3, 5)),))


@case("ClassificationHead")
def _(rng):
    head = randomize(ClassificationHead(6, 3, rng, pooling="mean"), rng)
    return LayerCase(head, (rng.standard_normal((3, 5, 6)),), {"mask": LEFT})


@case("ClassificationHead:pooler")
def _(rng):
    head = randomize(ClassificationHead(6, 3, rng, pooler=True, dropout=0.3), rng)
    return LayerCase(head, (rng.standard_normal((3, 5, 6)),), {"mask": LEFT, "dropout_seed": 3})


@case("SpanHead")
def _(rng):
    return LayerCase(randomize(SpanHead(6, rng), rng), (rng.standard_normal((3, 5, 6)),))


def tiny_config(**changes) -> EncoderConfig:
    sizes = {"vocab_size": 11, "context": 7, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5, "token_types": 3}
    return EncoderConfig(**(sizes | changes))


def tiny_encoder(**changes) -> Encoder:
    return Encoder(tiny_config(**changes), dtype=np.float64)


@case("Encoder")
def _(rng):
    return LayerCase(randomize(tiny_encoder(), rng), (IDS,), {"mask": RIGHT, "token_types": TYPES})


@case("Encoder:pre")
def _(rng):
    model = randomize(tiny_encoder(norm="pre", eps=1e-5), rng)
    return LayerCase(model, (IDS,), {"mask": RIGHT, "token_types": TYPES})


@case("Encoder:sinusoidal")
def _(rng):
    model = randomize(tiny_encoder(positions="sinusoidal", activation="relu", token_types=0), rng)
    return LayerCase(model, (IDS,), {"mask": RIGHT})


@case("Encoder:dropout")
def _(rng):
    options = {"mask": RIGHT, "token_types": TYPES, "dropout_seed": 3}
    return LayerCase(randomize(tiny_encoder(dropout=0.2), rng), (IDS,), options)


def tiny_masked_lm(rng: np.random.Generator, **changes) -> MaskedLM:
    return randomize(MaskedLM(tiny_config(**changes), dtype=np.float64), rng)


@case("MaskedLM")
def _(rng):
    return LayerCase(tiny_masked_lm(rng), (IDS,), {"mask": RIGHT, "token_types": TYPES})


@case("MaskedLM:places")
def _(rng):
    options = {"mask": RIGHT, "places": PLACES, "dropout_seed": 3}
    return LayerCase(tiny_masked_lm(rng, norm="pre", dropout=0.2), (IDS,), options)


@case("MaskedLM:partly-frozen")
def _(rng):
    model = tiny_masked_lm(rng)
    for layer in (model.body.embedding, model.body.positions, model.body.token_types, model.body.embedding_norm):
        layer.freeze()
    model.body.blocks[0].freeze()
    model.body.blocks[1].attention.freeze()
    return LayerCase(model, (IDS,), {"mask": RIGHT})


def tiny_classifier(rng: np.random.Generator, body: Encoder, **choices) -> SequenceClassifier:
    return randomize(SequenceClassifier(ClassifierConfig(body.config, 3, **choices), body), rng)


@case("SequenceClassifier")
def _(rng):
    model = tiny_classifier(rng, tiny_encoder(layers=1), pooler=True)
    return LayerCase(model, (IDS,), {"mask": RIGHT, "token_types": TYPES})


@case("SequenceClassifier:gpt")
def _(rng):
    return LayerCase(tiny_classifier(rng, tiny_gpt(rng)), (IDS,), {"mask": RIGHT})


@case("SequenceClassifier:gpt-partly-frozen")
def _(rng):
    model = tiny_classifier(rng, tiny_gpt(rng, tie_head=False), pooling="mean")
    for layer in (model.body.embedding, model.body.positions, model.body.blocks[0]):
        layer.freeze()
    return LayerCase(model, (IDS,), {"mask": RIGHT})


@case("SequenceClassifier:layers")
def _(rng):
    model = tiny_classifier(rng, tiny_encoder(norm="pre", layers=3), pooling="mean", layers_read=(0, 1, 3))
    return LayerCase(model, (IDS,), {"mask": RIGHT, "token_types": TYPES})


@case("SequenceClassifier:lower-layers")
def _(rng):
    model = tiny_classifier(rng, tiny_gpt(rng, layers=3, tie_head=False), pooling="mean", layers_read=(1, 2))
    for layer in (model.body.embedding, model.body.positions, model.body.head):
        layer.freeze()
    return LayerCase(model, (IDS,), {"mask": RIGHT})


@case("SequenceClassifier:lora")
def _(rng):
    model = tiny_classifier(rng, tiny_encoder(norm="pre"), pooling="mean", head_dropout=0.3)
    model.body.freeze()
    add_lora(model, 2, alpha=3.0)
    return LayerCase(randomize(model, rng), (IDS,), {"mask": RIGHT, "dropout_seed": 3})


def tiny_question_answering(rng: np.random.Generator, **changes) -> QuestionAnswering:
    config = QuestionAnsweringConfig(tiny_config(**changes))
    return randomize(QuestionAnswering(config, dtype=np.float64), rng)


@case("QuestionAnswering")
def _(rng):
    return LayerCase(tiny_question_answering(rng, layers=1), (IDS,), {"mask": RIGHT, "token_types": TYPES})


@case("classification")
def _(rng):
    model = tiny_classifier(rng, tiny_encoder(layers=1), pooling="mean")
    pair = {"forward": partial(classification, model), "backward": partial(loss_backward, model)}
    return LayerCase(model, (IDS, RIGHT, np.array([2, IGNORE])), pair)


@case("classification:smoothing")
def _(rng):
    model = tiny_classifier(rng, tiny_gpt(rng, layers=1, dropout=0.2))
    pair = {"forward": partial(classification, model), "backward": partial(loss_backward, model)}
    options = {"label_smoothing": 0.2, "dropout_seed": 3}
    return LayerCase(model, (IDS, RIGHT, np.array([2, 0])), options | pair)


@case("question_answering")
def _(rng):
    # A softmax over places lives by what sets the tokens apart, and blocks of random weights make them alike: one block is enough.
    model = tiny_question_answering(rng, layers=1, norm="pre")
    pair = {"forward": partial(question_answering, model), "backward": partial(loss_backward, model)}
    return LayerCase(model, (IDS, RIGHT, TYPES, np.array([[1, 3], [2, 2]])), pair)


@case("question_answering:ignored")
def _(rng):
    model = tiny_question_answering(rng, layers=1, dropout=0.2)
    pair = {"forward": partial(question_answering, model), "backward": partial(loss_backward, model)}
    spans = np.array([[0, 4], [IGNORE, IGNORE]])
    return LayerCase(model, (IDS, RIGHT, TYPES, spans), pair | {"dropout_seed": 3})
