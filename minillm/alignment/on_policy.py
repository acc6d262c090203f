"""Learning from rewards of the model's own answers: REINFORCE, PPO and GRPO on a GPT.

An answer is what the model writes after a prompt, up to and with the first token that ends a line, at temperature 1: the log-probabilities
are then those of what was sampled. All three methods minimise their own loss plus `kl_weight` times KL(model ‖ reference), exact at every
token; Ouyang et al. 2022 put an estimate of it into the rewards instead.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minillm.alignment.pairs import Answers, answers_of
from minillm.backend import Array, array_module, to_host
from minillm.errors import InputError
from minillm.generation import continuation, generate_batch
from minillm.models import GPT, GPTWithValue, finite_on_host
from minillm.objectives import Objective
from minillm.ops import IGNORE, kl_divergence, kl_divergence_backward, token_logp, token_logp_backward
from minillm.preferences import (
    Reward,
    clipped_value_loss,
    gae,
    group_advantages,
    grpo,
    leave_one_out,
    ppo,
    reinforce,
    whiten,
)
from minillm.text import Tokenizer
from minillm.text.control import segment_ends
from minillm.training import Trainer, TrainOptions, clip_grad_norm
from minillm.training.run import state_arrays
from minillm.training.trainer import MicroBatch, Stopped, forward_backward

METHODS = ("reinforce", "ppo", "grpo")
VALUE_WEIGHT = 0.5  # of PPO's value loss
EVALUATED = 128  # answers to an evaluation


def prompts_from(text: str, tokenizer: Tokenizer, length: int, most: int = 2000, seed: int = 0) -> np.ndarray:
    """The tokens before line ends of a text, up to and with them: prompts (N, length), after each of which a new line begins."""
    line_ends = segment_ends(tokenizer)
    if not line_ends.any():
        raise InputError(
            "The model's tokenizer knows no line ends, and after those its answers would begin.",
            "Align it with `pairs`, or use another model.",
        )
    ids = tokenizer.encode(text)
    ends = np.flatnonzero(line_ends[ids]) + 1
    ends = ends[ends >= length]
    if not len(ends):
        raise InputError(
            f"The text for the prompts has no line end after {length} tokens or more.",
            "Give a longer text: `prompts` FILE.",
        )
    chosen = np.random.default_rng((seed, 0xB)).permutation(len(ends))[:most]
    return ids[ends[chosen][:, None] - np.arange(length, 0, -1)].astype(np.int64)


class Rollout(NamedTuple):
    """Answers to prompts, and their rewards."""

    prompts: np.ndarray  # (B, P)
    answers: list[np.ndarray]
    rewards: np.ndarray  # (B,)


def roll_out(model: GPT, tokenizer: Tokenizer, prompts: np.ndarray, tokens: int, reward: Reward, seed: int) -> Rollout:
    """One answer of at most `tokens` tokens to each of the prompts (B, P), and what it is worth."""
    ends = segment_ends(tokenizer)
    padding = range(tokenizer.vocab_size, model.config.vocab_size)
    answers = []
    for written in generate_batch(model, prompts, tokens, banned=padding, seed=seed):
        ids = np.array(written, np.int64)
        first = np.flatnonzero(ends[ids])
        answers.append(ids[: first[0] + 1] if len(first) else ids)
    return Rollout(prompts, answers, reward_answers(reward, tokenizer, prompts, answers))


def reward_answers(
    reward: Reward, tokenizer: Tokenizer, prompts: Sequence[np.ndarray], answers: Sequence[np.ndarray]
) -> np.ndarray:
    """Of each answer: for a whole reward that of prompt and answer, else that of the line that the answer ends, without the line's end."""
    texts = [tokenizer.decode(np.concatenate(both), special=False) for both in zip(prompts, answers, strict=True)]
    if not reward.whole:
        texts = [text.removesuffix("\n").rsplit("\n", 1)[-1] for text in texts]
    return reward(texts)


