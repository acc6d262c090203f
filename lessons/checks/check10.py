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


def rate_calls(rng: np.random.Generator) -> list[tuple]:
    return [(40, 1.0, 8, 0.1), (10, 3e-3, 0, 0.0), (25, float(rng.uniform(0.1, 1)), 5, 0.01)]


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
                "The targets are not moved on: each place is judged by the word that it reads, not by the next one.",
            ),
            Mistake(
                "scores, targets = scores[:, :-1], ids[:, 1:]",
                "scores, targets = scores[:, 1:], ids[:, :-1]",
                "They are moved in the wrong direction: each place is judged by the word before it.",
            ),
            Mistake(
                "np.exp(losses.mean())",
                "np.exp(losses).mean()",
                "You average the exponentials. The mean is taken of the losses first: otherwise one surprise drowns everything.",
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
                "The targets are moved on, and the scores too: the scores at a place are for the word after it.",
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
        "learning_rates",
        rate_calls,
        hints=[
            "A loop over t in range(steps) with an if: before `warmup`, or after it. Collect the rates in a list, and return np.array(rates).",
            "Copy both formulas from the description. cos(π r) is np.cos(np.pi * r): 1 at the top, -1 at the end.",
            "r counts from the end of the warm-up: (t - warmup) / (steps - warmup).",
        ],
        mistakes=[
            Mistake(
                "peak * (t + 1) / (warmup + 1)",
                "peak * t / warmup",
                "The first rate is 0, so the first step is wasted: count from t + 1.",
            ),
            Mistake(
                "r = (t - warmup) / (steps - warmup)",
                "r = t / steps",
                "The cosine started with the first step, not after the warm-up: the rate jumps at the seam.",
            ),
            Mistake(
                "floor + (peak - floor) * (1",
                "peak * (1",
                "The floor is missing: the rate goes down to 0.",
            ),
            Mistake(
                "floor + (peak - floor) * (1",
                "floor + peak * (1",
                "The floor is added on top: after the warm-up the rate jumps above the peak.",
            ),
            Mistake(
                "(1 + np.cos(np.pi * r)) / 2",
                "(1 + np.cos(2 * np.pi * r)) / 2",
                "That is a whole cosine: it comes down and goes up again. Half of one is needed, up to π.",
            ),
            Mistake(
                "(1 + np.cos(np.pi * r)) / 2",
                "(1 - r)",
                "You come down along a straight line. It should be half a cosine: slow, fast, slow.",
            ),
            Mistake(
                "r = (t - warmup) / (steps - warmup)",
                "r = (t - warmup) / max(steps - 1 - warmup, 1)",
                "You divided by steps - 1 - warmup: then the last step has the floor. Here it is steps - warmup, and the floor would come one step later.",
            ),
            Mistake(
                "r = (t - warmup) / (steps - warmup)",
                "r = (t - warmup + 1) / (steps - warmup)",
                "The way down is one step ahead: r is 0 at t = warmup, where the rate is the peak.",
            ),
            Mistake(
                "peak * (t + 1) / (warmup + 1)",
                "peak * (t + 1) / warmup",
                "You divided by warmup: then the peak comes one step too early. It is warmup + 1.",
            ),
            Mistake(
                "peak * (t + 1) / (warmup + 1)",
                "peak * t / (warmup + 1)",
                "The first rate is 0: it is (t + 1) / (warmup + 1).",
            ),
            Mistake(
                "rates.append(floor + (peak - floor) * (1 + np.cos(np.pi * r)) / 2)",
                "rates.append(floor + (peak - floor) * (1 + np.cos(np.pi * r)))",
                "The half is missing: 1 + cos goes from 2 to 0.",
            ),
            Mistake(
                "rates.append(floor + (peak - floor) * (1 + np.cos(np.pi * r)) / 2)",
                "rates.append(floor + (peak - floor) * (1 + np.sin(np.pi * r)) / 2)",
                "A sine in place of the cosine: it begins in the middle, goes up and comes back.",
            ),
            Mistake(
                "rates.append(floor + (peak - floor) * (1 + np.cos(np.pi * r)) / 2)",
                "rates.append(floor + (peak - floor) * (1 - np.cos(np.pi * r)) / 2)",
                "1 - cos goes up: 1 + cos comes down.",
            ),
            Mistake(
                "rates.append(floor + (peak - floor) * (1 + np.cos(np.pi * r)) / 2)",
                "rates.append(floor + (peak - floor) * np.cos(np.pi / 2 * r))",
                "A quarter of a cosine: it ends steeply. Half of one, (1 + cos(π r)) / 2, ends flat.",
            ),
            Mistake(
                "rates.append(floor + (peak - floor) * (1 + np.cos(np.pi * r)) / 2)",
                "rates.append(floor + (peak - floor) * (1 + np.cos(180 * r)) / 2)",
                "The angle is in radians: np.cos(np.pi * r).",
            ),
            Mistake(
                "rates.append(floor + (peak - floor) * (1 + np.cos(np.pi * r)) / 2)",
                "rates.append(peak)",
                "After the warm-up the rate stays at the peak: it comes down along half a cosine.",
            ),
            Mistake(
                "peak * (t + 1) / (warmup + 1)",
                "peak",
                "There is no warm-up: the rate is the peak from the beginning.",
            ),
            Mistake(
                "peak * (t + 1) / (warmup + 1)",
                "floor + (peak - floor) * (t + 1) / (warmup + 1)",
                "The warm-up begins at the floor: it begins near 0, peak · (t + 1) / (warmup + 1).",
            ),
            Mistake(
                "rates.append(floor + (peak - floor)",
                "rates.append((peak - floor)",
                "The floor is not added: the rate comes down to 0, from less than the peak.",
            ),
            Mistake(
                "peak * (t + 1) / (warmup + 1)",
                "peak * (t + 1) / warmup + 1",
                "The brackets: / warmup + 1 divides by warmup, and adds 1. / (warmup + 1).",
            ),
            Mistake(
                "for t in range(steps):",
                "for t in range(1, steps + 1):",
                "The steps are counted from 1: from 0 to steps - 1, range(steps).",
            ),
        ],
    ),
]
