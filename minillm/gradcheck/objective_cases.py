"""Gradient checks of the objectives that read damaged texts, each on top of a whole tiny model: every parameter."""

from functools import partial

import numpy as np

from minillm.gradcheck.cases import LayerCase, case
from minillm.gradcheck.encoder_cases import RIGHT, tiny_masked_lm
from minillm.gradcheck.encoder_decoder_cases import SOURCE, SOURCE_MASK, tiny_t5, tiny_transformer
from minillm.gradcheck.model_cases import IDS, TARGETS
from minillm.models import EncoderDecoder, MaskedLM
from minillm.objectives import (
    loss_backward,
    masked_lm,
    sequence_to_sequence,
)
from minillm.ops import IGNORE

DECODER_INPUT = np.array([[6, 3, 9, 3, 1], [6, 2, 2, 4, 0]])  # T = 5: the targets moved on by one, with 6 in front
WRITTEN = np.array([[3, 9, 3, 1, 8], [2, 2, 4, IGNORE, IGNORE]])


def masked_case(model: MaskedLM, **options) -> LayerCase:
    pair = {"forward": partial(masked_lm, model), "backward": partial(loss_backward, model)}
    return LayerCase(model, (IDS, RIGHT, TARGETS), options | pair)


@case("masked_lm")
def _(rng):
    return masked_case(tiny_masked_lm(rng, layers=1))


@case("masked_lm:smoothing")
def _(rng):
    return masked_case(tiny_masked_lm(rng, norm="pre", dropout=0.2), label_smoothing=0.2, dropout_seed=3)


def sequence_case(model: EncoderDecoder, **options) -> LayerCase:
    pair = {"forward": partial(sequence_to_sequence, model), "backward": partial(loss_backward, model)}
    return LayerCase(model, (SOURCE, SOURCE_MASK, DECODER_INPUT, WRITTEN), options | pair)


@case("sequence_to_sequence")
def _(rng):
    return sequence_case(tiny_transformer(rng, layers=1))


@case("sequence_to_sequence:smoothing")
def _(rng):
    model = tiny_t5(rng, layers=1, decoder_layers=1, dropout=0.2)
    return sequence_case(model, label_smoothing=0.2, dropout_seed=3)
