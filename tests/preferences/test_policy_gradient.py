"""Advantages, the policy gradient and the KL's estimates: by hand, and as expectations over everything that could be sampled."""

from itertools import product

import numpy as np
import pytest

from minillm import ops, preferences
from minillm.backend import to_host

YES = np.ones((1, 3), bool)


# --- advantages ---------------------------------------------------------------------------------------------------------------------------


def test_groups_by_hand():
    rewards = np.array([1.0, 2.0, 6.0, 5.0, 5.0, 5.0])
    np.testing.assert_allclose(preferences.leave_one_out(rewards, 3), [-3, -1.5, 4.5, 0, 0, 0])
    np.testing.assert_allclose(preferences.group_advantages(rewards, 3, scale=False), [-2, -1, 3, 0, 0, 0])
    deviation = np.sqrt(14 / 2)  # K - 1 = 2 below
    scaled = preferences.group_advantages(rewards, 3)
    np.testing.assert_allclose(scaled, np.array([-2, -1, 3, 0, 0, 0]) / (deviation + 1e-4))
    assert np.abs(preferences.group_advantages(rewards, 3, eps=1.0) - scaled).max() > 0.1


@pytest.mark.parametrize("group", [1, 4])
@pytest.mark.parametrize("advantages", [preferences.leave_one_out, preferences.group_advantages])
def test_groups_must_come_out_even(advantages, group):
    with pytest.raises(ValueError, match=rf"rewards \(6,\) don't fall into groups of {group}"):
        advantages(np.zeros(6), group)


def test_penalised_rewards_by_hand():
    logp, ref = np.array([[-1.0, -2.0, -3.0], [-1.0, -1.0, -1.0]]), np.array([[-2.0, -2.0, -1.0], [-3.0, 0.0, 7.0]])
    scored = np.array([[False, True, True], [True, True, False]])
    found = preferences.penalized_rewards(np.array([10.0, 20.0]), logp, ref, scored, beta=0.5)
    np.testing.assert_allclose(found, [[0, 0, 10 + 1], [-1, 20 + 0.5, 0]])


def test_gae_by_hand():
    """γ = 0.5, λ = 0.5: δ = 1 + 0.5·2 - 4, 0 + 0.5·8 - 2, 4 - 8."""
    rewards, values = np.array([[1.0, 0.0, 4.0]]), np.array([[4.0, 2.0, 8.0]])
    advantages, returns = preferences.gae(rewards, values, YES, gamma=0.5, lam=0.5)
    np.testing.assert_allclose(advantages, [[-2 + 0.25 * 1, 2 + 0.25 * -4, -4]])
    np.testing.assert_allclose(returns, advantages + values)


def test_the_ends_of_lambda():
    """λ = 1 believes in what came, λ = 0 in the next value."""
    rng = np.random.default_rng(0)
    rewards, values = rng.standard_normal((1, 3)), rng.standard_normal((1, 3))
    _, returns = preferences.gae(rewards, values, YES, gamma=1.0, lam=1.0)
    np.testing.assert_allclose(returns[0], rewards[0, ::-1].cumsum()[::-1])
    advantages, _ = preferences.gae(rewards, values, YES, gamma=1.0, lam=0.0)
    np.testing.assert_allclose(advantages, rewards + np.append(values[:, 1:], [[0]], axis=1) - values)


def test_what_is_not_scored_does_not_matter_to_gae():
    """Prompt in front, a reply of somebody else's in the middle, padding at the end."""
    rng = np.random.default_rng(0)
    scored = np.array([[False, True, True, False, True, False]])
    rewards, values = rng.standard_normal((1, 6)), rng.standard_normal((1, 6))
    dense, _ = preferences.gae(rewards[scored][None], values[scored][None], YES)
    found, returns = preferences.gae(np.where(scored, rewards, 99), np.where(scored, values, -77), scored)
    np.testing.assert_allclose(found[scored], dense[0])
    assert not found[~scored].any() and not returns[~scored].any()


def test_whiten_by_hand():
    """TRL's own case: of 1 2 3 4 only 2 and 3 are scored, with variance ½ (ddof = 1)."""
    scored = np.array([False, True, True, False])
    found = preferences.whiten(np.array([1.0, 2.0, 3.0, 4.0]), scored)
    np.testing.assert_allclose(found, [0, -np.sqrt(0.5), np.sqrt(0.5), 0], rtol=1e-7)


