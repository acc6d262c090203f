"""Gradient checks of the losses in `minillm.preferences`: alone, and on top of the op that turns logits into log-probabilities.

What a loss takes for a constant (a reference, an advantage, what a token was worth) goes into the options: it stands still.
"""

from functools import wraps

import numpy as np

from minillm import ops, preferences
from minillm.backend import array_module
from minillm.gradcheck.cases import PairCase, case
from minillm.ops import IGNORE
from minillm.preferences.pretraining import advantage_weights, weighted_mle

SCORED = np.array([[True, True, False, True, True], [False, True, True, True, False], [True, True, True, True, True]])


def loss_case(name: str, *inputs: np.ndarray, **options) -> PairCase:
    """A loss by its name in `minillm.preferences`, which is looked up when it is called."""

    @wraps(getattr(preferences, name))  # the tensors are called what the loss calls them
    def forward(*inputs, **options):
        loss, *derivatives = getattr(preferences, name)(*inputs, **options)
        return loss, derivatives

    return PairCase(forward, scaled, inputs, options)


def scaled(dloss, derivatives):
    return tuple(dloss * derivative for derivative in derivatives)


def token_logps(rng, *, spread=1.0):
    """Of B = 3 texts of T = 5 tokens."""
    return -np.abs(rng.normal(0.5, spread, SCORED.shape))


# --- while pretraining --------------------------------------------------------------------------------------------------------------------


@case("mle")
def _(rng):
    return loss_case("mle", token_logps(rng), scored=SCORED)


@case("filtering")
def _(rng):
    rewards = np.array([-0.2, -0.7, -0.1])
    return loss_case("filtering", token_logps(rng), scored=SCORED, document_rewards=rewards, threshold=-0.5)


@case("conditional")
def _(rng):
    control = np.arange(5) == np.array([[1], [3], [0]])
    return loss_case("conditional", token_logps(rng), scored=SCORED, control=control)


@case("unlikelihood")
def _(rng):
    rewards = -rng.random(SCORED.shape)
    return loss_case("unlikelihood", token_logps(rng), scored=SCORED, rewards=rewards, threshold=-0.5, alpha=0.7)


@case("rwr")
def _(rng):
    return loss_case("rwr", token_logps(rng), scored=SCORED, rewards=-rng.random(SCORED.shape), beta=0.3)


def awr_held(logp, values, scored, rewards, weights, alpha, beta):
    """AWR with weights that stand still, as they do for its gradient."""
    policy, _ = weighted_mle(logp, scored, weights)
    value, _ = preferences.value_loss(values, rewards, scored)
    derivatives = preferences.awr(logp, values, scored, rewards, alpha=alpha, beta=beta)[1:]
    return alpha * policy + (1 - alpha) * value, derivatives


@case("awr")
def _(rng):
    values, rewards = -rng.random(SCORED.shape), -rng.random(SCORED.shape)
    options = {"scored": SCORED, "rewards": rewards, "weights": advantage_weights(rewards - values, 0.4)}
    return PairCase(awr_held, scaled, (token_logps(rng), values), options | {"alpha": 0.3, "beta": 0.4})


@case("value_loss")
def _(rng):
    values, returns = rng.standard_normal(SCORED.shape), rng.standard_normal(SCORED.shape)
    return loss_case("value_loss", values, returns=returns, scored=SCORED)


# --- pairs of answers ---------------------------------------------------------------------------------------------------------------------


def pairs(rng):
    """log p of B = 5 pairs, and the constants of the reference, that differ by a few nats."""
    chosen, rejected = rng.normal(-20, 3, 5), rng.normal(-20, 3, 5)
    reference = {"ref_chosen": chosen + rng.normal(0, 4, 5), "ref_rejected": rejected + rng.normal(0, 4, 5)}
    return (chosen, rejected), reference


LENGTHS = {"chosen_lengths": np.array([3, 17, 6, 11, 9]), "rejected_lengths": np.array([8, 5, 13, 2, 9])}


@case("bradley_terry")
def _(rng):
    margin = rng.random(5)
    return loss_case("bradley_terry", rng.standard_normal(5), rng.standard_normal(5), margin=margin, centering=0.1)


@case("dpo")
def _(rng):
    answers, reference = pairs(rng)
    return loss_case("dpo", *answers, **reference, beta=0.3)


@case("dpo:conservative")
def _(rng):
    answers, reference = pairs(rng)
    return loss_case("dpo", *answers, **reference, beta=0.3, label_smoothing=0.2)


@case("robust_dpo")
def _(rng):
    answers, reference = pairs(rng)
    return loss_case("robust_dpo", *answers, **reference, beta=0.3, flipped=0.2)


@case("hinge")
def _(rng):
    answers, reference = pairs(rng)
    return loss_case("hinge", *answers, **reference, beta=0.3)


