"""What a policy learns from: batches of its own answers, with an advantage for each of their tokens."""

import math
from typing import NamedTuple

import numpy as np

from minillm.alignment.pairs import answers_of
from minillm.alignment.rollout import Rollout, roll_out
from minillm.backend import array_module, to_host
from minillm.errors import InputError
from minillm.models import GPT, GPTWithValue
from minillm.ops import IGNORE, token_logp
from minillm.preferences import Reward, gae, group_advantages, leave_one_out, whiten
from minillm.text import Tokenizer


class PolicyBatch(NamedTuple):
    """B answers with their prompts, each array (B, T). Values and returns are PPO's, and zeros for the others."""

    inputs: np.ndarray
    old_logp: np.ndarray  # of the targets, when they were sampled
    advantages: np.ndarray
    old_values: np.ndarray
    returns: np.ndarray
    targets: np.ndarray


class Round(NamedTuple):
    """A batch of answers, and their rewards (B,)."""

    batch: PolicyBatch
    rewards: np.ndarray


class PolicyData:
    """A batch of B: B/K prompts at random, and K answers to each, made anew by the model as it is then."""

    def __init__(
        self,
        model: GPT | GPTWithValue,
        tokenizer: Tokenizer,
        prompts: np.ndarray,
        reward: Reward,
        method: str,
        *,
        tokens: int = 64,
        group: int = 8,
    ):
        self.model, self.tokenizer, self.reward, self.method = model, tokenizer, reward, method
        held_out = max(1, len(prompts) // 10)
        self.prompts, self.held_out = prompts[held_out:], prompts[:held_out]
        self.tokens, self.group = tokens, group
        if len(self.prompts) < 1:
            raise InputError("There is a single prompt, and one is held out.", "Give two prompts or more.")

    def batch(self, rng: np.random.Generator, size: int) -> PolicyBatch:
        return self.round(rng, size).batch

    def round(self, rng: np.random.Generator, size: int) -> Round:
        prompts = self.prompts[rng.integers(len(self.prompts), size=size // self.group)].repeat(self.group, axis=0)
        rollout = self.roll_out(prompts, int(rng.integers(2**62)))
        inputs, targets = answers_of(rollout.prompts, rollout.answers)
        scored = targets != IGNORE
        values = None
        if isinstance(self.model, GPTWithValue):
            (logits, values), _ = self.model.forward(inputs)
            values = np.where(scored, to_host(values), 0)
        else:
            logits, _ = self.model.forward(inputs)
        old_logp = to_host(token_logp(logits, array_module(logits).asarray(targets))[0])
        advantages, returns = self._advantages(rollout.rewards, values, scored)
        dtype = old_logp.dtype
        zeros = np.zeros(inputs.shape, dtype)
        batch = PolicyBatch(
            inputs=inputs,
            old_logp=old_logp,
            advantages=advantages.astype(dtype),
            old_values=zeros if values is None else values,
            returns=zeros if returns is None else returns.astype(dtype),
            targets=targets,
        )
        return Round(batch, rollout.rewards)

    def alike(self, rewards: np.ndarray) -> np.ndarray:
        """Which groups of answers have one and the same reward, boolean (B/K,): for REINFORCE and GRPO their advantages are zero."""
        groups = rewards.reshape(-1, self.group)
        return (groups == groups[:, :1]).all(axis=1)

    def roll_out(self, prompts: np.ndarray, seed: int) -> Rollout:
        body = self.model.body
        return roll_out(body, self.tokenizer, prompts, self.tokens, self.reward, seed)

    def _advantages(self, rewards: np.ndarray, values: np.ndarray | None, scored: np.ndarray):
        """The advantages (B, T), and for PPO the returns (B, T), else None. No gradient flows through either."""
        if self.method == "reinforce":
            return scored * leave_one_out(rewards, self.group)[:, None], None
        if self.method == "grpo":
            return scored * group_advantages(rewards, self.group)[:, None], None
        last = scored & (scored.cumsum(axis=1) == scored.sum(axis=1, keepdims=True))
        advantages, returns = gae(np.where(last, rewards[:, None], 0.0), values.astype(np.float64), scored)
        return whiten(advantages, scored), returns


def check_groups(batch: int, group: int) -> None:
    """Raise InputError unless so many answers are groups of answers to one prompt each."""
    if batch % group:
        raise InputError(
            f"A batch of {batch} answers does not fall into groups of {group}.",
            f"Try `batch` {math.ceil(batch / group) * group}.",
        )
