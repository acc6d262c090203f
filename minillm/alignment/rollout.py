"""Rollouts: a model's own answers to prompts, and their rewards.

An answer is what the model writes after a prompt, up to and with the first token that ends a line, at temperature 1: the log-probabilities
are then those of what was sampled.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.generation import generate_batch
from minillm.models import GPT
from minillm.preferences import Reward
from minillm.text import Tokenizer
from minillm.text.control_tokens import segment_ends


def prompts_from(text: str, tokenizer: Tokenizer, length: int, most: int = 2000, seed: int = 0) -> np.ndarray:
    """The `length` tokens before line ends of a text, up to and with them, behind the tokenizer's `start_tokens`: prompts (N, T).

    After each of them a new line begins.
    """
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
    order = np.random.default_rng((seed, 0xB)).permutation(len(ends))[:most]
    prompts = ids[ends[order][:, None] - np.arange(length, 0, -1)].astype(np.int64)
    return np.array([tokenizer.with_start_tokens(prompt) for prompt in prompts])


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
