"""The exercises of lesson 09, and the mistakes that are often made in them."""

import numpy as np

from minillm.course import Exercise, Mistake


def adamw_calls(rng: np.random.Generator) -> list[tuple]:
    def numbers():
        return rng.normal(size=6)

    decay = np.array([0.0, 0.0, 0.1, 0.1, 0.5, 0.5])
    first = (numbers(), numbers(), np.zeros(6), np.zeros(6), 1, 0.1, decay)
    later = (numbers(), numbers(), numbers(), numbers() ** 2, 7, 0.02, decay, 0.8, 0.95, 1e-3)
    quiet = (numbers(), 1e-4 * numbers(), 1e-4 * numbers(), 1e-8 * numbers() ** 2, 3, 0.1, decay, 0.9, 0.99, 1e-4)
    short = (*(np.array([number]) for number in (1.0, 2.0, 0.5, 4.0)), 2, 0.1, np.array([0.1]))
    return [first, later, quiet, short]


def shift_calls(rng: np.random.Generator) -> list[tuple]:
    def answers(lengths, width):
        real = np.arange(width) < np.array(lengths)[:, None]
        return np.where(real, rng.integers(3, 20, size=real.shape), 0), np.array(lengths)

    other_padding = np.array([[0, 5, 7], [4, 7, 7]]), np.array([2, 1])  # 7 fills up, and 0 is a token like any other
    return [
        (*answers([4, 2, 5], 5), 1, 2),
        (*answers([3], 3), 1, 2),
        (*answers([1, 2, 1, 3], 4), 30, 31),
        (*other_padding, 1, 2),
    ]


def exact_calls(rng: np.random.Generator) -> list[tuple]:
    right = np.array(
        [
            [3, 4, 5, 0],
            [6, 0, 9, 9],
            [7, 8, 0, 0],
            [5, 0, 5, 0],
            [4, 3, 6, 0],
            [0, 3, 3, 3],
            [8, 8, 8, 0],
            [2, 0, 3, 3],
            [6, 4, 5, 0],
        ]
    )
    written = np.array(
        [
            [3, 4, 5, 0],
            [6, 0, 1, 2],
            [7, 8, 9, 0],
            [5, 0, 4, 0],
            [4, 3, 6, 6],
            [0, 4, 4, 4],
            [8, 7, 8, 0],
            [2, 0, 3, 3],
            [4, 6, 5, 0],
        ]
    )
    return [(written, right, 0), (written[:1], right[:1], 0), (written[4:], right[4:], 0)]


