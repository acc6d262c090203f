"""A model of what people prefer: a GPT's body, and a single number at the last token of prompt and answer."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from minillm.alignment.pairs import TokenPairs
from minillm.backend import Array, array_module
from minillm.errors import InputError
from minillm.finetuning import new_classifier, padded
from minillm.models import GPT, SequenceClassifier, finite_on_host
from minillm.objectives import Objective, count_rows
from minillm.preferences import Reward, bradley_terry, parse_reward
from minillm.preferences.rewards import check_sha256
from minillm.text import Tokenizer
from minillm.training import load
from minillm.training.record import origin
from minillm.weights import find


def new_reward_model(body: GPT, *, seed: int = 0) -> SequenceClassifier:
    """On a copy of the body; the number begins as the work of a random head. Ouyang et al. 2022, section 3.5."""
    return new_classifier(body, 1, pooling="last", seed=seed)


class RewardBatch(NamedTuple):
    """B pairs, in the rows chosen and rejected."""

    inputs: np.ndarray  # (B, 2, T) int64
    mask: np.ndarray  # (B, 2, T) boolean, True = real token


class RewardData:
    """Pairs to train on, and held-out ones. Of a text longer than the `context` the end is read, as in `score_texts`."""

    def __init__(self, training: TokenPairs, held_out: TokenPairs, pad: int = 0, *, context: int | None = None):
        self.training, self.held_out, self.pad = training, held_out, pad
        self._end = slice(None if context is None else -context, None)

    def batch(self, rng: np.random.Generator, size: int) -> RewardBatch:
        return self._batch(self.training, rng.integers(len(self.training.prompts), size=size))

    def validation_batches(self, size: int) -> Iterator[RewardBatch]:
        for first in range(0, len(self.held_out.prompts), size):
            yield self._batch(self.held_out, np.arange(first, min(first + size, len(self.held_out.prompts))))

    def _batch(self, pairs: TokenPairs, rows: np.ndarray) -> RewardBatch:
        answers = (pairs.chosen, pairs.rejected)
        texts = [np.concatenate([pairs.prompts[i], answer[i]])[self._end] for i in rows for answer in answers]
        return RewardBatch(*(array.reshape(len(rows), 2, -1) for array in padded(texts, self.pad)))


class RewardSaved(NamedTuple):
    model: Any
    drewards: Array


def reward_model_loss(
    model: SequenceClassifier, inputs: np.ndarray, mask: np.ndarray, *, rng=None, label_smoothing=0.0
) -> tuple[Array, RewardSaved]:
    """Mean over B pairs of -log σ(r_chosen - r_rejected): inputs and mask (B, 2, T) on the host -> a scalar."""
    width = inputs.shape[-1]
    scores, sm = model.forward(inputs.reshape(-1, width), mask=mask.reshape(-1, width), rng=rng)
    rewards = scores.reshape(len(inputs), 2)
    loss, dchosen, drejected = bradley_terry(rewards[:, 0], rewards[:, 1])
    drewards = array_module(rewards).stack([dchosen, drejected], axis=1)
    return loss, RewardSaved(sm, drewards.reshape(scores.shape))


def reward_model_loss_backward(model: SequenceClassifier, dloss: float, saved: RewardSaved) -> None:
    model.backward(dloss * saved.drewards, saved.model)  # loss = bradley_terry(model(inputs))


REWARD_MODEL = Objective(reward_model_loss, reward_model_loss_backward, count=count_rows)


def score_texts(model: SequenceClassifier, texts: Sequence[np.ndarray], pad: int = 0, size: int = 64) -> np.ndarray:
    """The rewards of texts as arrays of ids, (N,). Of a text longer than the context, its end."""
    context, rewards = model.config.body.context, []
    for first in range(0, len(texts), size):
        ids, mask = padded([text[-context:] for text in texts[first : first + size]], pad)
        rewards.append(finite_on_host(model.forward(ids, mask=mask)[0])[:, 0])
    return np.concatenate(rewards).astype(np.float64)


def reward_accuracy(model: SequenceClassifier, pairs: TokenPairs) -> float:
    """How often the chosen answer gets the higher reward."""
    better, worse = (
        score_texts(model, [np.concatenate(both) for both in zip(pairs.prompts, rows, strict=True)])
        for rows in (pairs.chosen, pairs.rejected)
    )
    return float(((np.sign(better - worse) + 1) / 2).mean())


def load_reward_model(directory: str, sha256: str | None = None) -> Reward:
    """The reward model in a folder, as a reward of texts: whole ones, prompt and answer. InputError if its SHA-256 was another one."""
    model, tokenizer = load(directory)
    if not isinstance(model, SequenceClassifier) or model.config.classes != 1:
        raise InputError(
            f"{directory} holds {model.config.name}, which gives no reward.",
            "Make a reward model first: align `method` reward.",
        )
    content = model.vector.data.tobytes() + json.dumps([model.config.to_dict(), tokenizer.to_json()]).encode("utf-8")
    return reward_from_model(model, tokenizer, directory)._replace(sha256=check_sha256(directory, content, sha256))


def load_reward(form: str, *, trusted: bool, sha256: str | None = None) -> Reward:
    """As `parse_reward`, and of a folder the reward model in it."""
    if find(form).is_dir():
        return load_reward_model(origin(form), sha256)
    return parse_reward(form, trusted=trusted, sha256=sha256)


def reward_from_model(model: SequenceClassifier, tokenizer: Tokenizer, name: str = "the reward model") -> Reward:
    """A reward model as a reward of whole texts, prompt and answer."""

    def score(texts: Sequence[str]) -> np.ndarray:
        rows = (tokenizer.with_start_tokens(tokenizer.encode(text or "\n")) for text in texts)
        return score_texts(model, [ids.astype(np.int64) for ids in rows])

    return Reward(name, score, whole=True)