@case("ipo")
def _(rng):
    answers, reference = pairs(rng)
    return loss_case("ipo", *answers, **reference, tau=0.2)


@case("ipo:means")
def _(rng):
    answers, reference = pairs(rng)
    return loss_case("ipo", *answers, **reference, **LENGTHS, tau=0.2)


@case("kto")
def _(rng):
    (logp, _), reference = pairs(rng)
    desirable = np.array([True, False, False, True, False])
    options = {"kl": 0.7, "beta": 0.3, "desirable_weight": 1.3, "undesirable_weight": 0.8}
    return loss_case("kto", logp, ref_logp=reference["ref_chosen"], desirable=desirable, **options)


@case("simpo")
def _(rng):
    return loss_case("simpo", *pairs(rng)[0], **LENGTHS, gamma=0.7)


@case("odds_ratio")
def _(rng):
    return loss_case("odds_ratio", *pairs(rng)[0], **LENGTHS)


@case("orpo")
def _(rng):
    return loss_case("orpo", *pairs(rng)[0], **LENGTHS, weight=0.4)


# --- policy gradient ----------------------------------------------------------------------------------------------------------------------


@case("reinforce")
def _(rng):
    return loss_case("reinforce", rng.normal(-20, 3, 5), advantages=rng.standard_normal(5))


@case("ppo")
def _(rng):
    logp = token_logps(rng)  # old ones far enough away that some are clipped, with advantages of both signs
    options = {"old_logp": logp + rng.normal(0, 0.5, logp.shape), "advantages": rng.standard_normal(logp.shape)}
    return loss_case("ppo", logp, **options, scored=SCORED)


@case("clipped_value_loss")
def _(rng):
    values = rng.standard_normal(SCORED.shape)
    options = {"old_values": values + rng.normal(0, 0.3, values.shape), "returns": rng.standard_normal(values.shape)}
    return loss_case("clipped_value_loss", values, **options, scored=SCORED)


@case("grpo")
def _(rng):
    logp = token_logps(rng)
    options = {f"{name}_logp": logp + rng.normal(0, 0.5, logp.shape) for name in ("old", "ref")}
    return loss_case("grpo", logp, **options, advantages=rng.standard_normal(3), scored=SCORED, beta=0.3)


@case("k1")
def _(rng):
    return loss_case("k1", token_logps(rng), ref_logp=token_logps(rng))


@case("k2")
def _(rng):
    return loss_case("k2", token_logps(rng), ref_logp=token_logps(rng))


@case("k3")
def _(rng):
    return loss_case("k3", token_logps(rng), ref_logp=token_logps(rng))


# --- from the logits on -------------------------------------------------------------------------------------------------------------------

ANSWERS = np.array(  # two chosen answers, then two rejected ones: prompt, answer, padding
    [[IGNORE, IGNORE, 3, 6, 3], [IGNORE, 3, 1, IGNORE, IGNORE], [IGNORE, IGNORE, 2, 6, IGNORE], [IGNORE, 5, 5, 1, 0]]
)


def dpo_policy(logits, targets, reference):
    """logits (2B, T, V): the chosen answers, then the rejected ones; the reference's logits, a constant, likewise."""
    half = len(logits) // 2
    logp, saved = ops.sequence_logp(logits, targets)
    ref, _ = ops.sequence_logp(reference, targets)
    loss, dchosen, drejected = preferences.dpo(logp[:half], logp[half:], ref[:half], ref[half:], beta=0.3)
    return loss, (saved, dchosen, drejected)


def dpo_policy_backward(dloss, saved):
    logp, dchosen, drejected = saved
    return ops.sequence_logp_backward(dloss * array_module(dchosen).concatenate([dchosen, drejected]), logp)


@case("dpo:policy")
def _(rng):
    logits, reference = rng.normal(0, 2, (4, 5, 7)), rng.normal(0, 2, (4, 5, 7))
    return PairCase(dpo_policy, dpo_policy_backward, (logits,), {"targets": ANSWERS, "reference": reference})


def conditional_policy(logits, targets, control):
    """6 and 5 are the control tokens for good and bad: one in front of every segment."""
    logp, saved = ops.token_logp(logits, targets)
    loss, dlogp = preferences.conditional(logp, targets != IGNORE, control)
    return loss, (saved, dlogp)


def conditional_policy_backward(dloss, saved):
    logp, dlogp = saved
    return ops.token_logp_backward(dloss * dlogp, logp)


@case("conditional:policy")
def _(rng):
    targets = np.array([[6, 3, 0, 5, 1], [5, 2, 2, 6, IGNORE], [1, 4, 6, 0, 0]])
    options = {"targets": targets, "control": targets >= 5}
    return PairCase(conditional_policy, conditional_policy_backward, (rng.normal(0, 2, (3, 5, 7)),), options)
