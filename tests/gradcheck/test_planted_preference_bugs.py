"""The check must fail on wrong losses: plausible mistakes in the objectives of preferences, planted one at a time.

A mistake is in one half only, the loss or its derivative. What both have wrong alike is for tests/preferences to find.
"""

import inspect

import numpy as np
import pytest

from minillm import ops, preferences
from minillm.backend import Array
from minillm.gradcheck import PairCase, all_cases, preference_cases
from minillm.ops import IGNORE
from tests.gradcheck.planting import planter

BUGS = {}
bug = planter(BUGS)
right = {name: getattr(preferences, name) for name in preferences.__all__}


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


def test_every_loss_has_a_case_and_a_bug():
    public = [function for function in right.values() if inspect.isfunction(function)]
    losses = {function.__name__ for function in public if gives_derivatives(function)}
    assert len(losses) >= 23
    cases = {
        name.split(":")[0] for name, make in all_cases().items() if isinstance(make(np.random.default_rng(0)), PairCase)
    }
    assert cases == losses == {case.split(":")[0] for case, *_ in BUGS.values()}


def gives_derivatives(function):
    """Whether it returns several arrays; advantages are no derivatives."""
    several = function.__annotations__["return"] in (tuple[Array, Array], tuple[Array, Array, Array])
    return several and not function.__module__.endswith(".advantages")


def mixed(name, *inputs, but=(), changes, **options):
    """The right loss with the derivatives of other inputs or options."""
    loss, *_ = right[name](*inputs, **options)
    _, *derivatives = right[name](*(but or inputs), **(options | changes))
    return loss, *derivatives


# --- while pretraining --------------------------------------------------------------------------------------------------------------------


@bug("mle", preferences, "mle")
def sum_for_mean(logp, scored):
    loss, dlogp = right["mle"](logp, scored)
    return loss, dlogp * scored.sum()


@bug("mle", preferences, "mle")
def padding_scored(logp, scored):
    return mixed("mle", logp, scored, changes={}, but=(logp, np.ones_like(scored)))


@bug("filtering", preferences, "filtering")
def mean_over_what_was_filtered_out_too(logp, scored, document_rewards, *, threshold):
    loss, dlogp = right["filtering"](logp, scored, document_rewards, threshold=threshold)
    return loss, dlogp * (scored & (document_rewards > threshold)[:, None]).sum() / scored.sum()


@bug("filtering", preferences, "filtering")
def bad_documents_kept(logp, scored, document_rewards, *, threshold):
    return mixed("filtering", logp, scored, -document_rewards, threshold=-threshold, changes={})[0], right["mle"](
        logp, scored
    )[1]


@bug("conditional", preferences, "conditional")
@bug("conditional:policy", preferences, "conditional")
def control_token_scored(logp, scored, control):
    return right["conditional"](logp, scored, control)[0], right["mle"](logp, scored)[1]


@bug("unlikelihood", preferences, "unlikelihood")
def minus_likelihood(logp, scored, rewards, *, threshold, alpha):
    """-α · (-log p) in place of -α log(1 - p)."""
    loss, _ = right["unlikelihood"](logp, scored, rewards, threshold=threshold, alpha=alpha)
    return loss, scored / scored.sum() * np.where(rewards >= threshold, -1, alpha)


@bug("unlikelihood", preferences, "unlikelihood")
def bad_tokens_weight_forgotten(logp, scored, rewards, *, threshold, alpha):
    return mixed("unlikelihood", logp, scored, rewards, threshold=threshold, alpha=alpha, changes={"alpha": 1})


@bug("unlikelihood", preferences, "unlikelihood")
def one_minus_p_forgotten_below(logp, scored, rewards, *, threshold, alpha):
    loss, _ = right["unlikelihood"](logp, scored, rewards, threshold=threshold, alpha=alpha)
    return loss, scored / scored.sum() * np.where(rewards >= threshold, -1, alpha * np.exp(logp))


