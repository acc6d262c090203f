"""What REINFORCE, PPO and GRPO minimise on a GPT: each its own loss, plus `kl_weight` times KL(model ‖ reference), exact at every token.

Ouyang et al. 2022 put an estimate of the KL into the rewards instead.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array, array_module
from minillm.models import GPT, GPTWithValue
from minillm.objectives import Objective
from minillm.ops import IGNORE, kl_divergence, kl_divergence_backward, token_logp, token_logp_backward
from minillm.preferences import clipped_value_loss, grpo, ppo, reinforce

VALUE_WEIGHT = 0.5  # of PPO's value loss


class PolicySaved(NamedTuple):
    model: Any
    logp: Any
    dlogp: Array
    dvalues: Array | None
    kl: Any
    dkl: Array


def policy_loss(
    model: GPT | GPTWithValue,
    *,
    inputs: np.ndarray,
    old_logp: np.ndarray,
    advantages: np.ndarray,
    old_values: np.ndarray,
    returns: np.ndarray,
    targets: np.ndarray,
    reference: GPT,
    loss_fn: Callable,
    kl_weight: float,
    rng=None,
    label_smoothing=0.0,
) -> tuple[Array, PolicySaved]:
    """`loss_fn(logp, old_logp, advantages, scored)` + kl_weight · mean over the answers' tokens of KL(model ‖ reference), and for a
    model with values VALUE_WEIGHT times their clipped loss. The arrays are those of a `PolicyBatch`, (B, T), on the host.
    """
    xp = model.vector.device.xp
    scored = xp.asarray(targets != IGNORE)
    valued = isinstance(model, GPTWithValue)
    outputs, sm = model.forward(inputs, rng=rng)
    logits, values = outputs if valued else (outputs, None)
    logp, sl = token_logp(logits, xp.asarray(targets))
    loss, dlogp = loss_fn(logp, xp.asarray(old_logp), xp.asarray(advantages), scored)
    kl, sk = kl_divergence(logits, reference.forward(inputs)[0])
    dkl = kl_weight * scored.astype(logp.dtype) / scored.sum().astype(logp.dtype)
    loss, dvalues = loss + (dkl * kl).sum(), None
    if valued:
        value, dvalues = clipped_value_loss(values, xp.asarray(old_values), xp.asarray(returns), scored)
        loss, dvalues = loss + VALUE_WEIGHT * value, VALUE_WEIGHT * dvalues
    return loss, PolicySaved(sm, sl, dlogp, dvalues, sk, dkl)


def policy_loss_backward(model: GPT | GPTWithValue, dloss: float, saved: PolicySaved) -> None:
    """Adds dloss times the loss's gradient to every parameter's gradient. Nothing flows into the reference, or into what was sampled."""
    dkl, dlogp = dloss * saved.dkl, dloss * saved.dlogp  # loss = loss_fn(logp) + Σ dkl · kl
    dlogits = kl_divergence_backward(dkl, saved.kl)  # kl = kl_divergence(logits, reference)
    dlogits = dlogits + token_logp_backward(dlogp, saved.logp)  # logp = token_logp(logits, targets)
    if saved.dvalues is None:
        model.backward(dlogits, saved.model)  # logits = model(inputs)
    else:
        model.backward(dlogits, dloss * saved.dvalues, saved.model)  # logits, values = model(inputs)


def reinforce_tokens(logp: Array, old_logp: Array, advantages: Array, scored: Array) -> tuple[Array, Array]:
    """`reinforce` of whole answers, of which every token has the advantage."""
    xp = array_module(logp)
    loss, slope = reinforce(xp.where(scored, logp, 0).sum(axis=1), _of_answers(advantages, scored))
    return loss, xp.where(scored, slope[:, None], 0)


def grpo_tokens(logp: Array, old_logp: Array, advantages: Array, scored: Array) -> tuple[Array, Array]:
    """`grpo` without its own estimate of the KL: the exact one is there already."""
    return grpo(logp, old_logp, old_logp, _of_answers(advantages, scored), scored, beta=0.0)


def _of_answers(advantages: Array, scored: Array) -> Array:
    """The one advantage that all tokens of an answer have, (B, T) -> (B,)."""
    return (advantages * scored).sum(axis=1) / scored.sum(axis=1).astype(advantages.dtype)


LOSSES = {"reinforce": reinforce_tokens, "ppo": ppo, "grpo": grpo_tokens}


def policy_objective(method: str, reference: GPT, kl_weight: float) -> Objective:
    loss = partial(policy_loss, reference=reference, loss_fn=LOSSES[method], kl_weight=kl_weight)
    return Objective(loss, policy_loss_backward)
