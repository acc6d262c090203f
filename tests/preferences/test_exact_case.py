"""One prompt, four answers, a table for a model: three ways to learn a preference must end at the same distribution, exactly.

π* ∝ π_ref exp(r/β) maximises E[r] - β KL(π ‖ π_ref). DPO, shown every pair as often as Bradley and Terry would label it, and the policy
gradient, with the expectation over all answers, have to find it without being told.
"""

from itertools import combinations

import numpy as np
import pytest

from minillm import ops, preferences

REWARDS, BETA = np.array([1.0, -0.5, 0.3, 2.0]), 0.7
REFERENCE = np.array([0.4, 1.1, -0.6, -1.2])  # logits
ANSWERS = np.arange(4)
PAIRS = np.array(list(combinations(ANSWERS, 2)))


def answers_logp(logits, answers):
    """log p of answers of one token each, all from the same table."""
    return ops.sequence_logp(np.broadcast_to(logits, (len(answers), 1, 4)), answers[:, None])


def normalised(logits):
    return ops.softmax(logits)[0]


def target():
    """π* ∝ π_ref exp(r/β), written down."""
    weights = normalised(REFERENCE) * np.exp(REWARDS / BETA)
    return weights / weights.sum()


def dpo_gradient(logits):
    wrong = 1 / (1 + np.exp(REWARDS[PAIRS[:, 0]] - REWARDS[PAIRS[:, 1]]))  # p(the second is chosen)
    chosen, saved_w = answers_logp(logits, PAIRS[:, 0])
    rejected, saved_l = answers_logp(logits, PAIRS[:, 1])
    reference = [answers_logp(REFERENCE, PAIRS[:, side])[0] for side in (0, 1)]
    _, dchosen, drejected = preferences.dpo(chosen, rejected, *reference, beta=BETA, label_smoothing=wrong)
    return (ops.sequence_logp_backward(dchosen, saved_w) + ops.sequence_logp_backward(drejected, saved_l)).sum((0, 1))


def penalty_in_the_reward(logits):
    """-∇ E[r - β (log π - log π_ref)], the penalty being a constant of the reward."""
    logp, saved = answers_logp(logits, ANSWERS)
    scores = REWARDS - BETA * preferences.k1(logp, answers_logp(REFERENCE, ANSWERS)[0])[0]
    expectation = len(ANSWERS) * np.exp(logp)  # `reinforce` means over the samples, and these are all there are
    _, dlogp = preferences.reinforce(logp, expectation * scores)
    return ops.sequence_logp_backward(dlogp, saved).sum((0, 1))


def exact_penalty(logits):
    """-∇ E[r] + β ∇ KL(π ‖ π_ref)."""
    logp, saved = answers_logp(logits, ANSWERS)
    _, dlogp = preferences.reinforce(logp, len(ANSWERS) * np.exp(logp) * REWARDS)
    kl, saved_kl = ops.kl_divergence(logits, REFERENCE)
    return ops.sequence_logp_backward(dlogp, saved).sum((0, 1)) + BETA * ops.kl_divergence_backward(
        np.ones_like(kl), saved_kl
    )


def newton(gradient, logits, steps=50):
    """Where the gradient is zero: Newton's method, the curvature by central differences. Logits may all be shifted alike, hence lstsq."""
    for _ in range(steps):
        moves = 1e-5 * np.eye(4)
        curvature = np.array([(gradient(logits + move) - gradient(logits - move)) / 2e-5 for move in moves])
        logits = logits - np.linalg.lstsq(curvature, gradient(logits), rcond=1e-8)[0]
        if np.abs(gradient(logits)).max() < 1e-13:
            break
    return logits


def natural_descent(gradient, logits, steps=50):
    """Descent with the distance between distributions for a measure: one step of 1/β would do if rounding were nothing."""
    for _ in range(steps):
        p = normalised(logits)
        logits = logits - np.linalg.lstsq(np.diag(p) - np.outer(p, p), gradient(logits), rcond=1e-8)[0] / BETA / 2
    return logits


def test_dpo_finds_it():
    found = normalised(newton(dpo_gradient, REFERENCE))
    np.testing.assert_allclose(found, target(), rtol=0, atol=1e-8)


@pytest.mark.parametrize("gradient", [penalty_in_the_reward, exact_penalty])
def test_the_policy_gradient_finds_it(gradient):
    found = normalised(natural_descent(gradient, REFERENCE))
    np.testing.assert_allclose(found, target(), rtol=0, atol=1e-8)


def test_the_gradients_vanish_there_and_not_at_the_reference():
    there = np.log(target())
    for gradient in (dpo_gradient, penalty_in_the_reward, exact_penalty):
        assert np.abs(gradient(there)).max() < 1e-12
        assert np.abs(gradient(REFERENCE)).max() > 1e-3


def test_both_penalties_are_one():
    """E[∇ of the penalised reward] = ∇ of the exact objective, wherever the model stands."""
    logits = np.random.default_rng(0).standard_normal(4)
    np.testing.assert_allclose(penalty_in_the_reward(logits), exact_penalty(logits), atol=1e-14)


def test_what_only_the_prompt_says_changes_nothing(monkeypatch):
    """Rewards that are all higher by the same amount are the same preference."""
    before = dpo_gradient(REFERENCE)
    monkeypatch.setattr(f"{__name__}.REWARDS", REWARDS + 5)
    np.testing.assert_allclose(dpo_gradient(REFERENCE), before, atol=1e-14)