@bug("rwr", preferences, "rwr")
def temperature_forgotten(logp, scored, rewards, *, beta):
    return mixed("rwr", logp, scored, rewards, beta=beta, changes={"beta": 1})


@bug("rwr", preferences, "rwr")
def reward_for_its_exponential(logp, scored, rewards, *, beta):
    loss, dlogp = right["rwr"](logp, scored, rewards, beta=beta)
    return loss, dlogp * (rewards / beta) / np.exp(rewards / beta)


@bug("awr", preferences, "awr")
def advantage_not_detached(logp, values, scored, rewards, *, alpha, beta):
    loss, dlogp, dvalues = right["awr"](logp, values, scored, rewards, alpha=alpha, beta=beta)
    weights = np.exp((rewards - values) / beta) * scored / scored.sum()
    return loss, dlogp, dvalues + alpha * weights * logp / beta  # d(-w log p)/dV, w = exp((R - V)/β)


@bug("awr", preferences, "awr")
def rewards_for_advantages(logp, values, scored, rewards, *, alpha, beta):
    loss, _, dvalues = right["awr"](logp, values, scored, rewards, alpha=alpha, beta=beta)
    return loss, alpha * right["rwr"](logp, scored, rewards, beta=beta)[1], dvalues


@bug("awr", preferences, "awr")
def shares_swapped(logp, values, scored, rewards, *, alpha, beta):
    return mixed("awr", logp, values, scored, rewards, alpha=alpha, beta=beta, changes={"alpha": 1 - alpha})


@bug("value_loss", preferences, "value_loss")
def half_of_the_squared_error(values, returns, scored):
    loss, dvalues = right["value_loss"](values, returns, scored)
    return loss, dvalues / 2


# --- pairs of answers ---------------------------------------------------------------------------------------------------------------------


@bug("bradley_terry", preferences, "bradley_terry")
def margin_forgotten(chosen, rejected, *, margin, centering):
    return mixed("bradley_terry", chosen, rejected, margin=margin, centering=centering, changes={"margin": 0})


@bug("bradley_terry", preferences, "bradley_terry")
def centred_the_wrong_way_for_the_rejected(chosen, rejected, *, margin, centering):
    loss, dchosen, _ = right["bradley_terry"](chosen, rejected, margin=margin, centering=centering)
    return loss, dchosen, -dchosen


@bug("dpo", preferences, "dpo")
@bug("dpo:policy", preferences, "dpo")
def sign_of_dpo(*answers, **options):
    loss, dchosen, drejected = right["dpo"](*answers, **options)
    return loss, -dchosen, -drejected


@bug("dpo", preferences, "dpo")
def beta_not_in_the_gradient(*answers, beta, **options):
    loss, dchosen, drejected = right["dpo"](*answers, beta=beta, **options)
    return loss, dchosen / beta, drejected / beta


@bug("dpo", preferences, "dpo")
def reference_forgotten(chosen, rejected, ref_chosen, ref_rejected, *, beta):
    without = (chosen, rejected, 0 * ref_chosen, 0 * ref_rejected)
    return mixed("dpo", chosen, rejected, ref_chosen, ref_rejected, beta=beta, but=without, changes={})


@bug("dpo", preferences, "dpo")
def both_pushed_up(*answers, **options):
    loss, dchosen, drejected = right["dpo"](*answers, **options)
    return loss, dchosen, -drejected


@bug("dpo", preferences, "dpo")
def batch_summed(*answers, **options):
    loss, dchosen, drejected = right["dpo"](*answers, **options)
    return loss, dchosen * len(dchosen), drejected * len(drejected)


@bug("dpo:conservative", preferences, "dpo")
def smoothing_forgotten(*answers, **options):
    return mixed("dpo", *answers, **options, changes={"label_smoothing": 0})


@bug("robust_dpo", preferences, "robust_dpo")
def conservative_for_robust(*answers, beta, flipped, **reference):
    _, *derivatives = right["dpo"](*answers, beta=beta, label_smoothing=flipped, **reference)
    return right["robust_dpo"](*answers, beta=beta, flipped=flipped, **reference)[0], *derivatives