def test_whiten_has_mean_zero_and_variance_one_whatever_came_in():
    rng = np.random.default_rng(0)
    scored = rng.random((3, 5)) < 0.7
    found = preferences.whiten(7 + 3 * rng.standard_normal((3, 5)), scored)[scored]
    assert found.mean() == pytest.approx(0, abs=1e-12) and found.var(ddof=1) == pytest.approx(1, rel=1e-6)


def test_equal_advantages_are_zero_not_nan():
    np.testing.assert_array_equal(preferences.whiten(np.full((2, 3), 5.0), np.ones((2, 3), bool)), np.zeros((2, 3)))
    np.testing.assert_array_equal(preferences.group_advantages(np.full(6, 5.0), 3), np.zeros(6))


ADVANTAGES = {
    "leave_one_out": (np.arange(6.0) ** 2, 3),
    "group_advantages": (np.arange(6.0) ** 2, 3),
    "penalized_rewards": (np.array([3.0, 4.0]), np.full((2, 3), -1.0), np.full((2, 3), -1.5), np.eye(3)[:2] == 0),
    "gae": (np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3) ** 2, np.eye(3)[:2] == 0),
    "whiten": (np.arange(6.0).reshape(2, 3), np.eye(3)[:2] == 0),
    "kto_kl": (np.array([-1.0, -2.0]), np.array([-3.0, -1.0])),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ADVANTAGES)
def test_advantages_on_a_gpu_and_in_float32(name, dtype, device):
    options = {"beta": 0.1} if name == "penalized_rewards" else {}
    inputs = [x.astype(dtype) if np.asarray(x).dtype == np.float64 else x for x in ADVANTAGES[name]]
    there = [device.xp.asarray(x) if isinstance(x, np.ndarray) else x for x in inputs]
    expected, found = (getattr(preferences, name)(*given, **options) for given in (inputs, there))
    for ours, theirs in zip(*((x if isinstance(x, tuple) else (x,)) for x in (found, expected)), strict=True):
        assert isinstance(ours, device.xp.ndarray) and ours.dtype == theirs.dtype == dtype
        np.testing.assert_allclose(to_host(ours), theirs, rtol=1e-6)


# --- losses -------------------------------------------------------------------------------------------------------------------------------


def test_ppo_by_hand():
    """ρ = 1.5, 0.5, 1.1 with advantages of both signs and ε = 0.2: clipped only where it has gone far enough the wanted way."""
    logp = np.log([[1.5, 0.5, 1.1], [1.5, 0.5, 1.1]])
    advantages = np.array([[1.0, 1.0, 1.0], [-2.0, -2.0, -2.0]])
    scored = np.array([[True, True, True], [True, True, False]])
    loss, dlogp = preferences.ppo(logp, np.zeros_like(logp), advantages, scored)
    assert loss == pytest.approx(-(1.2 + 0.5 + 1.1 - 3 - 1.6) / 5)
    np.testing.assert_allclose(dlogp, -np.array([[0, 0.5, 1.1], [-3, 0, 0]]) / 5)


def test_the_clipped_value_loss_by_hand():
    """Errors of 1 and 2; kept within 0.5 of the old values they are 1.5, which counts and stands still, and 1.5, which doesn't count."""
    values, old, returns = np.array([2.0, 3.0, 9.0]), np.array([3.0, 2.0, 9.0]), np.array([1.0, 1.0, 0.0])
    scored = np.array([True, True, False])
    loss, dvalues = preferences.clipped_value_loss(values, old, returns, scored, clip=0.5)
    assert loss == pytest.approx((1.5**2 + 2**2) / 2 / 2)
    np.testing.assert_allclose(dvalues, [0, 2 / 2, 0])


@pytest.mark.parametrize("way", [1, -1])
def test_a_value_that_moves_by_less_than_the_clip_is_not_held_back(way):
    """Towards the return or away from it, up or down: the loss and gradient are those of a plain squared error."""
    one = np.ones(1)
    for returns in (way * one, -way * one):
        loss, dvalues = preferences.clipped_value_loss(way * 0.1 * one, 0 * one, returns, one > 0)
        error = way * 0.1 - returns[0]
        assert loss == pytest.approx(error**2 / 2) and dvalues == pytest.approx(error)


def test_at_the_old_model_ppo_and_grpo_are_reinforce():
    """The first step of each round: nothing is clipped, and ρ = 1."""
    rng = np.random.default_rng(0)
    logp, advantages, scored = -rng.random((4, 3)), rng.standard_normal(4), np.ones((4, 3), bool)
    _, dlogp = preferences.reinforce(logp.sum(1), advantages)
    spread = np.broadcast_to(dlogp[:, None] / 3, (4, 3))  # the mean over the tokens in place of their sum
    np.testing.assert_allclose(preferences.ppo(logp, logp, advantages[:, None], scored)[1], spread)
    np.testing.assert_allclose(preferences.grpo(logp, logp, logp, advantages, scored)[1], spread)


