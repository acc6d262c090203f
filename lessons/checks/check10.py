"""The exercises of lesson 10, and the mistakes that are often made in them."""

import numpy as np

from minillm.course import Exercise, Mistake


def loss_calls(rng: np.random.Generator) -> list[tuple]:
    def call(batch, length, words, size=1.0):
        return size * rng.normal(size=(batch, length, words)), rng.integers(words, size=(batch, length))

    return [call(3, 8, 5, 2.0), call(1, 2, 4), call(2, 5, 7, 1000.0)]


def top_k_calls(rng: np.random.Generator) -> list[tuple]:
    return [
        (rng.normal(size=9), 4, 0.7),
        (rng.normal(size=5), 1, 1.3),
        (rng.normal(size=6), 6, 2.0),
        (800 + rng.normal(size=7), 3, 0.8),
    ]


def ngram_calls(rng: np.random.Generator) -> list[tuple]:
    def call(batch, length, width, tables, words):
        return rng.normal(size=(batch, length, width)), rng.integers(words, size=(batch, length)), tables, words

    short = np.array([[[1.0], [10.0], [100.0]]]), np.array([[0, 1, 0]]), 2, 2
    return [call(3, 7, 4, 3, 5), call(2, 6, 2, 4, 9), call(4, 5, 3, 1, 3), short]


