"""Exercises of lesson 10: the loss of a language model, the choice of a word, and the way back through an n-gram embedding.

Write what is missing, then run: python -m minillm check 10
"""

import numpy as np


def causal_loss(scores: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, float]:
    """scores (B, T, V) of a GPT that read ids (B, T) -> the loss of each prediction (B, T - 1), and the perplexity of all.

    The scores at a place are for the word after it. The last place has no next word in ids, so it is left out. The loss of a prediction is
    -log of the probability that softmax over the last axis gives to the next word, in nats. The perplexity is e to the power of the mean
    loss: from among how many equally likely words the model seems to guess. With all scores 0 it is V.

    Scores may be as large as 1000: take the largest of each row away before np.exp.

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    scores, targets = scores[:, :-1], ids[:, 1:]
    scores = scores - scores.max(axis=-1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    losses = -np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]
    return losses, float(np.exp(losses.mean()))
    # end


def top_k_probabilities(scores: np.ndarray, k: int, temperature: float) -> np.ndarray:
    """scores (V,), all different -> probabilities (V,) to draw the next word from.

    Only the k best words can be drawn: theirs is softmax(scores / temperature) over these k, and that of all others is 0. The
    probabilities add up to 1. Scores may be as large as 1000: take the largest away before np.exp.

    With scores [log 4, log 2, log 1], k = 2 and temperature 1 it is [2/3, 1/3, 0]; at temperature 0.5 it is [0.8, 0.2, 0].

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    scores = scores / temperature
    lowest = np.sort(scores)[-k]
    scores = np.where(scores >= lowest, scores, -np.inf)
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()
    # end


def ngram_backward(dx: np.ndarray, ids: np.ndarray, tables: int, V: int) -> np.ndarray:
    """The gradient of the tables of an n-gram embedding: dx (B, T, D), ids (B, T) -> dE (tables, V, D).

    The lesson has the forward pass: x[b, t] is the sum of E[k][ids[b, t - k]] over k = 0, 1, ... tables - 1, as far as there is a word k
    places before. Its backward pass isn't in the lesson: which rows of which table did x[b, t] read? Each of them gets dx[b, t], and a row
    that was read several times gets the sum. V is the number of words, and no text is shorter than the number of tables.

    With ids [[0, 1, 0]], dx [[[1], [10], [100]]], 2 tables and V = 2 it is [[[101], [10]], [[10], [100]]].

    Difficulty 4/5, about 15 minutes.
    """
    # solution
    T = ids.shape[1]
    dE = np.zeros((tables, V, dx.shape[-1]))
    for k in range(tables):
        np.add.at(dE[k], ids[:, : T - k], dx[:, k:])
    return dE
    # end
