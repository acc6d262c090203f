"""The check must fail on wrong objectives: plausible mistakes in what is scored and in what is read, planted one at a time.

A mistake is in one half of the pair only, the loss or its gradient. What both have wrong alike is for tests/objectives to find.
"""

import numpy as np
import pytest

from minillm import objectives
from minillm.gradcheck import objective_cases
from minillm.ops import IGNORE, cross_entropy_backward
from tests.gradcheck.planting import planter

BUGS = {}
bug = planter(BUGS)


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


def gradient_with(model, dloss, saved, **changes):
    """The gradient, had the loss been saved with these parts changed."""
    logp, places, weight, smoothing, shape = saved.loss
    parts = {"weight": weight, "smoothing": smoothing} | changes
    changed = (logp, places, parts["weight"], parts["smoothing"], shape)
    model.backward(cross_entropy_backward(dloss, changed), saved.model)


def loss_of(right, model, *batch, but, **options):
    """What is saved of the right batch, with the loss of another."""
    changed = right(model, *but, **options)[0]
    return changed, right(model, *batch, **options)[1]


# --- masked language modelling ------------------------------------------------------------------------------------------------------------


@bug("masked_lm", objective_cases, "masked_lm")
def words_that_can_be_seen_scored_too(model, ids, mask, targets, **options):
    everywhere = np.where(targets != IGNORE, targets, ids)
    return loss_of(objectives.masked_lm, model, ids, mask, targets, but=(ids, mask, everywhere), **options)


@bug("masked_lm", objective_cases, "masked_lm")
def padding_read_by_the_encoder(model, ids, mask, targets, **options):
    return loss_of(objectives.masked_lm, model, ids, mask, targets, but=(ids, np.ones_like(mask), targets), **options)


@bug("masked_lm", objective_cases, "masked_lm")
def what_stood_there_left_to_be_read(model, ids, mask, targets, **options):
    open_book = np.where(targets != IGNORE, targets, ids)
    return loss_of(objectives.masked_lm, model, ids, mask, targets, but=(open_book, mask, targets), **options)


@bug("masked_lm", objective_cases, "loss_backward")
def mean_over_all_places(model, dloss, saved):
    chosen = len(saved.loss[2])
    objectives.loss_backward(model, dloss * chosen / objective_cases.IDS.size, saved)


@bug("masked_lm", objective_cases, "loss_backward")
def sum_for_mean(model, dloss, saved):
    objectives.loss_backward(model, dloss * len(saved.loss[2]), saved)


@bug("masked_lm", objective_cases, "loss_backward")
def upstream_gradient_forgotten(model, dloss, saved):
    objectives.loss_backward(model, 1.0, saved)


@bug("masked_lm:smoothing", objective_cases, "loss_backward")
def smoothing_forgotten(model, dloss, saved):
    gradient_with(model, dloss, saved, smoothing=0.0)


# --- sequence to sequence -----------------------------------------------------------------------------------------------------------------


def sequence_loss_of(model, *batch, but, **options):
    return loss_of(objectives.sequence_to_sequence, model, *batch, but=but, **options)


@bug("sequence_to_sequence", objective_cases, "sequence_to_sequence")
def decoder_input_not_moved_on(model, source, source_mask, decoder_input, targets, **options):
    batch, same = (source, source_mask, decoder_input, targets), np.where(targets != IGNORE, targets, 0)
    return sequence_loss_of(model, *batch, but=(source, source_mask, same, targets), **options)


@bug("sequence_to_sequence", objective_cases, "sequence_to_sequence")
def source_padding_read(model, source, source_mask, decoder_input, targets, **options):
    batch = (source, source_mask, decoder_input, targets)
    return sequence_loss_of(model, *batch, but=(source, None, decoder_input, targets), **options)


@bug("sequence_to_sequence", objective_cases, "sequence_to_sequence")
def end_of_the_padded_target_not_scored(model, source, source_mask, decoder_input, targets, **options):
    batch, cut = (source, source_mask, decoder_input, targets), targets.copy()
    cut[1, 2] = IGNORE
    return sequence_loss_of(model, *batch, but=(source, source_mask, decoder_input, cut), **options)


@bug("sequence_to_sequence", objective_cases, "loss_backward")
def padding_scored(model, dloss, saved):
    weight = saved.loss[2]
    gradient_with(model, dloss, saved, weight=np.full_like(weight, weight.max()))


@bug("sequence_to_sequence", objective_cases, "loss_backward")
def mean_over_the_padding_too(model, dloss, saved):
    weight = saved.loss[2]
    gradient_with(model, dloss, saved, weight=(weight > 0) / len(weight))


@bug("sequence_to_sequence", objective_cases, "loss_backward")
def mean_of_each_targets_mean(model, dloss, saved):
    scored = (saved.loss[2] > 0).reshape(objective_cases.WRITTEN.shape)
    weight = scored / scored.sum(1, keepdims=True) / len(scored)
    gradient_with(model, dloss, saved, weight=weight.ravel())


@bug("sequence_to_sequence", objective_cases, "loss_backward")
def upstream_forgotten(model, dloss, saved):
    objectives.loss_backward(model, 1.0, saved)


@bug("sequence_to_sequence:smoothing", objective_cases, "loss_backward")
def smoothing_of_the_targets_forgotten(model, dloss, saved):
    gradient_with(model, dloss, saved, smoothing=0.0)