EXERCISES = [
    Exercise(
        "causal_loss",
        loss_calls,
        hints=[
            "First line up predictions and answers: which scores have an answer in ids, and which ids are an answer?",
            "scores[:, :-1] predict ids[:, 1:].",
            "log p = scores - log(sum(exp(scores))), the sum over the last axis with keepdims=True; before that take each row's largest away.",
            "np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0] picks the log p of the targets. The perplexity is "
            "np.exp(losses.mean()).",
        ],
        mistakes=[
            Mistake(
                "scores, targets = scores[:, :-1], ids[:, 1:]",
                "scores, targets = scores[:, :-1], ids[:, :-1]",
                "The targets are not shifted: each place is judged by the word that it reads, not by the next one.",
            ),
            Mistake(
                "scores, targets = scores[:, :-1], ids[:, 1:]",
                "scores, targets = scores[:, 1:], ids[:, :-1]",
                "They are moved in the wrong direction: each place is judged by the word before it.",
            ),
            Mistake(
                "np.exp(losses.mean())",
                "np.exp(losses).mean()",
                "You average the exponentials. The mean is taken of the losses first: otherwise one surprise outweighs all the rest.",
            ),
            Mistake(
                "np.exp(losses.mean())",
                "2 ** losses.mean()",
                "The losses are in nats, so it is e to their power; 2 belongs to losses in bits.",
            ),
            Mistake(
                "np.exp(losses.mean())",
                "np.exp(losses.sum())",
                "That is the sum and not the mean: the perplexity would grow with the length of the text.",
            ),
            Mistake(
                "    scores = scores - scores.max(axis=-1, keepdims=True)\n",
                "",
                "Large scores overflow in np.exp. Take the largest of each row away first: the softmax stays the same.",
            ),
            Mistake(
                "np.log(np.exp(scores).sum(axis=-1, keepdims=True))",
                "np.log(np.exp(scores).sum(axis=1, keepdims=True))",
                "The softmax runs over the places. It runs over the words, the last axis.",
            ),
            Mistake(
                "    scores = scores - scores.max(axis=-1, keepdims=True)\n",
                "    scores = scores - scores.max()\n",
                "The largest of all scores was taken away from every row: a row far below it underflows to 0. Take each row's own.",
            ),
            Mistake(
                "    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))",
                "    log_p = np.log(np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True))",
                "The log came after the softmax: a probability that is too small for float64 is 0, and log 0 is infinite. scores - log(sum(exp(scores))).",
            ),
            Mistake(
                "    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))",
                "    log_p = np.log(np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True) + 1e-9)",
                "A small number was added inside the log: no loss can then be more than 20.7. scores - log(sum(exp(scores))) needs none.",
            ),
            Mistake(
                "np.exp(losses.mean())",
                "np.exp(-losses.mean())",
                "That is one over the perplexity: the losses are positive, so e to the power of their mean.",
            ),
            Mistake(
                "losses, float(np.exp(losses.mean()))",
                "losses, np.exp(losses.mean(axis=-1))",
                "That is a perplexity for each row: one for all predictions together is asked for.",
            ),
            Mistake(
                "losses = -np.take",
                "losses = -1 / np.log(2) * np.take",
                "The losses are in bits (log2): in nats, with np.log.",
            ),
            Mistake(
                "losses = -np.take",
                "losses = np.take",
                "The sign: a loss is minus the log of a probability, and never negative.",
            ),
            Mistake(
                "losses, float(np.exp(losses.mean()))",
                "losses, float(losses.mean())",
                "That is the mean loss: the perplexity is e to its power.",
            ),
            Mistake(
                "scores, targets = scores[:, :-1], ids[:, 1:]",
                "targets = np.roll(ids, -1, axis=1)",
                "np.roll brings the first word to the end: the last place would be judged by it. The last place has no next word, and is left out.",
            ),
            Mistake(
                "    scores, targets = scores[:, :-1], ids[:, 1:]",
                "    scores, targets = scores[:, 1:], ids[:, 1:]",
                "The targets are shifted, and the scores too: the scores at a place are for the word after it.",
            ),
            Mistake(
                "    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))",
                "    log_p = scores - np.exp(scores).sum(axis=-1, keepdims=True)",
                "The log of the sum is missing: log p = scores - log(sum(exp(scores))).",
            ),
            Mistake(
                "    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))",
                "    log_p = scores",
                "There is no softmax: scores are not yet logarithms of probabilities.",
            ),
            Mistake(
                "    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))",
                "    log_p = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)",
                "The log is missing: these are minus the probabilities.",
            ),
            Mistake(
                "log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))",
                "log_p = -np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)",
                "These are the probabilities of the next words: the loss is -log of each.",
            ),
            Mistake(
                "    scores = scores - scores.max(axis=-1, keepdims=True)\n    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))",
                "    scores = scores - scores.max(axis=1, keepdims=True)\n    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))",
                "The softmax went over the places (axis 1): it goes over the words, the last axis.",
            ),
        ],
        outputs=("losses", "perplexity"),
    ),
    Exercise(
        "top_k_probabilities",
        top_k_calls,
        hints=[
            "Three steps: divide the scores, throw out all but the k best, softmax of what is left.",
            "np.sort(scores)[-k] is the score of the k-th best word. Words below it get the score -inf, and e to -inf is 0.",
            "np.where(scores >= lowest, scores, -np.inf), then np.exp(scores - scores.max()), divided by its sum.",
        ],
        mistakes=[
            Mistake(
                "scores = scores / temperature",
                "scores = scores * temperature",
                "You multiplied by the temperature. A high temperature should make the words more alike, so divide.",
            ),
            Mistake(
                "scores = scores / temperature",
                "scores = scores / 1",
                "The temperature does nothing. It belongs to the scores, before the softmax; probabilities that are divided by it and "
                "normalised again are what they were.",
            ),
            Mistake(
                "    scores = np.where(scores >= lowest, scores, -np.inf)\n    weights = np.exp(scores - scores.max())\n"
                "    return weights / weights.sum()",
                "    weights = np.exp(scores - scores.max())\n    return np.where(scores >= lowest, weights, 0) / weights.sum()",
                "What is left does not add up to 1: the sum of the softmax still holds the words that were thrown out.",
            ),
            Mistake(
                "scores >= lowest",
                "scores > lowest",
                "One word too few: the k-th best word itself is thrown out.",
            ),
            Mistake(
                "np.sort(scores)[-k]",
                "np.sort(scores)[k - 1]",
                "np.sort goes from small to large: you counted k from the wrong end.",
            ),
            Mistake(
                "scores = np.where(scores >= lowest, scores, -np.inf)",
                "scores = np.where(scores >= lowest, scores, 0.0)",
                "Words that are out have score 0, and e to 0 is 1: they can still be drawn. Their score should be -inf.",
            ),
            Mistake(
                "np.exp(scores - scores.max())",
                "np.exp(scores)",
                "Large scores overflow in np.exp. Take the largest away first: the softmax stays the same.",
            ),
            Mistake(
                "    scores = np.where(scores >= lowest, scores, -np.inf)\n",
                "",
                "k is ignored: every word can still be drawn. Those below the k-th best get -inf.",
            ),
            Mistake(
                "    scores = np.where(scores >= lowest, scores, -np.inf)\n",
                "    scores = np.where(scores <= np.sort(scores)[k - 1], scores, -np.inf)\n",
                "The k smallest were kept: np.sort goes from small to large, and the best are the last.",
            ),
            Mistake(
                "lowest = np.sort(scores)[-k]",
                "lowest = np.append(-np.inf, np.sort(scores))[-k - 1]",
                "One word too many: the k-th best is np.sort(scores)[-k].",
            ),
            Mistake(
                "    weights = np.exp(scores - scores.max())\n    return weights / weights.sum()",
                "    weights = np.exp(scores - scores.max())\n    return (weights / weights.sum())[np.argsort(scores)[-k:]]",
                "Only the k probabilities are returned: all V are asked for, with 0 for the others.",
            ),
            Mistake(
                "    weights = np.exp(scores - scores.max())\n    return weights / weights.sum()",
                "    weights = np.exp(scores - scores.max())\n    return np.sort(weights / weights.sum())",
                "The probabilities are sorted: each belongs to the place of its word.",
            ),
            Mistake(
                "    weights = np.exp(scores - scores.max())\n    return weights / weights.sum()",
                "    weights = np.exp(scores - scores.max())\n    return np.sort(weights / weights.sum())[::-1]",
                "The probabilities are sorted, from large to small: each belongs to the place of its word.",
            ),
            Mistake(
                "    weights = np.exp(scores - scores.max())\n    return weights / weights.sum()",
                "    weights = np.exp(scores - scores.max())\n    return weights",
                "They are not divided by their sum: probabilities add up to 1.",
            ),
            Mistake(
                "    weights = np.exp(scores - scores.max())\n    return weights / weights.sum()",
                "    return np.where(np.isfinite(scores), 1 / k, 0)",
                "All k words became equally likely: softmax of their scores.",
            ),
            Mistake(
                "    weights = np.exp(scores - scores.max())\n    return weights / weights.sum()",
                "    weights = np.exp(scores - scores.max()) ** (1 / temperature)\n    return weights / weights.sum()",
                "The temperature came in twice.",
            ),
        ],
    ),
    Exercise(
        "ngram_backward",
        ngram_calls,
        hints=[
            "First without k: with one table it is the backward pass of an embedding. np.add.at(dE[0], ids, dx) adds each place's gradient to the "
            "row of its word, also where a word comes twice.",
            "Which place read table 1 at the word of place 3? Place 4. And table k at the word of place t? Place t + k, if there is one.",
            "The words ids[:, : T - k] were read from table k by the places k, k + 1, ... T - 1, whose gradients are dx[:, k:].",
        ],
        mistakes=[
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "dE[k][ids[:, : T - k]] += dx[:, k:]",
                "A row that was read several times got one of its gradients only: += with a list of rows writes each row once. np.add.at adds all of them.",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[k], ids, dx)",
                "All tables got the same: table k was read at the word k places before, so its gradient comes from k places further on.",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[k], ids[:, k:], dx[:, : T - k])",
                "The shift goes the wrong way: a word's vector went into x at its own place and at later ones, so its gradient comes from there.",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[k], np.roll(ids, k, axis=1), dx)",
                "np.roll brings the last words to the front: the first k places have no word k places before, and read nothing from table k.",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[k], ids[:, : T - k], dx[:, : T - k])",
                "The words are the right ones, and their gradients are from their own place: x[b, t] read table k at the word t - k, so it is dx[:, k:].",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[k], ids[:, k:], dx[:, k:])",
                "The gradients are from the right places, and the words are those that stand there: table k was read at the word k places before.",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[k], ids[:, tables - 1 :] if k == 0 else ids[:, tables - 1 - k : -k], dx[:, tables - 1 :])",
                "The first places are left out of all tables: a place that has no word k places before still reads the tables of shorter distances.",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[0], ids[:, : T - k], dx[:, k:])",
                "All of it was added to the table of distance 0: each distance has a table of its own.",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[tables - 1 - k], ids[:, : T - k], dx[:, k:])",
                "The tables are in the wrong order: dE[0] is for the word at the place itself.",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:] / tables)",
                "It was divided by the number of tables: x is their sum, so each gets all of dx.",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:] / len(ids))",
                "It was divided by the number of texts: dx is what it is, and gradients of several texts add up.",
            ),
            Mistake(
                "np.add.at(dE[k], ids[:, : T - k], dx[:, k:])",
                "np.add.at(dE[k], ids[:1, : T - k], dx[:1, k:])",
                "Only the first text was used: the gradients of all texts add up.",
            ),
            Mistake(
                "for k in range(tables):",
                "for k in range(1, tables):",
                "Table 0 got nothing: it was read at the word of the place itself.",
            ),
            Mistake(
                "for k in range(tables):",
                "for k in range(tables - 1):",
                "The last table got nothing: k goes from 0 to tables - 1.",
            ),
            Mistake(
                "    return dE\n",
                "    return dE.sum(axis=0)\n",
                "The tables were added up: each has a gradient of its own, (tables, V, D).",
            ),
            Mistake(
                "    return dE\n",
                "    counts = np.stack([np.bincount(ids[:, : T - k].ravel(), minlength=V) for k in range(tables)])\n    return dE / np.maximum(counts, 1)[:, :, None]\n",
                "These are means: a row that was read three times gets the sum of the three gradients.",
            ),
            Mistake(
                "    return dE\n",
                "    return -dE\n",
                "The sign: each row that was read gets dx as it is.",
            ),
        ],
    ),
]
