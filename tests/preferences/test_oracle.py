"""Every loss and gradient against figures that were computed with other people's code (Korbak et al.'s, DPO's authors', `trl`'s)."""

import numpy as np
import pytest

from minillm import ops, preferences
from minillm.preferences.pretraining import advantage_weights, weighted_mle
from tests.preferences.oracle import read_oracle


@pytest.fixture
def oracle():
    return read_oracle()


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


def dpo_without_reference(chosen, rejected, ref_chosen, ref_rejected):
    return preferences.dpo(chosen, rejected, 0 * ref_chosen, 0 * ref_rejected)


PAIRWISE = {  # the oracle's name -> ours, and whether it takes the reference, the lengths
    "dpo_beta0.1": (preferences.dpo, {}, True, False),
    "cdpo_beta0.1_eps0.1": (preferences.dpo, {"label_smoothing": 0.1}, True, False),
    "dpo_reference_free": (dpo_without_reference, {}, True, False),
    "robust_beta0.1_eps0.1(TRL)": (preferences.robust_dpo, {"flipped": 0.1}, True, False),
    "hinge_beta0.1(TRL)": (preferences.hinge, {}, True, False),
    "ipo_sum_tau0.1": (preferences.ipo, {"tau": 0.1}, True, False),
    "ipo_lenavg_tau0.1(TRL)": (preferences.ipo, {"tau": 0.1}, True, True),
    "simpo_beta2_gamma1": (preferences.simpo, {"beta": 2, "gamma": 1}, False, True),
    "bradley_terry(policy_* read as scalar rewards)": (preferences.bradley_terry, {}, False, False),
    "bradley_terry_margin0.5_center0.01": (
        preferences.bradley_terry,
        {"margin": 0.5, "centering": 0.01},
        False,
        False,
    ),
}
OTHERS = {
    "kto_beta0.1_kl0.3(TRL: cat[chosen,rejected])",
    "orpo_OR_term_only_lambda0.1(len-avg logps; add NLL of chosen)",
}


def arguments(inputs, rows, reference, lengths):
    names = ["policy_chosen", "policy_rejected"] + ["ref_chosen", "ref_rejected"] * reference
    given = {"chosen_lengths": inputs["len_chosen"][rows], "rejected_lengths": inputs["len_rejected"][rows]}
    return [inputs[name][rows] for name in names], given if lengths else {}


def test_none_of_the_pairwise_losses_is_left_out(oracle):
    assert set(oracle["pairwise"]["results"]) == {*PAIRWISE, *OTHERS}


@pytest.mark.parametrize("name", PAIRWISE)
def test_pairwise_losses(oracle, name):
    loss_of, options, reference, lengths = PAIRWISE[name]
    expected, inputs = oracle["pairwise"]["results"][name], oracle["pairwise"]["inputs"]
    answers, sizes = arguments(inputs, slice(None), reference, lengths)
    loss, dchosen, drejected = loss_of(*answers, **sizes, **options)
    close(loss, expected["mean"])
    close(dchosen, expected["grad_chosen"])
    close(drejected, expected["grad_rejected"])
    for i, one in enumerate(expected["per_example"]):  # a batch of a single pair has its loss for a mean
        answers, sizes = arguments(inputs, slice(i, i + 1), reference, lengths)
        close(loss_of(*answers, **sizes, **options)[0], one)


def test_kto(oracle):
    expected = oracle["pairwise"]["results"]["kto_beta0.1_kl0.3(TRL: cat[chosen,rejected])"]
    inputs = oracle["pairwise"]["inputs"]
    logp = np.concatenate([inputs["policy_chosen"], inputs["policy_rejected"]])
    ref = np.concatenate([inputs["ref_chosen"], inputs["ref_rejected"]])
    desirable = np.arange(8) < 4
    loss, dlogp = preferences.kto(logp, ref, desirable, kl=0.3)
    close(loss, expected["mean"])
    close(dlogp, np.concatenate([expected["grad_chosen"], expected["grad_rejected"]]))
    each = [preferences.kto(logp[i : i + 1], ref[i : i + 1], desirable[i : i + 1], kl=0.3)[0] for i in range(8)]
    close(each, expected["per_example"])


def test_orpo(oracle):
    """The oracle has the term of the odds only; the rest of the loss is the mean of the better answers' own -log p a token."""
    expected = oracle["pairwise"]["results"]["orpo_OR_term_only_lambda0.1(len-avg logps; add NLL of chosen)"]
    inputs = oracle["pairwise"]["inputs"]
    answers, lengths = arguments(inputs, slice(None), False, True)
    loss, dchosen, drejected = preferences.odds_ratio(*answers, **lengths)
    close(0.1 * loss, expected["mean"])
    close(0.1 * dchosen, expected["grad_chosen"])
    close(0.1 * drejected, expected["grad_rejected"])
    whole, dwhole, drejected = preferences.orpo(*answers, **lengths, weight=0.1)
    close(whole, expected["mean"] - (inputs["policy_chosen"] / inputs["len_chosen"]).mean())
    close(dwhole, expected["grad_chosen"] - 1 / inputs["len_chosen"] / 4)
    close(drejected, expected["grad_rejected"])


