"""The check must fail on wrong gradients of alignment: plausible mistakes, planted one at a time."""

import numpy as np
import pytest

from minillm.alignment import offline, policy_loss, reward_model
from minillm.gradcheck import alignment_cases
from minillm.ops import IGNORE, kl_divergence_backward, sequence_logp_backward, token_logp_backward
from tests.gradcheck.planting import planter

BUGS = {}
bug = planter(BUGS)
right = {
    name: getattr(module, name)
    for module, names in (
        (offline, ("pair_lm", "pair_lm_backward", "_columns")),
        (reward_model, ("reward_model_loss_backward",)),
        (policy_loss, ("policy_loss_backward", "_of_answers")),
    )
    for name in names
}


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


@bug("pair_lm:dpo", offline, "pair_lm_backward")
def upstream_gradient_forgotten(model, dloss, saved):
    right["pair_lm_backward"](model, 1.0, saved)


@bug("pair_lm:dpo", offline, "_columns")
@bug("pair_lm:simpo", offline, "_columns")
@bug("pair_lm:orpo", offline, "_columns")
def sign_of_dpo(dchosen, drejected):
    return right["_columns"](-dchosen, -drejected)


@bug("pair_lm:dpo", offline, "_columns")
@bug("pair_lm:kto", offline, "_columns")
def rejected_answers_left_alone(dchosen, drejected):
    return right["_columns"](dchosen, 0 * drejected)


@bug("pair_lm:dpo", offline, "pair_lm_backward")
@bug("pair_lm:kto", offline, "pair_lm_backward")
def prompt_scored_too(model, dloss, saved):
    (rows, (place, targets), scored, shape), widths = saved.logp
    everything = np.ones_like(scored)
    model.backward(
        sequence_logp_backward(dloss * saved.dlogp, ((rows, (place, targets), everything, shape), widths)), saved.model
    )


@bug("pair_lm:dpo", offline, "pair_lm_backward")
@bug("pair_lm:orpo", offline, "pair_lm_backward")
def mask_off_by_one(model, dloss, saved):
    (rows, places, scored, shape), widths = saved.logp
    moved = np.roll(scored.reshape(widths), 1, axis=1).reshape(-1)
    model.backward(sequence_logp_backward(dloss * saved.dlogp, ((rows, places, moved, shape), widths)), saved.model)


@bug("pair_lm:dpo", offline, "pair_lm_backward")
def mean_for_sum(model, dloss, saved):
    lengths = (alignment_cases.PAIR_TARGETS[:, :2] != IGNORE).sum(axis=-1).reshape(-1)
    right["pair_lm_backward"](model, dloss, saved._replace(dlogp=saved.dlogp / lengths))


@bug("pair_lm:simpo", offline, "pair_lm_backward")
def sum_for_mean(model, dloss, saved):
    lengths = (alignment_cases.PAIR_TARGETS[:, :2] != IGNORE).sum(axis=-1).reshape(-1)
    right["pair_lm_backward"](model, dloss, saved._replace(dlogp=saved.dlogp * lengths))


@bug("reward_model", alignment_cases, "reward_model_loss_backward")
def chosen_and_rejected_swapped(model, dloss, saved):
    right["reward_model_loss_backward"](model, dloss, saved._replace(drewards=-saved.drewards))


@bug("reward_model", alignment_cases, "reward_model_loss_backward")
def only_the_chosen_learned(model, dloss, saved):
    half = saved.drewards.copy()
    half[1::2] = 0
    right["reward_model_loss_backward"](model, dloss, saved._replace(drewards=half))


@bug("policy_loss:reinforce", alignment_cases, "policy_loss_backward")
@bug("policy_loss:ppo", alignment_cases, "policy_loss_backward")
def kl_left_out(model, dloss, saved):
    right["policy_loss_backward"](model, dloss, saved._replace(dkl=0 * saved.dkl))


@bug("policy_loss:grpo", alignment_cases, "policy_loss_backward")
def kl_of_the_prompt_and_the_padding_too(model, dloss, saved):
    right["policy_loss_backward"](model, dloss, saved._replace(dkl=np.full_like(saved.dkl, saved.dkl.max())))


@bug("policy_loss:reinforce", alignment_cases, "policy_loss_backward")
def reference_gradient_not_stopped(model, dloss, saved):
    """As if the reference were the model itself: the KL then pulls nowhere."""
    dlogits = token_logp_backward(dloss * saved.dlogp, saved.logp)
    model.backward(dlogits + 2 * kl_divergence_backward(dloss * saved.dkl, saved.kl), saved.model)


@bug("policy_loss:reinforce", alignment_cases, "policy_loss_backward")
@bug("policy_loss:grpo", alignment_cases, "policy_loss_backward")
def advantage_of_the_wrong_sign(model, dloss, saved):
    right["policy_loss_backward"](model, dloss, saved._replace(dlogp=-saved.dlogp))


@bug("policy_loss:ppo", alignment_cases, "policy_loss_backward")
def values_not_learned(model, dloss, saved):
    right["policy_loss_backward"](model, dloss, saved._replace(dvalues=0 * saved.dvalues))


@bug("policy_loss:ppo", alignment_cases, "policy_loss_backward")
def values_of_the_next_token(model, dloss, saved):
    right["policy_loss_backward"](model, dloss, saved._replace(dvalues=np.roll(saved.dvalues, 1, axis=1)))