def test_grpo_means_over_each_answer_first():
    advantages, scored = np.array([1.0, 1.0]), np.array([[True, False, False], [True, True, True]])
    logp = np.zeros((2, 3))
    _, dlogp = preferences.grpo(logp, logp, logp, advantages, scored)
    np.testing.assert_allclose(dlogp, [[-1 / 2, 0, 0], [-1 / 6, -1 / 6, -1 / 6]])
    empty = np.array([[False, False, False], [True, True, True]])  # an answer without a token
    assert np.isfinite(preferences.grpo(logp, logp, logp, advantages, empty)[0])


# --- expectations -------------------------------------------------------------------------------------------------------------------------

LOGITS, OTHER = np.array([0.3, -1.0, 0.8, 0.0]), np.array([-0.5, 0.4, 0.2, 1.0])
P, Q = ops.softmax(LOGITS)[0], ops.softmax(OTHER)[0]
ALL = np.arange(4)


def gradient(answers, dlogp):
    """What these derivatives do to the logits that the answers were sampled from."""
    _, saved = ops.token_logp(np.broadcast_to(LOGITS, (len(answers), 4)), np.array(answers))
    return ops.token_logp_backward(np.asarray(dlogp), saved).sum(0)


def expected(dlogp):
    """The expectation, over one sample, of a derivative given for every possible answer."""
    return gradient(ALL, P * dlogp)


def kl_gradient(logits, reference):
    kl, saved = ops.kl_divergence(logits, reference)
    return ops.kl_divergence_backward(np.ones_like(kl), saved)


def test_the_others_mean_leaves_the_policy_gradient_unbiased():
    """Over all groups of 3 answers, each as likely as it is, the gradient is that of -E[r], whatever the baseline takes away."""
    rewards = np.array([1.0, -0.5, 0.3, 2.0])
    mean = np.zeros(4)
    for answers in product(ALL, repeat=3):
        advantages = preferences.leave_one_out(rewards[list(answers)], 3)
        _, dlogp = preferences.reinforce(np.log(P[list(answers)]), advantages)
        mean += P[list(answers)].prod() * gradient(answers, dlogp)
    np.testing.assert_allclose(mean, -P * (rewards - P @ rewards), atol=1e-14)


def test_estimates_of_the_kl_as_values():
    """TRL's figures, and the expectations: k1 and k3 are unbiased, k2 is not."""
    logp, ref = np.array([[0.5, 0.2, 0.1], [0.6, 0.2, 0.1]]), np.array([[0.4, 0.3, 0.0], [0.7, 0.1, 0.3]])
    np.testing.assert_allclose(preferences.k1(logp, ref)[0], [[0.1, -0.1, 0.1], [-0.1, 0.1, -0.2]])
    np.testing.assert_allclose(preferences.k2(logp, ref)[0], [[0.005, 0.005, 0.005], [0.005, 0.005, 0.02]])
    kl = ops.kl_divergence(LOGITS, OTHER)[0]
    assert P @ preferences.k1(np.log(P), np.log(Q))[0] == pytest.approx(kl)
    assert P @ preferences.k3(np.log(P), np.log(Q))[0] == pytest.approx(kl)
    assert (preferences.k3(np.log(P), np.log(Q))[0] > 0).all()
    assert abs(P @ preferences.k2(np.log(P), np.log(Q))[0] - kl) > 1e-3


def test_estimates_of_the_kl_as_losses():
    """k1's gradient is nothing, k2's is KL(p ‖ q)'s, and k3's is that of KL(q ‖ p)."""
    derivatives = [estimate(np.log(P), np.log(Q))[1] for estimate in (preferences.k1, preferences.k2, preferences.k3)]
    np.testing.assert_allclose(expected(derivatives[0]), 0, atol=1e-15)
    np.testing.assert_allclose(expected(derivatives[1]), kl_gradient(LOGITS, OTHER), atol=1e-15)
    np.testing.assert_allclose(expected(derivatives[2]), P - Q, atol=1e-15)  # ∇ KL(q ‖ p) = p - q


def test_k3_of_models_that_are_almost_the_same_keeps_its_digits():
    found, slope = preferences.k3(np.array([-1.0]), np.array([-1.0 + 1e-9]))
    assert slope == pytest.approx(-1e-9, rel=1e-6) and 0 <= found < 1e-15