@bug("hinge", preferences, "hinge")
def never_content(*answers, **options):
    loss, dchosen, _ = right["hinge"](*answers, **options)
    everywhere = np.full_like(dchosen, -options["beta"] / len(dchosen))
    return loss, everywhere, -everywhere


@bug("ipo", preferences, "ipo")
def margin_of_one_over_tau(*answers, tau, **options):
    return mixed("ipo", *answers, tau=tau, **options, changes={"tau": tau / 2})


@bug("ipo:means", preferences, "ipo")
def lengths_only_in_the_loss(*answers, chosen_lengths, rejected_lengths, **options):
    lengths = {"chosen_lengths": chosen_lengths, "rejected_lengths": rejected_lengths}
    loss, dchosen, drejected = right["ipo"](*answers, **lengths, **options)
    return loss, dchosen * chosen_lengths, drejected * rejected_lengths


@bug("kto", preferences, "kto")
def reference_point_left_out(logp, *, kl, **options):
    return mixed("kto", logp, kl=kl, **options, changes={"kl": 0})


@bug("kto", preferences, "kto")
def undesirable_pushed_up_too(logp, **options):
    loss, dlogp = right["kto"](logp, **options)
    return loss, -np.abs(dlogp)


@bug("kto", preferences, "kto")
def curve_of_dpo(logp, *, ref_logp, kl, beta, **options):
    """log σ in place of σ: its slope lacks a factor σ(u)."""
    loss, dlogp = right["kto"](logp, ref_logp=ref_logp, kl=kl, beta=beta, **options)
    sign = np.where(options["desirable"], 1, -1)
    return loss, dlogp * (1 + np.exp(-sign * beta * (logp - ref_logp - kl)))


@bug("kto", preferences, "kto")
def reference_point_moves_along(logp, *, ref_logp, kl, **options):
    """A gradient through kl, as if it were the mean of these log-ratios."""
    loss, dlogp = right["kto"](logp, ref_logp=ref_logp, kl=kl, **options)
    return loss, dlogp - dlogp.mean()


@bug("simpo", preferences, "simpo")
def sums_for_means(chosen, rejected, chosen_lengths, rejected_lengths, **options):
    loss, dchosen, drejected = right["simpo"](chosen, rejected, chosen_lengths, rejected_lengths, **options)
    return loss, dchosen * chosen_lengths, drejected * rejected_lengths


@bug("simpo", preferences, "simpo")
def margin_times_beta(*answers, gamma, **options):
    return mixed("simpo", *answers, gamma=gamma, **options, changes={"gamma": 2 * gamma})


@bug("odds_ratio", preferences, "odds_ratio")
def probabilities_for_odds(chosen, rejected, chosen_lengths, rejected_lengths):
    loss, dchosen, drejected = right["odds_ratio"](chosen, rejected, chosen_lengths, rejected_lengths)
    rest_w, rest_l = (-np.expm1(x) for x in (chosen / chosen_lengths, rejected / rejected_lengths))
    return loss, dchosen * rest_w, drejected * rest_l


@bug("orpo", preferences, "orpo")
def likelihood_of_the_rejected_too(chosen, rejected, chosen_lengths, rejected_lengths, *, weight):
    loss, dchosen, drejected = right["orpo"](chosen, rejected, chosen_lengths, rejected_lengths, weight=weight)
    return loss, dchosen, drejected - 1 / rejected_lengths / len(rejected)


@bug("orpo", preferences, "orpo")
def weight_of_the_odds_forgotten(*answers, weight, **options):
    return mixed("orpo", *answers, weight=weight, **options, changes={"weight": 1})


# --- policy gradient ----------------------------------------------------------------------------------------------------------------------


@bug("reinforce", preferences, "reinforce")
def climbs_for_descends(logp, advantages):
    loss, dlogp = right["reinforce"](logp, advantages)
    return loss, -dlogp


