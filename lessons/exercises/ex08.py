"""Exercises of lesson 08: a GPT by hand.

Write what is missing, then: python -m minillm check 08
"""

import numpy as np


def count_parameters(V: int, T: int, D: int, L: int, F: int, tied: bool) -> int:
    """How many numbers the lesson's GPT learns: V words, T positions, D numbers a vector, L blocks, F units in each feed-forward network.

    Where the head is not `tied`, it has a table of its own, as large as the embedding. No layer has biases, but each LayerNorm has its γ
    and its β. For example V = 3, T = 2, D = 1, L = 1, F = 1 and a tied head give 17.

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")


def next_words(logits: np.ndarray, lengths: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Draw the next word for B texts of different lengths at once: logits (B, T, V), lengths (B,), u (B,) -> word numbers (B,).

    Text b has lengths[b] real tokens, from position 0 on; behind them stands padding. The logits at a position are about the word after it.
    The probabilities of the V words lie side by side on a line from 0 to 1, word 0 first, and the word on which u[b] falls is drawn
    (lesson 01). Rounding may leave the end of the line a little below u: then it is the last word.

    Difficulty 3/5, about 15 minutes.
    """
    raise NotImplementedError("not written yet")


def rms_head_backward(
    dlogits: np.ndarray, x: np.ndarray, gamma: np.ndarray, E: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A GPT whose last norm is RMSNorm, as in Llama: dlogits (N, V), x (N, D), gamma (D,), E (V, D) -> dx (N, D), dgamma (D,), dE.

        x̂ = x / √(mean(x²) + ε)        y = γ x̂        logits = y Eᵀ

    The mean goes over each row. Nothing is subtracted, and there is no β. The lesson has the tied head and LayerNorm; derive what becomes
    of their backward here: how does one number of a row move the others of x̂? dE is the head's part alone. Check yourself with
    `numeric_gradient`.

    Difficulty 4/5, about 25 minutes.
    """
    raise NotImplementedError("not written yet")