EXERCISES = [
    Exercise(
        "adamw_step",
        adamw_calls,
        hints=[
            "Five lines: the new m, the new v, both corrected under other names, and the new w. The lesson's section 4 has them in words.",
            "A running mean keeps β of what it was and takes 1 - β of what is new: m = beta1 * m + (1 - beta1) * g. For v the new is g**2.",
            "m_hat = m / (1 - beta1**t), and v_hat likewise with beta2. Return m and v, not m_hat and v_hat.",
            "w - lr * decay * w - lr * m_hat / (np.sqrt(v_hat) + eps)",
        ],
        mistakes=[
            Mistake(
                "    m_hat = m / (1 - beta1**t)\n    v_hat = v / (1 - beta2**t)",
                "    m_hat = m\n    v_hat = v",
                "There is no bias correction: m and v start at 0, so the first steps have the wrong length.",
            ),
            Mistake(
                "v_hat = v / (1 - beta2**t)",
                "v_hat = v",
                "Only m is corrected. v starts at 0 as well, and is too small at first: the steps are too long.",
            ),
            Mistake(
                "    m = beta1 * m + (1 - beta1) * g\n    v = beta2 * v + (1 - beta2) * g**2",
                "    g = g + decay * w\n    decay = 0 * decay\n    m = beta1 * m + (1 - beta1) * g\n    v = beta2 * v + (1 - beta2) * g**2",
                "The weight decay went through the gradient, and so through m and v: that is Adam with L2, and not AdamW. Take it from w "
                "directly.",
            ),
            Mistake(
                "(np.sqrt(v_hat) + eps)",
                "np.sqrt(v_hat + eps)",
                "eps is inside the root, where it weighs far more: √1e-8 is 1e-4. It is added to the root.",
            ),
            Mistake(
                "m_hat / (np.sqrt(v_hat) + eps)",
                "m_hat / (v_hat + eps)",
                "The root is missing: m / v still depends on the gradient's size, upside down.",
            ),
            Mistake(
                "(1 - beta2) * g**2",
                "(1 - beta2) * g",
                "v should be the running mean of the gradient's square, and yours is of the gradient.",
            ),
            Mistake(
                "w - lr * decay * w -",
                "w - decay * w -",
                "The weight decay is not multiplied by the learning rate: the weights shrink much too fast.",
            ),
            Mistake(
                "return w, m, v",
                "return w, m_hat, v_hat",
                "You return the corrected means. The next step would correct them once more: return m and v as they run.",
            ),
            Mistake(
                "    m_hat = m / (1 - beta1**t)\n    v_hat = v / (1 - beta2**t)",
                "    m_hat = m / (1 - beta1**(t - 1))\n    v_hat = v / (1 - beta2**(t - 1))",
                "The means were corrected for t - 1 steps: t is 1 at the first step, so it is 1 - β^t as it stands (with t - 1 the first is divided by 0).",
            ),
            Mistake(
                "    m_hat = m / (1 - beta1**t)\n    v_hat = v / (1 - beta2**t)",
                "    m_hat = m / (1 - beta1 * t)\n    v_hat = v / (1 - beta2 * t)",
                "β was multiplied by t: it is 1 - β^t, beta1**t.",
            ),
            Mistake(
                "    m_hat = m / (1 - beta1**t)\n    v_hat = v / (1 - beta2**t)",
                "    m_hat = m * (1 - beta1**t)\n    v_hat = v * (1 - beta2**t)",
                "You multiplied by 1 - β^t: divide.",
            ),
            Mistake(
                "m_hat = m / (1 - beta1**t)",
                "m_hat = m",
                "Only v is corrected. m starts at 0 as well: the first steps are too short.",
            ),
            Mistake(
                "v_hat = v / (1 - beta2**t)",
                "v_hat = v / (1 - beta1**t)",
                "v was corrected with β1: its own is β2.",
            ),
            Mistake(
                "m_hat = m / (1 - beta1**t)",
                "m_hat = m / (1 - beta2**t)",
                "m was corrected with β2: its own is β1.",
            ),
            Mistake(
                "    m_hat = m / (1 - beta1**t)\n    v_hat = v / (1 - beta2**t)",
                "    m_hat = m / (1 - beta1)\n    v_hat = v / (1 - beta2)",
                "The correction is 1 - β^t, and you left out the t: that is right for the first step alone.",
            ),
            Mistake(
                "w = w - lr * decay * w - lr * m_hat / (np.sqrt(v_hat) + eps)",
                "w = w - lr * decay * w + lr * m_hat / (np.sqrt(v_hat) + eps)",
                "The sign of Adam's step: it goes against the gradient, and yours goes up the hill.",
            ),
            Mistake(
                "w = w - lr * decay * w - lr * m_hat / (np.sqrt(v_hat) + eps)",
                "w = w - lr * m_hat / (np.sqrt(v_hat) + eps)",
                "The weight decay is missing: w loses lr · decay · w besides.",
            ),
            Mistake(
                "w = w - lr * decay * w - lr * m_hat / (np.sqrt(v_hat) + eps)",
                "w = w + lr * decay * w - lr * m_hat / (np.sqrt(v_hat) + eps)",
                "The sign of the weight decay: it makes weights smaller.",
            ),
            Mistake(
                "w = w - lr * decay * w - lr * m_hat / (np.sqrt(v_hat) + eps)",
                "w = w - lr * m_hat / (np.sqrt(v_hat) + eps)\n    w = w - lr * decay * w",
                "The weight decay was taken from the new w: from the w before the step.",
            ),
            Mistake(
                "w = w - lr * decay * w - lr * m_hat / (np.sqrt(v_hat) + eps)",
                "w = w - lr * (m_hat + decay * w) / (np.sqrt(v_hat) + eps)",
                "The weight decay was divided by the root of v, with the gradient: that is what AdamW does not do. It stands beside Adam's step.",
            ),
            Mistake(
                "v = beta2 * v + (1 - beta2) * g**2",
                "v = beta1 * v + (1 - beta1) * g**2",
                "v runs with β1: it has its own, β2.",
            ),
            Mistake(
                "m = beta1 * m + (1 - beta1) * g\n    v = beta2 * v + (1 - beta2) * g**2",
                "m = (1 - beta1) * m + beta1 * g\n    v = (1 - beta2) * v + beta2 * g**2",
                "The weights of the running means are exchanged: β is kept of what was, and 1 - β taken of what is new.",
            ),
            Mistake(
                "m = beta1 * m + (1 - beta1) * g\n    v = beta2 * v + (1 - beta2) * g**2",
                "m = beta1 * m + g\n    v = beta2 * v + g**2",
                "What is new is not weighted: 1 - β of it, so that m is a mean and not a sum.",
            ),
            Mistake(
                "(np.sqrt(v_hat) + eps)",
                "np.sqrt(v_hat)",
                "eps is forgotten: where a gradient was always 0 it would be 0 / 0.",
            ),
            Mistake(
                "(np.sqrt(v_hat) + eps)",
                "(np.sqrt(v_hat) + 1e-8)",
                "eps is a fixed number in your code: take the argument.",
            ),
            Mistake(
                "m_hat / (np.sqrt(v_hat) + eps)",
                "m_hat / ((np.sqrt(v) + eps) / np.sqrt(1 - beta2**t))",
                "eps was added before the correction: it is added to √v_hat.",
            ),
            Mistake(
                "m_hat / (np.sqrt(v_hat) + eps)",
                "m_hat",
                "There is no division by √v_hat: the step still depends on the gradient's size.",
            ),
            Mistake(
                "lr * m_hat / (np.sqrt(v_hat) + eps)",
                "lr * g / (np.sqrt(v_hat) + eps)",
                "The step is made of the gradient itself: of its running mean, m_hat.",
            ),
            Mistake(
                "lr * m_hat / (np.sqrt(v_hat) + eps)",
                "m_hat / (np.sqrt(v_hat) + eps)",
                "The learning rate is missing in Adam's step.",
            ),
            Mistake(
                "    return w, m, v",
                "    return w",
                "Only w is returned: the next step needs m and v too. return w, m, v.",
            ),
            Mistake(
                "    m = beta1 * m + (1 - beta1) * g\n    v = beta2 * v + (1 - beta2) * g**2\n    m_hat = m / (1 - beta1**t)\n    v_hat = v / (1 - beta2**t)",
                "    m_hat = m / (1 - beta1**t)\n    v_hat = v / (1 - beta2**t)\n    m = beta1 * m + (1 - beta1) * g\n    v = beta2 * v + (1 - beta2) * g**2",
                "The step was made of m and v as they were given: first the new running means, then the step.",
            ),
        ],
        outputs=("w", "m", "v"),
    ),
    Exercise(
        "shift_targets",
        shift_calls,
        hints=[
            "np.hstack joins columns: what the decoder reads is a column of `start` and the answers.",
            "The targets begin as the answers with one more column. Then compare the places 0 to T with the lengths.",
            "places = np.arange(T + 1) is a row, lengths[:, None] a column. Where they are equal the target is `end`, where the place is larger "
            "it is IGNORE: np.where(condition, this, otherwise that).",
        ],
        mistakes=[
            Mistake(
                "targets = np.hstack([answers, np.full((rows, 1), IGNORE)])",
                "targets = reads",
                "The targets are not shifted: each place is asked for the very token that it reads, which it only has to copy.",
            ),
            Mistake(
                "    targets = np.where(places > ends, IGNORE, targets)\n",
                "    targets = np.where(places > ends, np.hstack([answers, np.zeros((rows, 1), int)]), targets)\n",
                "Padding is scored: the model is asked to write it, and much of the loss is then easy work that nobody wants.",
            ),
            Mistake(
                "targets = np.where(places == ends, end, targets)",
                "targets = np.where(places == width, end, targets)",
                "`end` always stands in the last column. It belongs right after each answer's last real token.",
            ),
            Mistake(
                "places > ends",
                "places >= ends",
                "The end is not scored: the model would never learn to stop.",
            ),
            Mistake(
                "places = np.arange(width + 1)",
                "places = np.arange(width + 1) + 1",
                "`end` came one place too early: it took the place of the last real token.",
            ),
            Mistake(
                "    targets = np.where(places > ends, IGNORE, targets)",
                "    targets = np.where(targets == 0, IGNORE, targets)",
                "0 was taken for padding. Padding may be any number, and 0 a token like any other: only the lengths tell.",
            ),
            Mistake(
                "targets = np.hstack([answers, np.full((rows, 1), IGNORE)])",
                "targets = np.roll(reads, 1, axis=1)",
                "The targets were moved in the wrong direction, with np.roll: each place is asked for the token before it.",
            ),
            Mistake(
                "    targets = np.hstack([answers, np.full((rows, 1), IGNORE)])\n    targets = np.where(places == ends, end, targets)\n    targets = np.where(places > ends, IGNORE, targets)",
                "    targets = np.roll(reads, -1, axis=1)",
                "np.roll moves, and no more: `end` is not there, padding is scored, and what falls out on the left comes in on the right.",
            ),
            Mistake(
                "    targets = np.where(places == ends, end, targets)\n    targets = np.where(places > ends, IGNORE, targets)",
                "    targets = np.where(places > ends, IGNORE, targets)",
                "`end` is missing: after the last real token it is asked for, so that the model learns to stop.",
            ),
            Mistake(
                "    return reads, targets",
                "    return targets[:, :-1], targets",
                "The decoder reads the targets: it reads `start`, and then the answers.",
            ),
            Mistake(
                "    return reads, targets",
                "    return np.where(places == ends + 1, end, reads) if reads.shape[1] > 1 else reads, targets",
                "`end` is in what the decoder reads: it is asked for, and never read.",
            ),
            Mistake(
                "    return reads, targets",
                "    return reads[:, :-1], targets[:, :-1]",
                "Both are one column short: (B, T + 1), for `start` goes in front of all T tokens.",
            ),
            Mistake(
                "    targets = np.where(places > ends, IGNORE, targets)",
                "    targets = np.where(places > ends, -1, targets)",
                "-1 stands where nothing is asked: it is IGNORE, which is -100.",
            ),
            Mistake(
                "np.full((rows, 1), start)",
                "np.full((rows, 1), end)",
                "The decoder begins with `end`: it reads `start` first.",
            ),
            Mistake(
                "    return reads, targets",
                "    return np.where(np.hstack([np.zeros((rows, 1), int), places[:-1] >= ends]), IGNORE, reads), targets",
                "The padding in what is read became IGNORE: the decoder reads the answers as they stand. Only targets are ignored.",
            ),
            Mistake(
                "    return reads, targets",
                "    return reads, np.where(places == ends + 1, end, targets)",
                "`end` is asked for twice, or one place too late: right after the last real token, and never again.",
            ),
            Mistake(
                "targets = np.where(places == ends, end, targets)\n    targets = np.where(places > ends, IGNORE, targets)",
                "targets = np.where(places >= ends, IGNORE, targets)\n    targets = np.where(places == width, end, targets)",
                "`end` stands in the last column: it belongs right after each answer's last real token.",
            ),
            Mistake(
                "ends = lengths[:, None]",
                "ends = lengths[:1, None]",
                "All answers were given the length of the first: each row has its own, lengths[:, None].",
            ),
            Mistake(
                "np.hstack([np.full((rows, 1), start), answers])",
                "np.hstack([np.full((rows, 1), start), np.where(np.arange(width) < lengths[:, None], answers, end)])",
                "`end` took the place of the padding in what is read: the answers are read as they stand.",
            ),
        ],
        outputs=("reads", "targets"),
    ),
    Exercise(
        "exact_match",
        exact_calls,
        hints=[
            "Two answers are the same if they agree at every place up to and with the first `end` of the right one.",
            "Which places count? Those with no `end` before them: the number of ends up to a place, np.cumsum(right == end, axis=1), without "
            "the place's own, is 0 there.",
            "A place is fine if it is equal or does not count; an answer is right if all of its places are fine; the score is the mean over "
            "the answers.",
        ],
        mistakes=[
            Mistake(
                "equal.all(axis=1).mean()",
                "(equal & counts).sum() / counts.sum()",
                "That is the share of right tokens, not of right answers. An answer with one wrong token is wrong.",
            ),
            Mistake(
                "equal = (written == right) | ~counts",
                "equal = written == right",
                "What stands after the end is compared too. It does not count.",
            ),
            Mistake(
                "- (right == end) == 0",
                "== 0",
                "The end itself is not compared: an answer that goes on where it should stop passes for right.",
            ),
            Mistake(
                "equal.all(axis=1)",
                "equal.any(axis=1)",
                "An answer passes if any of its tokens is right. All of them must be.",
            ),
            Mistake(
                "counts = np.cumsum(right == end, axis=1) - (right == end) == 0",
                "counts = np.cumsum((right == end)[:, ::-1], axis=1)[:, ::-1] > 0",
                "What stands up to the last `end` is compared: an answer goes up to its first `end`.",
            ),
            Mistake(
                "equal.all(axis=1).mean()",
                "equal.all(axis=1).sum()",
                "That is the number of right answers: the share is asked for, from 0 to 1.",
            ),
            Mistake(
                "equal.all(axis=1).mean()",
                "100 * equal.all(axis=1).mean()",
                "That is a percentage: the share is asked for, from 0 to 1.",
            ),
            Mistake(
                "equal.all(axis=1).mean()",
                "equal.all(axis=0).mean()",
                "all(axis=0) asks whether a place is right in all answers: whether an answer is right at all places is axis=1.",
            ),
            Mistake(
                "equal.all(axis=1).mean()",
                "equal.all()",
                "One True or False for all answers together: each answer counts by itself.",
            ),
            Mistake(
                "equal.all(axis=1).mean()",
                "(1 - equal.all(axis=1)).mean()",
                "That is the share of wrong answers.",
            ),
            Mistake(
                "equal = (written == right) | ~counts",
                "equal = (written == right) & counts",
                "Places after the end count as wrong: they don't count at all, so `or not counts`.",
            ),
            Mistake(
                "equal.all(axis=1).mean()",
                "equal.mean()",
                "That is the share of places that are right: an answer with one wrong token is wrong.",
            ),
            Mistake(
                "return float(equal.all(axis=1).mean())",
                "return float(np.mean([set(w[c]) == set(r[c]) for w, r, c in zip(written, right, counts, strict=True)]))",
                "Only which tokens occur is compared: their order counts as well.",
            ),
        ],
    ),
]
