"""The trainer of a policy: rounds of answers and updates, evaluations on held-out prompts, and a budget for the KL to the reference."""

import dataclasses
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minillm.alignment.pairs import answers_of
from minillm.alignment.policy_data import PolicyBatch, PolicyData, Round, check_groups
from minillm.alignment.policy_loss import policy_objective
from minillm.backend import Array
from minillm.errors import InputError
from minillm.generation import continuation
from minillm.models import GPT, GPTWithValue, finite_on_host
from minillm.ops import IGNORE, kl_divergence
from minillm.training import Trainer, TrainOptions, clip_grad_norm
from minillm.training.ranks import OneRank
from minillm.training.run import state_arrays
from minillm.training.trainer import MicroBatch, Progress, Stopped, forward_backward
from minillm.units import count
from minillm.visible import visible

EVALUATED = 128  # answers to an evaluation


class PolicyReport(NamedTuple):
    """What a policy does with held-out prompts, means over its answers."""

    reward: float
    kl: float  # of whole answers, in nats: the sum over their tokens
    length: float  # tokens of an answer
    sample: str

    def describe(self) -> str:
        return (
            f"answers to held-out prompts: reward {self.reward:.3f}, KL {self.kl:.2f} nats an answer of {self.length:.0f} tokens; "
            f"one of them: {visible(self.sample.rstrip(chr(10)))}"
        )


def evaluate_policy(model: GPT, reference: GPT, data: PolicyData, seed: int = 0, most: int = EVALUATED) -> PolicyReport:
    """Answers to held-out prompts, the same chances every time."""
    prompts = np.resize(data.held_out, (most, data.held_out.shape[1]))
    rollout = data.roll_out(prompts, seed)
    answers = answers_of(rollout.prompts, rollout.answers)
    kl, _ = kl_divergence(model.forward(answers.inputs)[0], reference.forward(answers.inputs)[0])
    kl = finite_on_host(kl, "divergences from the reference")
    total = np.where(answers.targets != IGNORE, kl, 0).sum(axis=1).mean()
    sample = continuation(data.tokenizer, rollout.prompts[0], rollout.answers[0], special=False)
    return PolicyReport(float(rollout.rewards.mean()), float(total), float(answers.lengths().mean()), sample)


class PolicyTrainer(Trainer):
    """A step is a round: answers are sampled, and serve for `updates` updates of the weights. Everything random in round t is drawn from
    (seed, t) and from the weights as they are when it begins. So a round that is stopped between two updates is undone, and a run that went
    on is the run that never stopped.

    An evaluation measures -reward + kl_weight · KL a token on held-out prompts. Where the KL of whole answers is above `kl_budget` training
    ends, and what was best inside it is kept. One process does it all: the model writes its own batches.
    """

    def __init__(
        self,
        model: GPT | GPTWithValue,
        data: PolicyData,
        options: TrainOptions,
        method: str,
        reference: GPT,
        *,
        updates: int = 1,
        kl_weight: float = 0.0,
        kl_budget: float = math.inf,
    ):
        check_groups(options.batch, data.group)
        super().__init__(model, data, options, policy_objective(method, reference, kl_weight))
        self.updates, self.reference, self.kl_weight, self.kl_budget = updates, reference, kl_weight, kl_budget
        self.report: PolicyReport | None = None
        self.groups = self.groups_alike = 0  # since `describe_groups` was asked last
        self._rewards = np.zeros(0)  # of the last step's answers

    def join(self, ranks: OneRank) -> None:
        if ranks.size > 1:
            raise InputError(
                f"{ranks.size} ranks can't share this: the model writes its own batches.",
                "Start one process, without mpiexec.",
            )

    def gradient(self, step: int) -> Array:
        """A round without updates, from which the plan is made."""
        return self._pass(self._round(step).batch, step)

    def step(self, stop: Callable[[], bool] = lambda: False) -> Progress:
        """As every trainer's, and what the answers of this step got."""
        progress, alike = super().step(stop), self.data.alike(self._rewards)
        self.groups, self.groups_alike = self.groups + len(alike), self.groups_alike + int(alike.sum())
        if progress.loss is None:
            return progress
        return dataclasses.replace(
            progress, reward=float(self._rewards.mean()), frac_reward_zero_std=float(alike.mean())
        )

    def update(self, step: int, lr: float, stop: Callable[[], bool]) -> tuple[Array, Array]:
        batch, self._rewards = self._round(step)
        before = [array.copy() for array in state_arrays(self).values()] if self.updates > 1 else []
        for number in range(self.updates):
            if number and stop():
                for array, earlier in zip(state_arrays(self).values(), before, strict=True):
                    array[...] = earlier
                self.optimizer.steps = step * self.updates
                raise Stopped
            loss = self._pass(batch, step)
            norm = clip_grad_norm(self.model.vector, self.options.clip or math.inf)
            self.optimizer.step(lr)
        return loss, norm

    def _round(self, step: int) -> Round:
        return self.data.round(np.random.default_rng((self.options.seed, step)), self.options.batch)

    def _pass(self, batch: PolicyBatch, step: int) -> Array:
        share = MicroBatch(batch._asdict(), 1.0, (self.options.seed, step))
        return forward_backward(self.model, self.objective, [share], 0.0)

    def describe_groups(self) -> str | None:
        """How many of the groups since this was asked last taught nothing, in words; None if there were none. PPO's advantages are not of
        groups.
        """
        groups, alike, self.groups, self.groups_alike = self.groups, self.groups_alike, 0, 0
        if not alike or self.data.method == "ppo":
            return None
        return f"{alike:,} of {count(groups, 'group')} of answers to learn from had one and the same reward, and taught nothing"

    def evaluate(self, stop: Callable[[], bool] = lambda: False) -> float:
        body = self.model.body
        self.report = evaluate_policy(body, self.reference, self.data, self.options.seed)
        return -self.report.reward + self.kl_weight * self.report.kl / self.report.length

    def over_budget(self) -> bool:
        return self.report is not None and self.report.kl > self.kl_budget

    def finished(self) -> bool:
        return super().finished() or self.over_budget()

    def may_be_best(self) -> bool:
        return not self.over_budget()
