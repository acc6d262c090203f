"""Exercises of lesson 18: steer it.

Write what is missing, then: python -m minillm check 18
"""

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x). (Given.)"""
    return 1 / (1 + np.exp(-x))


def reward_model_loss(chosen: np.ndarray, rejected: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """The model of Bradley and Terry: rewards of the better and the worse answers (B,) -> loss, dchosen, drejected (B,).

        loss = mean of -log σ(chosen - rejected)

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")


def dpo_loss(
    chosen: np.ndarray, rejected: np.ndarray, ref_chosen: np.ndarray, ref_rejected: np.ndarray, beta: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """DPO: log-probabilities of whole answers under the model and under the reference, (B,) each -> loss, dchosen, drejected (B,).

        h = (log p - log q of the chosen answer) - (log p - log q of the rejected one)        loss = mean of -log σ(β h)

    p is the model, q the reference. Only `chosen` and `rejected` have a derivative: the reference is a constant.

    Difficulty 3/5, about 15 minutes.
    """
    raise NotImplementedError("not written yet")


def group_advantages(rewards: np.ndarray, group: int) -> np.ndarray:
    """GRPO's advantages: rewards (B,), every `group` in a row of one prompt -> advantages (B,).

    Each reward less the mean of its group, divided by (the standard deviation of its group + 1e-4). The standard deviation has
    group - 1 in its denominator: ddof=1.

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")
