"""Checks of lesson 13."""

import numpy as np

from minillm.course import Exercise, Mistake


def texts(rng: np.random.Generator, count: int, width: int) -> tuple:
    """Arguments of newton_step: labels that the features tell in part, at weights that are not zero."""
    x = rng.standard_normal((count, width))
    y = (x[:, 0] + rng.standard_normal(count) > 0.3).astype(float)
    return x, y, rng.integers(1, 5, count), 0.5 * rng.standard_normal(width + 1), 0.3


def fit(x: np.ndarray, y: np.ndarray, l2: float) -> np.ndarray:
    """The weights of the last layer, the bias last: a few steps of Newton's method."""
    ones = np.column_stack([x, np.ones(len(x))])
    penalty = np.append(np.full(x.shape[1], l2), 0.0)
    w = np.zeros(len(penalty))
    for _ in range(6):
        p = 1 / (1 + np.exp(-np.clip(ones @ w, -30, 30)))
        hessian = (ones.T * (p * (1 - p))) @ ones / len(y) + np.diag(penalty + 1e-9)
        w = w - np.linalg.solve(hessian, ones.T @ (p - y) / len(y) + penalty * w)
    return w


def read_texts(rng: np.random.Generator, count: int, parts: int) -> tuple:
    """Arguments of cross_validate: columns of different size, parts of different size, and padding that is not zero."""
    labels = rng.permuted(np.arange(count) % 2)
    hidden = rng.standard_normal((count, 6, 3)) * np.array([0.3, 1, 4]) + np.array([1.0, -2, 0])
    hidden[..., 0] += 0.2 * labels[:, None]
    real = np.arange(6) < rng.integers(2, 7, (count, 1))
    parts_of = np.minimum(np.arange(count) // 6, parts) - 1  # six texts of the test, and a last part that is larger
    fold = rng.permuted(parts_of)
    return hidden, real, labels, fold, [0.001, 0.1, 10.0], fit


CHANGES = (
    "every text twice",
    "a column times 1000",
    "labels exchanged",
    "a column of zeros",
    "a column twice",
    "l2 = 1e6",
)

EXERCISES = [
    Exercise(
        "newton_step",
        lambda rng: [
            (np.array([[1.0], [-1]]), np.array([1.0, 0]), np.array([3, 1]), np.zeros(2), 0.0),
            texts(rng, 9, 3),
            texts(rng, 14, 4),
        ],
        [
            "Put a column of ones beside x: then the bias is a weight like the others, and only the penalty leaves it out.",
            "Gradient: each text pulls with counts * (p - y). Hessian: each text bends with counts * p * (1 - p). Both divided by "
            "counts.sum(), and both have a part from the penalty.",
            "The step leads to where the gradient would be zero: w - np.linalg.solve(hessian, gradient).",
            "(ones.T * (counts * p * (1 - p))) @ ones / counts.sum() + np.diag(penalty)",
        ],
        [
            Mistake(
                "return w - np.linalg.solve",
                "return w + np.linalg.solve",
                "The step is added: it leads uphill. Newton's step is minus the inverse Hessian times the gradient.",
            ),
            Mistake(
                "counts * (p - y)",
                "counts * (y - p)",
                "The sign of the gradient's first part is turned: with -ln p(label) each text gives p - y, not y - p.",
            ),
            Mistake(
                "/ counts.sum() + np.diag(penalty)",
                "/ counts.sum()",
                "The Hessian has no L2: the gradient has l2 w, and its derivative along w is l2, on the diagonal.",
            ),
            Mistake(
                " + penalty * w\n",
                "\n",
                "The gradient has no L2: the penalty l2/2 |w|² has the gradient l2 w.",
            ),
            Mistake(
                "    penalty[-1] = 0\n",
                "",
                "The bias is penalised too. It only says how common label 1 is; the docstring leaves it out.",
            ),
            Mistake(
                "w - np.linalg.solve(hessian, gradient)",
                "w - np.append(np.linalg.solve(hessian[:-1, :-1], gradient[:-1]), 0)",
                "The bias is missing: it doesn't move. It is a weight like the others, with a column of ones in place of x.",
            ),
            Mistake(
                "np.column_stack([x, np.ones(len(x))])",
                "np.column_stack([np.ones(len(x)), x])",
                "The column of ones stands first, but the bias is the last of the weights.",
            ),
            Mistake(
                "(ones.T * (counts * p * (1 - p)))",
                "(ones.T * counts)",
                "p (1 - p) is missing in the Hessian: the derivative of p along z. That is the Hessian of a sum of squares.",
            ),
            Mistake(
                "    gradient = ones.T @ (counts * (p - y)) / counts.sum() + penalty * w\n"
                "    hessian = (ones.T * (counts * p * (1 - p))) @ ones / counts.sum() + np.diag(penalty)",
                "    gradient = ones.T @ (p - y) / len(y) + penalty * w\n"
                "    hessian = (ones.T * (p * (1 - p))) @ ones / len(y) + np.diag(penalty)",
                "Every text counts once. One that stands three times pulls and bends three times.",
            ),
            Mistake(
                "    gradient = ones.T @ (counts * (p - y)) / counts.sum() + penalty * w\n"
                "    hessian = (ones.T * (counts * p * (1 - p))) @ ones / counts.sum() + np.diag(penalty)",
                "    gradient = ones.T @ (counts * (p - y)) + penalty * w\n"
                "    hessian = (ones.T * (counts * p * (1 - p))) @ ones + np.diag(penalty)",
                "Beside the penalty the texts count too much: it stands beside their mean. Are these sums, or was it divided by their number?",
            ),
            Mistake(
                "np.linalg.solve(hessian, gradient)",
                "(1 / hessian) @ gradient",
                "1 / H is one over each entry, which is no inverse: np.linalg.solve(hessian, gradient).",
            ),
            Mistake(
                "np.exp(-ones @ w)",
                "np.exp(ones @ w)",
                "A minus sign is missing in the sigmoid, 1 / (1 + e⁻ᶻ): this is the probability of label 0.",
            ),
            Mistake(
                "np.diag(penalty)",
                "l2",
                "The penalty stands in all of the Hessian: it bends each weight alone, so it is on the diagonal, np.diag.",
            ),
            Mistake(
                "w - np.linalg.solve(hessian, gradient)",
                "w - gradient",
                "That is a step of gradient descent. Newton's divides by the curvature: solve(hessian, gradient).",
            ),
            Mistake(
                "w - np.linalg.solve(hessian, gradient)",
                "w - gradient / np.diag(hessian)",
                "Only the diagonal of the Hessian is used. Features that go together bend the loss together: solve the whole system.",
            ),
            Mistake(
                "gradient = ones.T @ (counts * (p - y)) / counts.sum() + penalty * w",
                "gradient = ones.T @ (p - y) / len(y) + penalty * w",
                "The counts are missing in the gradient: a text that stands three times pulls three times.",
            ),
            Mistake(
                "hessian = (ones.T * (counts * p * (1 - p))) @ ones / counts.sum() + np.diag(penalty)",
                "hessian = (ones.T * (p * (1 - p))) @ ones / len(y) + np.diag(penalty)",
                "The counts are missing in the Hessian: a text that stands three times bends three times.",
            ),
            Mistake(
                "(ones.T * (counts * p * (1 - p)))",
                "(ones.T * (counts * p * p))",
                "p² in place of p (1 - p) in the Hessian.",
            ),
            Mistake(
                "w - np.linalg.solve(hessian, gradient)",
                "w - 0.5 * np.linalg.solve(hessian, gradient)",
                "Half a step: Newton's method has no learning rate, the curvature says how far.",
            ),
            Mistake(
                "w - np.linalg.solve(hessian, gradient)",
                "-np.linalg.solve(hessian, gradient)",
                "That is the step alone: the weights after it are asked for, w + step.",
            ),
            Mistake(
                "    gradient = ones.T @ (counts * (p - y)) / counts.sum() + penalty * w\n"
                "    hessian = (ones.T * (counts * p * (1 - p))) @ ones / counts.sum() + np.diag(penalty)",
                "    gradient = ones.T @ (counts * (p - y)) / len(y) + penalty * w\n"
                "    hessian = (ones.T * (counts * p * (1 - p))) @ ones / len(y) + np.diag(penalty)",
                "You divide by the number of different texts: the mean is over all counts.sum() texts.",
            ),
            Mistake(
                "penalty = np.full(len(w), l2)",
                "penalty = np.full(len(w), 2 * l2)",
                "The penalty is twice what it should be: l2/2 times the squares has the gradient l2 w, not 2 l2 w.",
            ),
        ],
    ),
    Exercise(
        "cross_validate",
        lambda rng: [read_texts(rng, 40, 4), read_texts(rng, 36, 3)],
        [
            "Pool first, all texts at once: multiply by real[..., None], sum over the tokens, divide by how many are real.",
            "For each part two boolean arrays: judged = fold == part, and training = the other parts, without the texts of fold -1.",
            "Mean and deviation come from pooled[training] alone, and standardise everything. Then fit(x[training], labels[training], l2).",
            "Add up -ln p(label) of the judged texts, for each l2, and divide once at the end by the number of texts that are in some part.",
        ],
        [
            Mistake(
                "(hidden * real[..., None]).sum(axis=1) / real.sum(axis=1, keepdims=True)",
                "hidden.mean(axis=1)",
                "You pool over the padding. Then the features of a text depend on how long the others are.",
            ),
            Mistake(
                "(hidden * real[..., None]).sum(axis=1) / real.sum(axis=1, keepdims=True)",
                "(hidden * real[..., None]).mean(axis=1)",
                "A long text gets long features: you add its real tokens up, and then don't divide by how many they are.",
            ),
            Mistake(
                "x = (pooled - mean) / deviation",
                "x = pooled",
                "The features are not standardised: divide by the deviation. Else the penalty of a weight depends on the unit of its column.",
            ),
            Mistake(
                "mean, deviation = pooled[training].mean(axis=0), pooled[training].std(axis=0) + 1e-6",
                "mean, deviation = pooled.mean(axis=0), pooled.std(axis=0) + 1e-6",
                "Mean and deviation are those of all texts. So the judged texts, and even the test's, have leaked into the features.",
            ),
            Mistake(
                "mean, deviation = pooled[training].mean(axis=0), pooled[training].std(axis=0) + 1e-6",
                "mean, deviation = pooled[fold >= 0].mean(axis=0), pooled[fold >= 0].std(axis=0) + 1e-6",
                "Mean and deviation were taken with the part that is judged: a small leak, but a leak. Take the training texts alone.",
            ),
            Mistake(
                "        x = (pooled - mean) / deviation\n",
                "        x = (pooled - mean) / deviation\n"
                "        x[judged] = (pooled[judged] - pooled[judged].mean(axis=0)) / (pooled[judged].std(axis=0) + 1e-6)\n",
                "The judged part is standardised by its own mean and deviation. A single new text has none: use the training's.",
            ),
            Mistake(
                "(fold >= 0) & (fold != part)",
                "fold != part",
                "The texts of the test (fold -1) are among those that are fitted. Then the test tests nothing any more.",
            ),
            Mistake(
                "(fold >= 0) & (fold != part)",
                "fold >= 0",
                "The part that is judged is among the training texts: the labels leak through the split.",
            ),
            Mistake(
                "judged, training = fold == part, (fold >= 0) & (fold != part)",
                "judged, training = fold == -1, (fold >= 0) & (fold != part)",
                "The l2 is chosen on the texts of the test. What is chosen there can't be judged there.",
            ),
            Mistake(
                "judged, training = fold == part, (fold >= 0) & (fold != part)",
                "judged, training = (fold >= 0) & (fold != part), (fold >= 0) & (fold != part)",
                "Each last layer is judged on the texts that it was fitted to: so the weakest penalty always wins.",
            ),
            Mistake(
                "    losses /= (fold >= 0).sum()\n",
                """    training = fold >= 0
    x = (pooled - pooled[training].mean(axis=0)) / (pooled[training].std(axis=0) + 1e-6)
    for i, l2 in enumerate(l2s):
        w = fit(x[training], labels[training], l2)
        p = 1 / (1 + np.exp(-(x[~training] @ w[:-1] + w[-1])))
        losses[i] -= np.log(np.where(labels[~training] == 1, p, 1 - p)).sum()
    losses /= len(fold)
""",
                "The texts of the test (fold -1) are judged as if they were a part. They must not be used for anything.",
            ),
            Mistake(
                "fit(x[training], ",
                "fit(pooled[training], ",
                "fit gets the features as they were, and judged are the standardised ones: fit needs those too.",
            ),
            Mistake(
                "x[judged] @ w[:-1] + w[-1]",
                "x[judged] @ w[1:] + w[0]",
                "The first of the weights is taken for the bias: it is the last one.",
            ),
            Mistake(
                "    losses /= (fold >= 0).sum()\n",
                "    losses = losses.cumsum() / (fold >= 0).sum() / np.arange(1, len(l2s) + 1)\n",
                "The losses of one l2 are counted with the next one's: begin anew for each.",
            ),
            Mistake(
                "losses[i] -= np.log(np.where(labels[judged] == 1, p, 1 - p)).sum()",
                "losses[i] += ((p > 0.5) == labels[judged]).sum()",
                "You counted the right answers: the loss is the mean of -ln p(label).",
            ),
            Mistake(
                "return l2s[int(losses.argmin())], losses",
                "return losses.min(), losses",
                "The smallest loss is returned: the l2 that has it is asked for.",
            ),
            Mistake(
                "return l2s[int(losses.argmin())], losses",
                "return int(losses.argmin()), losses",
                "The number of the best l2 is returned: the l2 itself is asked for, l2s[...].",
            ),
            Mistake(
                "losses[i] -= np.log(np.where(labels[judged] == 1, p, 1 - p)).sum()",
                "losses[i] += ((p > 0.5) != labels[judged]).sum()",
                "You counted the errors: the loss is the mean of -ln p(label).",
            ),
            Mistake(
                "np.log(np.where(labels[judged] == 1, p, 1 - p)).sum()",
                "np.log(p).sum()",
                "-ln p of label 1 for every text: where the label is 0, its probability is 1 - p.",
            ),
            Mistake(
                "range(fold.max() + 1)",
                "range(fold.max())",
                "The last part is never judged: range stops before its end.",
            ),
            Mistake(
                "(hidden * real[..., None]).sum(axis=1) / real.sum(axis=1, keepdims=True)",
                "hidden[:, 0]",
                "Only the first token is read: the features are the mean of all real tokens.",
            ),
            Mistake(
                "pooled[training].mean(axis=0), pooled[training].std(axis=0) + 1e-6",
                "pooled[training].mean(), pooled[training].std() + 1e-6",
                "One mean and one deviation for all columns: each column has its own, axis=0.",
            ),
            Mistake(
                "losses.argmin()",
                "losses.argmax()",
                "You return the l2 of the largest loss.",
            ),
            Mistake(
                """p, 1 - p)).sum()
    losses /= (fold >= 0).sum()""",
                """p, 1 - p)).mean()
    losses /= fold.max() + 1""",
                "That is the mean of the parts' means. The parts have different sizes: add up all texts, then divide by their number.",
            ),
            Mistake(
                "    losses /= (fold >= 0).sum()\n",
                "    losses /= len(fold)\n",
                "You divide by the number of all texts. Those of the test were not judged, and don't count.",
            ),
            Mistake(
                "    losses /= (fold >= 0).sum()\n",
                "",
                "The losses are sums over the texts: divide by how many were judged.",
            ),
        ],
        outputs=("l2", "losses"),
    ),
    Exercise(
        "predict",
        lambda rng: [(change,) for change in CHANGES],
        [
            "Write the loss down for each change: which of its parts change, the mean over the texts, the columns, the penalty?",
            "What is standardised has mean 0 and deviation 1, whatever it was before. What happens to a column that never moves?",
            "Two equal columns with the weights a and b do what one does with a + b. Which a and b have the smallest a² + b²?",
            "Exchanging 0 and 1 is the same as exchanging p and 1 - p. And the bias has no penalty, however strong that is.",
        ],
        [
            Mistake(
                '"every text twice": "same"',
                '"every text twice": "other"',
                "Every text twice: the sum over the texts doubles, and so does their number. The mean, and with it the loss, stays.",
            ),
            Mistake(
                '"a column times 1000": "same"',
                '"a column times 1000": "other"',
                "A column times 1000: its mean and its deviation are 1000 times as large too, so that standardising takes it out again.",
            ),
            Mistake(
                '"labels exchanged": "turned"',
                '"labels exchanged": "other"',
                "Labels exchanged: with -w and -b every p is 1 - p, and the loss is what it was. So the minimum turns its sign.",
            ),
            Mistake(
                '"labels exchanged": "turned"',
                '"labels exchanged": "same"',
                "Labels exchanged: the last layer knows nothing of praise but the labels. It says of each text the opposite.",
            ),
            Mistake(
                '"a column of zeros": "same"',
                '"a column of zeros": "other"',
                "A column of zeros: it stays zero, its weight changes no probability, and the penalty draws that weight to zero.",
            ),
            Mistake(
                '"a column twice": "other"',
                '"a column twice": "same"',
                "A column twice: two weights a/2 do what a did, at half the penalty (a²/4 + a²/4). So that column may say more.",
            ),
            Mistake(
                '"l2 = 1e6": "constant"',
                '"l2 = 1e6": "other"',
                "l2 = 1e6: all weights are pressed to zero, and only the bias is left, which has no penalty: the share of label 1.",
            ),
            Mistake(
                '"l2 = 1e6": "constant"',
                '"l2 = 1e6": "same"',
                "l2 = 1e6: a penalty is no unit, it presses the weights to zero. Then what a text says no longer counts.",
            ),
        ],
    ),
]
