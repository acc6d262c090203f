"""Preferences: what people want of a text, as losses over log-probabilities, rewards, and measures of how well it is met.

    loss, dlogp = mle(logp, scored)                    loss, dchosen, drejected = dpo(chosen, rejected, ref_chosen, ref_rejected)

A loss takes log-probabilities (or rewards, or values), and returns its mean, a scalar, with its derivative with respect to each of them;
what is a constant of it has no derivative. `minillm.ops.token_logp` and `sequence_logp` make the log-probabilities from a model's logits,
and their backward functions take the derivatives from here: one backward pass for all objectives.
"""

from minillm.preferences.advantages import gae, group_advantages, leave_one_out, penalized_rewards, whiten
from minillm.preferences.bradley_terry import bradley_terry
from minillm.preferences.direct import dpo, hinge, ipo, kto, kto_kl, robust_dpo
from minillm.preferences.kl_estimators import k1, k2, k3
from minillm.preferences.metrics import best_of_n_kl, distinct_n, expected_maximum, mean_and_error, win_rate
from minillm.preferences.personal_information import find_personal_information
from minillm.preferences.policy_gradient import grpo, ppo, reinforce
from minillm.preferences.pretraining import awr, conditional, filtering, mle, rwr, unlikelihood
from minillm.preferences.python_style import style_violations
from minillm.preferences.reference_free import odds_ratio, orpo, simpo
from minillm.preferences.rewards import (
    Reward,
    absolute_form,
    length_reward,
    parse_reward,
    personal_reward,
    resumed_reward,
    style_reward,
    word_reward,
)
from minillm.preferences.steering import Steering, best_of_n
from minillm.preferences.values import clipped_value_loss, value_loss

__all__ = [
    "Reward",
    "Steering",
    "absolute_form",
    "awr",
    "best_of_n",
    "best_of_n_kl",
    "bradley_terry",
    "clipped_value_loss",
    "conditional",
    "distinct_n",
    "dpo",
    "expected_maximum",
    "filtering",
    "find_personal_information",
    "gae",
    "group_advantages",
    "grpo",
    "hinge",
    "ipo",
    "k1",
    "k2",
    "k3",
    "kto",
    "kto_kl",
    "leave_one_out",
    "length_reward",
    "mean_and_error",
    "mle",
    "odds_ratio",
    "orpo",
    "parse_reward",
    "penalized_rewards",
    "personal_reward",
    "ppo",
    "reinforce",
    "resumed_reward",
    "robust_dpo",
    "rwr",
    "simpo",
    "style_reward",
    "style_violations",
    "unlikelihood",
    "value_loss",
    "whiten",
    "win_rate",
    "word_reward",
]
