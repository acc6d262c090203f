"""Exercises of lesson 18: steer it.

Write what is missing, then: python -m minillm check 18
"""

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x). (Given.)"""
    return 1 / (1 + np.exp(-x))


def ranking_loss(rewards: np.ndarray) -> tuple[float, np.ndarray]:
    """A person has ranked K answers to a prompt: their rewards (K,), the best answer's first -> loss, and its derivative drewards (K,).

    Every two of them are a pair, of which the one that stands first is better: K (K - 1)/2 pairs.

        loss = mean over the pairs of -ln σ(r_better - r_worse)

    For example two equal rewards [0, 0] are one pair: loss 0.693, drewards [-0.5, 0.5].

    Difficulty 4/5, about 20 minutes. Not in the lesson.
    """
    # solution
    difference = rewards[:, None] - rewards  # [i, j]: r_i - r_j
    is_pair = np.triu(np.ones(difference.shape, bool), 1)  # i stands in front of j
    pull = np.where(is_pair, -sigmoid(-difference), 0) / is_pair.sum()
    return -np.log(sigmoid(difference[is_pair])).mean(), pull.sum(axis=1) - pull.sum(axis=0)
    # end


def dpo_loss(
    chosen: np.ndarray,
    rejected: np.ndarray,
    ref_chosen: np.ndarray,
    ref_rejected: np.ndarray,
    beta: float,
    wrong: float,
) -> tuple[float, np.ndarray, np.ndarray]:
    """cDPO: log-probabilities of whole answers under the model and under the reference, (B,) each -> loss, dchosen, drejected (B,).

        h = (ln p - ln q of the chosen answer) - (ln p - ln q of the rejected one)
        loss = mean of -(1 - wrong) ln σ(β h) - wrong ln σ(-β h)

    p is the model, q the reference. Only `chosen` and `rejected` have a derivative: the reference is a constant. `wrong` is the share of
    the labels that are thought to be the wrong way round; with 0 this is DPO.

    Difficulty 3/5, about 15 minutes. The derivative is not in the lesson.
    """
    # solution
    h = (chosen - ref_chosen) - (rejected - ref_rejected)
    losses = -(1 - wrong) * np.log(sigmoid(beta * h)) - wrong * np.log(sigmoid(-beta * h))
    slope = beta * (wrong * sigmoid(beta * h) - (1 - wrong) * sigmoid(-beta * h)) / len(h)
    return losses.mean(), slope, -slope
    # end


CHANGES = (
    "beta twice as large",
    "every pair twice",
    "all labels turned round",
    "half of the labels wrong",
    "no label wrong",
    "no label wrong, and beta ten times as large",
    "the reference likes the chosen answer more",
)


def predict(change: str) -> str:
    """Predict, then run: DPO (`wrong` = 0) learns from many pairs of the same two answers, a quarter of them labelled the wrong way round.

    It comes to rest at some margin h. What does a change do to it? The changes are those in CHANGES. The answer is one of
        "same"     h comes to rest where it did
        "half"     at half of it
        "turned"   at minus that
        "zero"     at 0
        "endless"  it never comes to rest: h grows and grows
    Write down all seven before you run anything. Then run this file: it tries them with your `dpo_loss`, and shows what happens.

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    return {
        "beta twice as large": "half",
        "every pair twice": "same",
        "all labels turned round": "turned",
        "half of the labels wrong": "zero",
        "no label wrong": "endless",
        "no label wrong, and beta ten times as large": "endless",
        "the reference likes the chosen answer more": "same",
    }[change]
    # end


def try_out(change: str) -> str:
    """What really happens: one of the five answers."""

    def rest(wrong: int = 1, pairs: int = 4, beta: float = 0.1, reference: float = 0.0, turned: bool = False) -> float:
        """Where h comes to rest, found by halving an interval: the slope of the loss along h is negative before, and positive behind."""
        right = (np.arange(pairs) >= wrong) != turned
        low, high = -500.0, 500.0
        for _ in range(60):
            h = (low + high) / 2
            # one of the two answers is at h, beside the reference; the other at 0, of both models
            ours, theirs = np.full(pairs, h + reference), np.full(pairs, reference)
            chosen, rejected = np.where(right, ours, 0), np.where(right, 0, ours)
            ref_chosen, ref_rejected = np.where(right, theirs, 0), np.where(right, 0, theirs)
            _, dchosen, drejected = dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta, 0.0)
            low, high = (h, high) if np.where(right, dchosen, drejected).sum() < 0 else (low, h)
        return h

    before = rest()
    after = {
        "beta twice as large": lambda: rest(beta=0.2),
        "every pair twice": lambda: rest(wrong=2, pairs=8),
        "all labels turned round": lambda: rest(turned=True),
        "half of the labels wrong": lambda: rest(wrong=2),
        "no label wrong": lambda: rest(wrong=0),
        "no label wrong, and beta ten times as large": lambda: rest(wrong=0, beta=1.0),
        "the reference likes the chosen answer more": lambda: rest(reference=3.0),
    }[change]()
    wheres = {"same": before, "half": before / 2, "turned": -before, "zero": 0.0}
    return next((name for name, h in wheres.items() if abs(after - h) < 1e-3), "endless" if after > 100 else "other")


if __name__ == "__main__":
    for change in CHANGES:
        print(f"{change:<45} you: {predict(change):<8} it is: {try_out(change)}")