def test_sequence_logp(oracle):
    """DPO's authors move the targets on by one inside; here the caller has done so."""
    case = oracle["sequence_logps"]
    targets = case["labels"][:, 1:]
    logp, _ = ops.sequence_logp(case["logits"][:, :-1], targets)
    close(logp, case["sum"])
    close(logp / (targets != ops.IGNORE).sum(1), case["mean"])


# --- while pretraining --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def phf(oracle):
    """The logits of one text, its targets, and its rewards and values moved on by one: those of the token to be predicted."""
    case = oracle["phf"]
    rewards, values = -case["token_scores_unshifted"][1:], case["values_unshifted"][:-1]
    logp, saved = ops.token_logp(case["logits"], case["labels"])
    return case["results"], logp, saved, np.ones(len(logp), bool), rewards, values


def check(expected, saved, loss, dlogp):
    close(loss, expected["loss"])
    close(ops.token_logp_backward(dlogp, saved), expected["grad_logits"])


def test_mle(phf):
    results, logp, saved, scored, _, _ = phf
    check(results["MLE"], saved, *preferences.mle(logp, scored))


@pytest.mark.parametrize("alpha", [1, 0.01])
def test_unlikelihood(phf, alpha):
    results, logp, saved, scored, rewards, _ = phf
    loss = preferences.unlikelihood(logp, scored, rewards, threshold=-0.1, alpha=alpha)
    check(results[f"Unlikelihood_thr0.1_alpha{alpha}"], saved, *loss)


def test_awr(phf):
    results, logp, saved, scored, rewards, values = phf
    expected = results["AWR_alpha0.5_beta0.1"]
    loss, dlogp, dvalues = preferences.awr(logp, values, scored, rewards, alpha=0.5, beta=0.1)
    check(expected, saved, loss, dlogp)
    close(dvalues, expected["grad_values"][:-1])


def test_rwr(phf):
    results, logp, saved, scored, rewards, values = phf
    paper = results["RWR_paper (AWR class, use_value_head=False, alpha=1, beta=10)"]
    check(paper, saved, *preferences.rwr(logp, scored, rewards, beta=10))
    with_values = weighted_mle(logp, scored, advantage_weights(rewards - values, 10))
    check(results["RWR_repo_default (use_value_head=True, alpha=1, beta=10)"], saved, *with_values)
    loss, dlogp, dvalues = preferences.awr(logp, values, scored, rewards, alpha=1, beta=10)
    check(results["RWR_repo_default (use_value_head=True, alpha=1, beta=10)"], saved, loss, dlogp)
    assert not dvalues.any()


# --- policy gradient ----------------------------------------------------------------------------------------------------------------------


def test_grpo(oracle):
    case = oracle["grpo_token"]
    names = ("logp", "logp_old", "logp_ref", "advantage")
    logp, old, ref, advantages = (case[name] for name in names)
    scored = case["mask"] == 1
    loss, dlogp = preferences.grpo(logp, old, ref, advantages, scored, clip=case["eps"], beta=case["beta_kl"])
    close(loss, case["loss"])
    close(dlogp, case["grad_logp"])
    close(preferences.k3(logp, ref)[0], case["per_token_k3"])
    # The same tokens, in the mean over all of them: PPO's loss. The first answer's gradients there are 3/5 : 3/6 of GRPO's.
    _, without = preferences.grpo(logp, old, ref, advantages, scored, clip=case["eps"], beta=0)
    _, tokens = preferences.ppo(logp, old, advantages[:, None] + 0 * logp, scored, clip=case["eps"])
    close(tokens[0], without[0] * 6 / 5)
    close(tokens[1], without[1] * 4 / 5)


def test_advantages(oracle):
    case = oracle["advantages"]
    for name, ours in {
        "grpo_std_ddof1_eps1e_4": preferences.group_advantages(case["rewards"], case["group"]),
        "dr_grpo": preferences.group_advantages(case["rewards"], case["group"], scale=False),
        "rloo": preferences.leave_one_out(case["rewards"], case["group"]),
    }.items():
        close(ours, case[name].ravel())


def test_gae(oracle):
    case = oracle["gae"]
    advantages, returns = preferences.gae(
        case["rewards"][None], case["values"][None], np.ones((1, 3), bool), gamma=case["gamma"], lam=case["lam"]
    )
    close(advantages[0], case["adv"])
    close(returns[0], case["returns"])


def test_clipped_value_loss(oracle):
    case = oracle["value_clip"]
    scored = np.ones(3, bool)
    loss, dvalues = preferences.clipped_value_loss(case["v"], case["v_old"], case["returns"], scored, clip=case["clip"])
    close(loss, case["loss"])
    close(dvalues, case["grad"])
