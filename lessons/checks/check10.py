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
        ],
    ),
]
