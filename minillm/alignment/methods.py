"""The methods of alignment, with the settings that suit them."""

import math
from typing import NamedTuple

from minillm.alignment.policy_data import check_groups
from minillm.alignment.policy_loss import LOSSES
from minillm.errors import InputError, check_known

COMMON = {"batch": 16, "warmup": 20, "schedule": "linear", "lr_floor": 0.0, "weight_decay": 0.0, "steps": 300}
POLICY = COMMON | {"batch": 64, "steps": 100, "warmup": 5, "workers": 1, "eval_every": 20, "log_every": 1}


class Method(NamedTuple):
    """What it is in words, the settings of its training, and those that not every method has."""

    summary: str
    settings: dict
    own: dict


SAMPLING = {"group": 8, "answer_tokens": 64, "prompt_tokens": 32, "kl_weight": 0.02, "kl_budget": math.inf}
METHODS = {
    "reward": Method("a reward model (Bradley-Terry)", COMMON | {"lr": 1e-3}, {}),
    "dpo": Method("DPO", COMMON | {"lr": 3e-4}, {"beta": 0.1, "label_smoothing": 0.0}),
    "robust": Method("robust DPO", COMMON | {"lr": 3e-4}, {"beta": 0.1, "label_smoothing": 0.1}),
    "hinge": Method("DPO with a hinge", COMMON | {"lr": 3e-4}, {"beta": 0.1}),
    "ipo": Method("IPO", COMMON | {"lr": 3e-4}, {"beta": 0.1}),
    "kto": Method("KTO", COMMON | {"lr": 3e-4}, {"beta": 0.1}),
    "orpo": Method("ORPO", COMMON | {"lr": 3e-4}, {"beta": 0.1}),
    "simpo": Method("SimPO", COMMON | {"lr": 3e-4}, {"beta": 2.0, "gamma": 1.0}),
    "reinforce": Method("REINFORCE, others' mean as baseline", POLICY | {"lr": 3e-4}, SAMPLING),
    "ppo": Method("PPO", POLICY | {"lr": 3e-4}, SAMPLING | {"updates": 4}),
    "grpo": Method("GRPO", POLICY | {"lr": 3e-4}, SAMPLING | {"updates": 2}),
}
ON_POLICY = tuple(LOSSES)  # the methods that learn from rewards of the model's own answers; the others learn from pairs
METHOD_SETTINGS = {name for method in METHODS.values() for name in method.own}  # those that not every method has
BOUNDS = {
    "beta": (lambda x: 0 < x < math.inf, "must be finite and above 0"),
    "gamma": (lambda x: 0 <= x < math.inf, "must be finite and 0 or more"),
    "label_smoothing": (lambda x: 0 <= x < 0.5, "must lie in [0, 0.5)"),
    "group": (lambda x: x >= 2, "must be at least 2"),
    "updates": (lambda x: x >= 1, "must be at least 1"),
    "answer_tokens": (lambda x: x >= 1, "must be at least 1"),
    "prompt_tokens": (lambda x: x >= 1, "must be at least 1"),
    "kl_weight": (lambda x: 0 <= x < math.inf, "must be finite and 0 or more"),
    "kl_budget": (lambda x: x > 0, "must be above 0"),
}


def method_for(method: str | None, *, pairs: object = None, reward: object = None, prompts: object = None) -> str:
    """The method, by default dpo or grpo, that learns from what there is; what is None is not there. InputError if it can't."""
    if pairs is not None and reward is not None:
        raise InputError("`pairs` has the answers, and `reward` scores the model's own.", "Leave one of them out.")
    if pairs is None and reward is None:
        raise InputError("There is nothing to learn from.", "Name `pairs` FILE, or `reward` FORM.")
    method = method or ("dpo" if reward is None else "grpo")
    check_known([method], METHODS, "method")
    if (method in ON_POLICY) != (reward is not None):
        source, remedy = ("a reward", "`reward` FORM") if method in ON_POLICY else ("pairs", "`pairs` FILE")
        raise InputError(f"The method {method} learns from {source}.", f"Name {remedy}.")
    if prompts is not None and method not in ON_POLICY:
        raise InputError(f"`prompts` means nothing to the method {method}.", "Leave it out: pairs have their prompts.")
    return method


def lengths_for(context: int) -> dict[str, int]:
    """Tokens of a prompt and of an answer: the usual ones, or a third and two thirds of a context that has no room for them."""
    prompt, answer = max(1, context // 3), max(1, context - context // 3)
    return {
        "prompt_tokens": min(SAMPLING["prompt_tokens"], prompt),
        "answer_tokens": min(SAMPLING["answer_tokens"], answer),
    }


def settings_for(method: str, named: dict, context: int) -> dict:
    """The method's settings for a model that sees `context` tokens, and over them what is `named`; InputError for one that can't be, or
    that means nothing to the method.
    """
    for name in named:
        if name in METHOD_SETTINGS and name not in METHODS[method].own:
            raise InputError(f"`{name}` means nothing to the method {method}.", "Leave it out.")
    if method in ON_POLICY:
        for name in ("workers", "accumulate"):
            if named.get(name, 1) != 1:
                raise InputError(
                    f"The method {method} works in one process, since the model writes its own batches.",
                    f"Leave `{name}` out.",
                )
    usual = METHODS[method].settings | METHODS[method].own
    settings = usual | (lengths_for(context) if method in ON_POLICY else {}) | named
    settings.setdefault("eval_every", max(1, settings["steps"] // 4))
    check_bounds(settings)
    if method in ON_POLICY:
        check_groups(settings["batch"], settings["group"])
    return settings


def check_bounds(settings: dict) -> None:
    """Raise InputError for one of METHOD_SETTINGS that can't be; None is one that is not set."""
    for name, (fits, must) in BOUNDS.items():
        if settings.get(name) is not None and not fits(settings[name]):
            raise InputError(f"`{name}` {must}, got {settings[name]}.", "Leave it out for the usual one.")


def beginning_loss(method: str, settings: dict) -> str:
    """The loss, of a method that learns from pairs, of a model that has learned nothing yet, in words."""
    if method in ("dpo", "robust"):
        return "ln 2 = 0.693"
    return {"hinge": "1", "kto": "1/2", "ipo": f"1/(2β)² = {1 / (2 * settings['beta']) ** 2:.3g}"}.get(
        method, "its own: there is no reference"
    )