@bug("ppo", preferences, "ppo")
def never_clipped(logp, old_logp, advantages, scored, *, clip=0.2):
    return mixed("ppo", logp, old_logp, advantages, scored, clip=clip, changes={"clip": 1e9})


@bug("ppo", preferences, "ppo")
def clipped_whatever_the_advantage(logp, old_logp, advantages, scored, *, clip=0.2):
    loss, _ = right["ppo"](logp, old_logp, advantages, scored, clip=clip)
    ratio = np.exp(logp - old_logp)
    inside = np.abs(ratio - 1) <= clip
    return loss, scored / -scored.sum() * inside * ratio * advantages


@bug("ppo", preferences, "ppo")
def ratio_not_in_the_gradient(logp, old_logp, advantages, scored, *, clip=0.2):
    loss, dlogp = right["ppo"](logp, old_logp, advantages, scored, clip=clip)
    return loss, dlogp / np.exp(logp - old_logp)


@bug("clipped_value_loss", preferences, "clipped_value_loss")
def values_never_clipped(values, old_values, returns, scored):
    return mixed("clipped_value_loss", values, old_values, returns, scored, changes={"clip": 1e9})


@bug("clipped_value_loss", preferences, "clipped_value_loss")
def stopped_wherever_clipped(values, old_values, returns, scored):
    loss, dvalues = right["clipped_value_loss"](values, old_values, returns, scored)
    return loss, np.where(np.abs(values - old_values) > 0.2, 0, dvalues)


@bug("grpo", preferences, "grpo")
def mean_over_all_tokens(logp, old_logp, ref_logp, advantages, scored, **options):
    loss, dlogp = right["grpo"](logp, old_logp, ref_logp, advantages, scored, **options)
    return loss, dlogp * scored.sum(1, keepdims=True) * len(logp) / scored.sum()


@bug("grpo", preferences, "grpo")
def penalty_without_gradient(logp, old_logp, ref_logp, advantages, scored, *, beta):
    return mixed("grpo", logp, old_logp, ref_logp, advantages, scored, beta=beta, changes={"beta": 0})


@bug("k1", preferences, "k1")
def derivative_of_the_other_direction(logp, ref_logp):
    value, derivative = right["k1"](logp, ref_logp)
    return value, -derivative


@bug("k2", preferences, "k2")
def half_left_in_the_derivative(logp, ref_logp):
    value, derivative = right["k2"](logp, ref_logp)
    return value, derivative / 2


@bug("k3", preferences, "k3")
def derivative_of_k2(logp, ref_logp):
    return right["k3"](logp, ref_logp)[0], right["k2"](logp, ref_logp)[1]


# --- from the logits on -------------------------------------------------------------------------------------------------------------------

policy, policy_backward = preference_cases.dpo_policy, preference_cases.dpo_policy_backward
sequence_logp_backward = ops.sequence_logp_backward


@bug("dpo:policy", preference_cases, "dpo_policy")
def reference_gradient_not_stopped(logits, targets, reference):
    """The reference is the model itself and learns along: nothing changes, and the loss stays ln 2."""
    return policy(logits, targets, logits)[0], policy(logits, targets, reference)[1]


@bug("dpo:policy", preference_cases, "dpo_policy")
def padding_taken_for_the_answer(logits, targets, reference):
    padded = np.where((targets == IGNORE) & (np.cumsum(targets != IGNORE, axis=1) > 0), 0, targets)
    return policy(logits, padded, reference)[0], policy(logits, targets, reference)[1]


@bug("dpo:policy", preference_cases, "dpo_policy_backward")
def chosen_and_rejected_swapped(dloss, saved):
    logp, dchosen, drejected = saved
    return policy_backward(dloss, (logp, drejected, dchosen))


@bug("dpo:policy", ops, "sequence_logp_backward")
def rejected_answers_left_alone(dlogp, saved):
    half = len(dlogp) // 2
    return sequence_logp_backward(np.where(np.arange(len(dlogp)) < half, dlogp, 0), saved)
