"""Steering by a reward, without training: at every token, or by choosing among whole texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from minillm.generation.processors import ban, log_probabilities
from minillm.generation.scoring import Scorer
from minillm.ops import softmax


@dataclass
class RewardGuidance:
    """log p(v) + w · r(text, v) for the `top_k` likeliest tokens v, and no other. Khanov et al. 2024 (ARGS), section 3.2.

    `reward` takes texts as arrays of ids, each with one of the tokens at its end, and returns a number for each; it is called once a
    token, for all texts and candidates together. w = 0 is top-k sampling. It never gets one of the `banned` tokens, for which there may be
    no text.
    """

    scorer: Scorer
    reward: Callable[[list[np.ndarray]], np.ndarray]
    weight: float
    top_k: int = 10
    banned: Sequence[int] = ()

    def next_scores(self, text: np.ndarray) -> np.ndarray:
        logp = log_probabilities(ban(self.scorer.next_scores(text), self.banned))
        possible = int((logp > -np.inf).sum(axis=-1).min())
        likeliest = np.argsort(-logp, axis=-1, kind="stable")[:, : min(self.top_k, possible)]
        candidates = [np.append(row, token) for row, tokens in zip(text, likeliest, strict=True) for token in tokens]
        rewards = np.asarray(self.reward(candidates), np.float64).reshape(likeliest.shape)
        scores = np.full_like(logp, -np.inf)
        steered = np.take_along_axis(logp, likeliest, axis=-1) + self.weight * rewards
        np.put_along_axis(scores, likeliest, steered, axis=-1)
        return scores

    def reorder(self, rows: np.ndarray) -> None:
        self.scorer.reorder(rows)


def soft_best_of_n(rewards: np.ndarray, temperature: float, rng: np.random.Generator) -> int:
    """One of n texts, text i with probability exp(r_i/λ) / Σ exp(r_j/λ): rewards (n,), λ = `temperature` >= 0 -> its number.

    λ = 0 is best-of-n. As n grows this samples from π* ∝ π exp(r/λ), what maximises E r - λ KL(· ‖ π): Verdun et al. 2025.
    """
    rewards = np.asarray(rewards, np.float64)
    if temperature == 0:
        return int(rewards.argmax())
    return int(rng.choice(len(rewards), p=softmax((rewards - rewards.max()) / temperature)[0]))
