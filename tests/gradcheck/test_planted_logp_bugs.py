"""The check must fail on wrong gradients: plausible mistakes in the log-probabilities of texts and in the KL, planted one at a time."""

import numpy as np
import pytest

from minillm import ops
from minillm.ops import IGNORE
from tests.gradcheck.planting import planter

BUGS = {}
bug = planter(BUGS)
right = {name: getattr(ops, name) for name in ("token_logp", "sequence_logp", "kl_divergence")}
right_backward = {name: getattr(ops, f"{name}_backward") for name in right}


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


# --- token_logp ---------------------------------------------------------------------------------------------------------------------------


@bug("token_logp", ops, "token_logp_backward")
def sign_of_cross_entropy(dlogp, saved):
    return -right_backward["token_logp"](dlogp, saved)


@bug("token_logp", ops, "token_logp_backward")
def normalisation_forgotten(dlogp, saved):
    rows, places, scored, shape = saved
    dlogits = np.zeros_like(rows)
    dlogits[places] = np.where(scored, dlogp.ravel(), 0)
    return dlogits.reshape(shape)


@bug("token_logp", ops, "token_logp_backward")
def own_weight_of_each_place_forgotten(dlogp, saved):
    return right_backward["token_logp"](np.full_like(dlogp, dlogp.mean()), saved)


@bug("token_logp:ignored", ops, "token_logp_backward")
def ignored_place_pushed_down(dlogp, saved):
    rows, places, _, shape = saved
    return right_backward["token_logp"](dlogp, (rows, places, np.ones(len(rows), bool), shape))


@bug("token_logp:ignored", ops, "token_logp")
def ignored_place_scored_as_token_0(logits, targets):
    y, _ = right["token_logp"](logits, np.where(targets == IGNORE, 0, targets))
    return y, right["token_logp"](logits, targets)[1]


# --- sequence_logp ------------------------------------------------------------------------------------------------------------------------


@bug("sequence_logp", ops, "sequence_logp")
def mean_for_sum(logits, targets):
    y, saved = right["sequence_logp"](logits, targets)
    return y / (targets != IGNORE).sum(-1), saved


@bug("sequence_logp", ops, "sequence_logp_backward")
def mean_for_sum_in_the_gradient(dlogp, saved):
    (_, _, scored, _), size = saved
    return right_backward["sequence_logp"](dlogp / scored.reshape(size).sum(-1), saved)


@bug("sequence_logp", ops, "sequence_logp")
def mask_off_by_one(logits, targets):
    """The answer's first token taken for the prompt's last."""
    scored = targets != IGNORE
    late = np.where(scored & np.roll(scored, 1, axis=1), targets, IGNORE)
    return right["sequence_logp"](logits, late)[0], right["sequence_logp"](logits, targets)[1]


@bug("sequence_logp", ops, "sequence_logp_backward")
def targets_not_moved_on(dlogp, saved):
    (rows, (places, targets), scored, shape), size = saved
    return right_backward["sequence_logp"](dlogp, ((rows, (places, np.roll(targets, 1)), scored, shape), size))


@bug("sequence_logp", ops, "sequence_logp_backward")
def weight_of_the_batch_for_that_of_the_sequence(dlogp, saved):
    return right_backward["sequence_logp"](np.full_like(dlogp, dlogp.mean()), saved)


# --- kl_divergence ------------------------------------------------------------------------------------------------------------------------


@bug("kl_divergence", ops, "kl_divergence_backward")
def without_its_mean(dkl, saved):
    p, ratio, _ = saved
    return dkl[..., None] * p * ratio


@bug("kl_divergence", ops, "kl_divergence_backward")
def gradient_of_the_log_probabilities(dkl, saved):
    p, ratio, _ = saved
    return dkl[..., None] * p * (ratio + 1)


@bug("kl_divergence", ops, "kl_divergence")
def the_other_way_round(logits, reference):
    return right["kl_divergence"](reference, logits)[0], right["kl_divergence"](logits, reference)[1]


@bug("kl_divergence", ops, "kl_divergence")
def reference_moves_along(logits, reference):
    return right["kl_divergence"](logits, logits)[0], right["kl_divergence"](logits, reference)[1]
