"""The objectives of `minillm.preferences.pretraining` on a model, for the trainer.

What `mle`, `filtering` and `conditional` minimise is the loss of causal language modelling, on other text or with other tokens scored: see
`PreferenceCorpus`, whose targets that are not scored are IGNORE. The others weigh every token by its reward.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.models import GPT, GPTWithValue
from minillm.objectives import Objective, causal_lm
from minillm.objectives.causal import check_targets, prepare_causal
from minillm.ops import IGNORE, token_logp, token_logp_backward
from minillm.preferences.pretraining import awr, rwr, unlikelihood


class RewardedSaved(NamedTuple):
    model: Any
    logp: Any
    dlogp: Array
    dvalues: Array | None = None


def rewarded_lm(
    model: GPT,
    inputs: np.ndarray,
    rewards: np.ndarray,
    targets: np.ndarray,
    *,
    loss_fn: Callable,
    rng=None,
    label_smoothing=0.0,
) -> tuple[Array, RewardedSaved]:
    """`loss_fn(logp, scored, rewards)` of the targets' log-probabilities: inputs, rewards and targets (B, T) on the host -> a scalar.

    rewards are those of the segments that the targets belong to. Labels are not smoothed: there is no telling good from bad then.
    """
    check_targets(targets, inputs, model.config.vocab_size)
    xp = model.vector.device.xp
    logits, sm = model.forward(inputs, rng=rng)
    logp, sl = token_logp(logits, xp.asarray(targets))
    loss, dlogp = loss_fn(logp, xp.asarray(targets != IGNORE), xp.asarray(rewards))
    return loss, RewardedSaved(sm, sl, dlogp)


def rewarded_lm_backward(model: GPT, dloss: float, saved: RewardedSaved) -> None:
    """Adds dloss times the loss's gradient to every parameter's gradient."""
    dlogits = token_logp_backward(dloss * saved.dlogp, saved.logp)  # loss = loss_fn(token_logp(logits, targets))
    model.backward(dlogits, saved.model)  # logits = model(inputs)


def valued_lm(
    model: GPTWithValue,
    inputs: np.ndarray,
    rewards: np.ndarray,
    targets: np.ndarray,
    *,
    loss_fn: Callable,
    rng=None,
    label_smoothing=0.0,
) -> tuple[Array, RewardedSaved]:
    """As `rewarded_lm`, with `loss_fn(logp, values, scored, rewards)`: the values are those at the tokens before the targets."""
    check_targets(targets, inputs, model.config.vocab_size)
    xp = model.vector.device.xp
    (logits, values), sm = model.forward(inputs, rng=rng)
    logp, sl = token_logp(logits, xp.asarray(targets))
    loss, dlogp, dvalues = loss_fn(logp, values, xp.asarray(targets != IGNORE), xp.asarray(rewards))
    return loss, RewardedSaved(sm, sl, dlogp, dvalues)


def valued_lm_backward(model: GPTWithValue, dloss: float, saved: RewardedSaved) -> None:
    dlogp, dvalues = dloss * saved.dlogp, dloss * saved.dvalues  # loss = loss_fn(logp, values)
    dlogits = token_logp_backward(dlogp, saved.logp)  # logp = token_logp(logits, targets)
    model.backward(dlogits, dvalues, saved.model)  # logits, values = model(inputs)


def prepare_rewarded(
    model: GPT | GPTWithValue, inputs: np.ndarray, rewards: np.ndarray, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """See `Objective`."""
    return prepare_causal(model, inputs, targets) | {"rewards": rewards}


def body_lm(model: GPTWithValue, inputs: np.ndarray, targets: np.ndarray) -> tuple[Array, Any]:
    """How well the GPT in it knows a text."""
    return causal_lm(model.body, inputs, targets)


def unlikelihood_objective(*, threshold: float = 0.0, alpha: float = 1.0) -> Objective:
    loss_fn = partial(unlikelihood, threshold=threshold, alpha=alpha)
    return rewarded_objective(loss_fn)


def rwr_objective(*, beta: float = 1.0) -> Objective:
    return rewarded_objective(partial(rwr, beta=beta))


def rewarded_objective(loss_fn: Callable) -> Objective:
    forward = partial(rewarded_lm, loss_fn=loss_fn)
    return Objective(forward, rewarded_lm_backward, evaluate=causal_lm, prepare=prepare_rewarded)


def awr_objective(*, alpha: float = 0.5, beta: float = 1.0) -> Objective:
    loss_fn = partial(awr, alpha=alpha, beta=beta)
    forward = partial(valued_lm, loss_fn=loss_fn)
    return Objective(forward, valued_lm_backward, evaluate=body_lm, prepare=prepare_rewarded)