class PolicyBatch(NamedTuple):
    """B answers with their prompts, each array (B, T). Values and returns are PPO's, and zeros for the others."""

    ids: np.ndarray
    old_logp: np.ndarray  # of the targets, when they were sampled
    advantages: np.ndarray
    old_values: np.ndarray
    returns: np.ndarray
    targets: np.ndarray


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
        chosen = self.prompts[rng.integers(len(self.prompts), size=size // self.group)].repeat(self.group, axis=0)
        rollout = self.roll_out(chosen, int(rng.integers(2**62)))
        ids, targets = answers_of(rollout.prompts, rollout.answers)
        scored = targets != IGNORE
        values = None
        if isinstance(self.model, GPTWithValue):
            (logits, values), _ = self.model.forward(ids)
            values = np.where(scored, to_host(values), 0)
        else:
            logits, _ = self.model.forward(ids)
        old_logp = to_host(token_logp(logits, array_module(logits).asarray(targets))[0])
        advantages, returns = self._advantages(rollout.rewards, values, scored)
        dtype = old_logp.dtype
        nothing = np.zeros(ids.shape, dtype)
        return PolicyBatch(
            ids,
            old_logp,
            advantages.astype(dtype),
            nothing if values is None else values,
            nothing if returns is None else returns.astype(dtype),
            targets,
        )

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


class PolicySaved(NamedTuple):
    model: Any
    logp: Any
    dlogp: Array
    dvalues: Array | None
    kl: Any
    dkl: Array


def policy_loss(
    model: GPT | GPTWithValue,
    ids: np.ndarray,
    old_logp: np.ndarray,
    advantages: np.ndarray,
    old_values: np.ndarray,
    returns: np.ndarray,
    targets: np.ndarray,
    rng=None,
    label_smoothing=0.0,
    *,
    reference: GPT,
    loss_of: Callable,
    kl_weight: float,
) -> tuple[Array, PolicySaved]:
    """`loss_of(logp, old_logp, advantages, scored)` + kl_weight · mean over the answers' tokens of KL(model ‖ reference), and for a
    model with values VALUE_WEIGHT times their clipped loss. All arrays (B, T), on the host, as `PolicyData` has them.
    """
    xp = model.vector.device.xp
    scored = xp.asarray(targets != IGNORE)
    valued = isinstance(model, GPTWithValue)
    outputs, sm = model.forward(ids, rng=rng)
    logits, values = outputs if valued else (outputs, None)
    logp, sl = token_logp(logits, xp.asarray(targets))
    loss, dlogp = loss_of(logp, xp.asarray(old_logp), xp.asarray(advantages), scored)
    kl, sk = kl_divergence(logits, reference.forward(ids)[0])
    dkl = kl_weight * scored.astype(logp.dtype) / scored.sum().astype(logp.dtype)
    loss, dvalues = loss + (dkl * kl).sum(), None
    if valued:
        value, dvalues = clipped_value_loss(values, xp.asarray(old_values), xp.asarray(returns), scored)
        loss, dvalues = loss + VALUE_WEIGHT * value, VALUE_WEIGHT * dvalues
    return loss, PolicySaved(sm, sl, dlogp, dvalues, sk, dkl)


def policy_loss_backward(model: GPT | GPTWithValue, dloss: float, saved: PolicySaved) -> None:
    """Adds dloss times the loss's gradient to every parameter's gradient. Nothing flows into the reference, or into what was sampled."""
    dkl, dlogp = dloss * saved.dkl, dloss * saved.dlogp  # loss = loss_of(logp) + Σ dkl · kl
    dlogits = kl_divergence_backward(dkl, saved.kl)  # kl = kl_divergence(logits, reference)
    dlogits = dlogits + token_logp_backward(dlogp, saved.logp)  # logp = token_logp(logits, targets)
    if saved.dvalues is None:
        model.backward(dlogits, saved.model)  # logits = model(ids)
    else:
        model.backward(dlogits, dloss * saved.dvalues, saved.model)  # logits, values = model(ids)


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
    loss = partial(policy_loss, reference=reference, loss_of=LOSSES[method], kl_weight=kl_weight)
    return Objective(loss, policy_loss_backward)


class PolicyReport(NamedTuple):
    """What a policy does with held-out prompts, means over its answers."""

    reward: float
    kl: float  # of whole answers, in nats: the sum over their tokens
    length: float  # tokens of an answer
    sample: str


def evaluate_policy(model: GPT, reference: GPT, data: PolicyData, seed: int = 0, most: int = EVALUATED) -> PolicyReport:
    """Answers to held-out prompts, the same chances every time."""
    prompts = np.resize(data.held_out, (most, data.held_out.shape[1]))
    rollout = data.roll_out(prompts, seed)
    answers: Answers = answers_of(rollout.prompts, rollout.answers)
    kl = kl_divergence(model.forward(answers.ids)[0], reference.forward(answers.ids)[0])[0]
    kl = finite_on_host(kl, "divergences from the reference")
    total = np.where(answers.targets != IGNORE, kl, 0).sum(axis=1).mean()
    sample = continuation(data.tokenizer, rollout.prompts[0], rollout.answers[0], special=False)
    return PolicyReport(float(rollout.rewards.mean()), float(total), float(answers.lengths().mean()), sample)


def check_groups(batch: int, group: int) -> None:
    """Raise InputError unless so many answers are groups of answers to one prompt each."""
    if batch % group:
        raise InputError(
            f"A batch of {batch} answers does not fall into groups of {group}.",
            f"Try `batch` {math.ceil(batch / group) * group}.",
        )


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

    def gradient(self, step: int) -> Array:
        """A round without updates, from which the plan is made."""
        return self._pass(self._round(step), step)

    def update(self, step: int, lr: float, stop: Callable[[], bool]) -> tuple[Array, Array]:
        batch = self._round(step)
        before = [array.copy() for array in state_arrays(self).values()] if self.updates > 1 else []
        for number in range(self.updates):
            if number and stop():
                for array, kept in zip(state_arrays(self).values(), before, strict=True):
                    array[...] = kept
                self.optimizer.steps = step * self.updates
                raise Stopped
            loss = self._pass(batch, step)
            norm = clip_grad_norm(self.model.vector, self.options.clip or math.inf)
            self.optimizer.step(lr)
        return loss, norm

    def _round(self, step: int) -> tuple[np.ndarray, ...]:
        return self.data.batch(np.random.default_rng((self.options.seed, step)), self.options.batch)

    def _pass(self, batch: tuple[np.ndarray, ...], step: int) -> Array:
        return forward_backward(self.model, self.objective, [MicroBatch(batch, 1.0, (self.options.seed, step))], 0.0)

    def evaluate(self, stop: Callable[[], bool] = lambda: False) -> float:
        body = self.model.body
        self.report = evaluate_policy(body, self.reference, self.data, self.options.seed)
        return -self.report.reward + self.kl_weight * self.report.kl / self.report.length

    def over_budget(self) -> bool:
        return self.report is not None and self.report.kl > self.kl_budget

    def finished(self) -> bool:
        return super().finished() or self.over_budget()

    def _evaluated(self, loss: float):
        return super()._evaluated(math.nextafter(self.best_loss, math.inf) if self.over_budget() else loss)
