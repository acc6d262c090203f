"""Checks of lesson 02."""

import numpy as np

from minillm.course import Exercise, Mistake


def distributions(rng: np.random.Generator, rows: int, words: int) -> np.ndarray:
    return rng.dirichlet(np.ones(words), rows)


EXERCISES = [
    Exercise(
        "softmax",
        lambda rng: [
            (rng.standard_normal((5, 7)),),
            (np.array([[1000.0, 1000 + np.log(3)], [-1000.0, 0.0], [0.0, 2000.0]]),),
            (3 * rng.standard_normal((4, 4)),),
        ],
        [
            "np.exp of every number, then divide each row by its own sum.",
            "Subtracting the same number from a whole row changes nothing. Subtract the row's largest, and exp never sees more than 0.",
            "x.max(axis=1, keepdims=True) is (N, 1): it can be subtracted from (N, V). The sums need keepdims=True too.",
        ],
        [
            Mistake(
                "x - x.max(axis=1, keepdims=True)",
                "x",
                "Large logits overflow: exp(1000) is infinite, and inf / inf is not a number. Lower each row first.",
            ),
            Mistake(
                "e / e.sum(axis=1, keepdims=True)",
                "e / e.sum(axis=0, keepdims=True)",
                "Softmax over the wrong axis: here the columns sum to one, not the rows.",
            ),
            Mistake(
                "e / e.sum(axis=1, keepdims=True)",
                "e / e.sum()",
                "All rows together sum to one: each row needs a sum of its own.",
            ),
            Mistake(
                "e / e.sum(axis=1, keepdims=True)",
                "e",
                "These are exponentials, not yet probabilities: the rows do not sum to one.",
            ),
            Mistake(
                "x - x.max(axis=1, keepdims=True)",
                "x - x.max()",
                "One maximum was subtracted from all rows: a row far below it turns into 0 / 0 or loses its digits. Take each row's own.",
            ),
            Mistake(
                "e = np.exp(x - x.max(axis=1, keepdims=True))\n    return e / e.sum(axis=1, keepdims=True)",
                "e = np.exp(x - x.max(axis=0, keepdims=True))\n    return e / e.sum(axis=0, keepdims=True)",
                "Maximum and sum were taken of the columns: each row is a distribution, so both belong to the rows.",
            ),
            Mistake(
                "e = np.exp(x - x.max(axis=1, keepdims=True))\n    return e / e.sum(axis=1, keepdims=True)",
                "e = np.exp(x - x.max())\n    return e / e.sum()",
                "Maximum and sum were taken of the whole array: each row needs its own.",
            ),
            Mistake(
                "x - x.max(axis=1, keepdims=True)",
                "x - x.mean(axis=1, keepdims=True)",
                "You subtracted the mean: a logit far above it still overflows. Subtract the largest.",
            ),
            Mistake(
                "e = np.exp(x - x.max(axis=1, keepdims=True))",
                "e = x",
                "There is no exp: logits may be negative, probabilities may not.",
            ),
            Mistake(
                "return e / e.sum(axis=1, keepdims=True)",
                "return x - x.max(axis=1, keepdims=True) - np.log(e.sum(axis=1, keepdims=True))",
                "These are the logarithms of the probabilities (log-softmax): they are negative, and exp of them is asked for.",
            ),
            Mistake(
                "e = np.exp(x - x.max(axis=1, keepdims=True))",
                "e = 2.0 ** (x - x.max(axis=1, keepdims=True))",
                "Powers of 2 in place of powers of e: np.exp.",
            ),
            Mistake(
                "x - x.max(axis=1, keepdims=True)",
                "x.max(axis=1, keepdims=True) - x",
                "The sign is turned round: the largest logit gets the smallest probability. x less its maximum.",
            ),
            Mistake(
                "x - x.max(axis=1, keepdims=True)",
                "np.minimum(x, 700)",
                "Logits were cut off at 700: exp is finite then, and what lay above is all alike. Subtract each row's largest.",
            ),
            Mistake(
                "e / e.sum(axis=1, keepdims=True)",
                "e / (e.sum(axis=1, keepdims=True) + 1e-3)",
                "A small number was added to the sums: the rows sum to less than one. They are never 0, since the largest e is 1.",
            ),
            Mistake(
                "e / e.sum(axis=1, keepdims=True)",
                "e / e.sum(axis=1)",
                "The sums of the rows were laid across the columns: keepdims=True keeps them beside their rows.",
            ),
            Mistake(
                "    return e / e.sum(axis=1, keepdims=True)",
                "    return (x == x.max(axis=1, keepdims=True)) * 1.0",
                "The largest logit of each row got all the probability: softmax gives the others their share.",
            ),
            Mistake(
                "    e = np.exp(x - x.max(axis=1, keepdims=True))",
                "    return np.exp(x - np.log(np.exp(x).sum(axis=1, keepdims=True)))",
                "exp(1000) was computed, inside of the logarithm of the sum: it is infinite. First subtract each row's largest logit.",
            ),
            Mistake(
                "x - x.max(axis=1, keepdims=True)",
                "x / np.abs(x).max(axis=1, keepdims=True)",
                "The rows were divided by their largest number, which changes the differences: subtract it, and they stay.",
            ),
        ],
    ),
    Exercise(
        "cross_entropy_gradient",
        lambda rng: [
            (distributions(rng, 5, 4), np.array([0, 2, 2, 1, 3])),
            (distributions(rng, 3, 6), np.array([5, 5, 0])),
            (np.array([[0.5, 0.2, 0.3], [0.1, 0.8, 0.1]]), np.array([2, 1])),
        ],
        [
            "Start from a copy of p. In each row, subtract 1 at one place.",
            "gradient[np.arange(N), targets] picks one place in each row. Do not forget that the loss is a mean.",
            "gradient = p.copy(); gradient[np.arange(len(targets)), targets] -= 1; then divide by len(targets).",
        ],
        [
            Mistake(
                "gradient / len(targets)",
                "gradient",
                "That is the gradient of the sum of the losses. The loss is their mean, so each counts 1/N.",
            ),
            Mistake(
                "[np.arange(len(targets)), targets] -= 1",
                "[:, targets] -= 1",
                "The 1 was subtracted in every row, for every target: [:, targets] picks whole columns.",
            ),
            Mistake(
                "gradient / len(targets)",
                "-gradient / len(targets)",
                "The sign is turned round: a step against it would make the right word less likely.",
            ),
            Mistake(
                "[np.arange(len(targets)), targets] -= 1",
                "[np.arange(len(targets)), targets] *= 1",
                "These are the probabilities alone: nothing pulls the right word up.",
            ),
            Mistake(
                "gradient / len(targets)",
                "gradient / gradient.size",
                "You divided by N × V. The mean is over the N losses only.",
            ),
            Mistake(
                "gradient[np.arange(len(targets)), targets] -= 1\n    return gradient / len(targets)",
                "gradient /= len(targets)\n    gradient[np.arange(len(targets)), targets] -= 1\n    return gradient",
                "p was divided by N, and the 1 was not: subtract first, then divide all of p - y.",
            ),
            Mistake(
                "gradient[np.arange(len(targets)), targets] -= 1\n    return gradient / len(targets)",
                "gradient[np.arange(len(targets)), targets] -= 1 / len(targets)\n    return gradient",
                "Only y was divided by N: all of p - y is divided.",
            ),
            Mistake(
                "[np.arange(len(targets)), targets] -= 1",
                "[np.arange(len(targets)), targets] = -1",
                "The right word got -1. It gets p - 1: the likelier it already is, the less it is pulled.",
            ),
            Mistake(
                "gradient = p.copy()\n    gradient[np.arange(len(targets)), targets] -= 1",
                "gradient = np.zeros_like(p)\n    gradient[np.arange(len(targets)), targets] = -1 / p[np.arange(len(targets)), targets]",
                "That is the gradient with respect to the probabilities. With respect to the logits it is p - y.",
            ),
            Mistake(
                "gradient = p.copy()\n    gradient[np.arange(len(targets)), targets] -= 1",
                "gradient = p - targets[:, None]",
                "The number of the right word was subtracted: y is 1 at its place, and 0 elsewhere.",
            ),
            Mistake(
                "gradient / len(targets)",
                "gradient / p.shape[1]",
                "You divided by V, the number of words. The mean is over the N rows.",
            ),
            Mistake(
                "gradient[np.arange(len(targets)), targets] -= 1\n    return gradient / len(targets)",
                "gradient[np.arange(len(targets)), targets] -= 1\n    return gradient[np.arange(len(targets)), targets] / len(targets)",
                "Only the numbers at the targets are returned: the other words of each row have a gradient too, their p.",
            ),
            Mistake(
                "[np.arange(len(targets)), targets] -= 1",
                "[np.arange(len(targets)), targets] += 1",
                "1 was added at the target: subtract it, p - y.",
            ),
            Mistake(
                "gradient[np.arange(len(targets)), targets] -= 1",
                "gradient -= 1",
                "1 was subtracted everywhere: y is 1 at the target alone.",
            ),
            Mistake(
                "gradient / len(targets)",
                "gradient * len(targets)",
                "You multiplied by N: the loss is a mean, so divide.",
            ),
            Mistake(
                "[np.arange(len(targets)), targets] -= 1",
                "[np.arange(len(targets)), p.argmax(axis=1)] -= 1",
                "The 1 was subtracted at the likeliest word, whatever came: it belongs to the word that came, targets.",
            ),
            Mistake(
                "gradient / len(targets)",
                "gradient * p / len(targets)",
                "There is a factor p too much: p - y holds the derivative of the softmax already.",
            ),
            Mistake(
                "gradient[np.arange(len(targets)), targets] -= 1\n    return gradient / len(targets)",
                "return -np.log(gradient[np.arange(len(targets)), targets]).mean()",
                "That is the loss itself: its gradient is asked for, (N, V).",
            ),
            Mistake(
                "    return gradient / len(targets)",
                "    return np.where(np.arange(p.shape[1]) == targets[:, None], gradient, 0) / len(targets)",
                "Only the right words have a gradient: the others have one too, their p, which pushes them down.",
            ),
            Mistake(
                "gradient[np.arange(len(targets)), targets] -= 1",
                "np.subtract.at(gradient, (slice(None), targets), 1)",
                "1 was taken from a whole column, once for each row: each row has one target, gradient[np.arange(N), targets].",
            ),
            Mistake(
                "gradient[np.arange(len(targets)), targets] -= 1",
                "gradient[np.arange(len(targets)), targets - 1] -= 1",
                "The 1 was taken from the word before the target: words are numbered from 0, as columns are.",
            ),
            Mistake(
                "    return gradient / len(targets)",
                "    return gradient * p * (1 - p) / len(targets)",
                "The factor p (1 - p) belongs to a squared error behind a sigmoid: behind softmax and -ln p it is p - y alone.",
            ),
            Mistake(
                "gradient = p.copy()",
                "gradient = np.log(p)",
                "There is a logarithm too many: the gradient is p - y itself.",
            ),
            Mistake(
                "gradient[np.arange(len(targets)), targets] -= 1",
                "gradient.ravel()[targets] -= 1",
                "The targets were counted through the first rows: each is a column in a row of its own, gradient[np.arange(N), targets].",
            ),
        ],
    ),
    Exercise(
        "table_gradient",
        lambda rng: [
            (np.array([1, 3, 1, 1, 0]), np.arange(15.0).reshape(5, 3) + 1, 5),
            (rng.integers(4, size=20), rng.standard_normal((20, 3)), 6),
            (np.array([1, 1, 0]), np.array([[2.0], [3.0], [4.0]]), 3),
        ],
        [
            "Start with zeros, then add each gradient to the row that it belongs to.",
            "dtable[words] += gradient looks right, and keeps only one gradient of a word that comes twice. NumPy has a function for this: np.add.at.",
            "dtable = np.zeros((size, gradient.shape[1])); np.add.at(dtable, words, gradient)",
        ],
        [
            Mistake(
                "np.add.at(dtable, words, gradient)",
                "dtable[words] = gradient",
                "Assigned, not accumulated: of a word that came several times, only the last gradient is left. The same happens with dtable[words] += gradient.",
            ),
            Mistake(
                "np.add.at(dtable, words, gradient)",
                "np.add.at(dtable, words, gradient); dtable /= np.maximum(np.bincount(words, minlength=size), 1)[:, None]",
                "You took the mean of a word's gradients. They are added: the loss already holds the mean.",
            ),
            Mistake(
                "np.add.at(dtable, words, gradient)",
                "dtable[: len(words)] = gradient[:size]",
                "The gradients were laid into the table in their own order: row n instead of row words[n].",
            ),
            Mistake(
                "np.add.at(dtable, words, gradient)",
                "np.add.at(dtable, words, gradient); dtable /= len(words)",
                "You divided by the number of predictions: the gradients are added as they are.",
            ),
            Mistake(
                "np.add.at(dtable, words, gradient)",
                "np.add.at(dtable, words, 1)",
                "You counted how often each row was read: add the gradients.",
            ),
            Mistake(
                "np.add.at(dtable, words, gradient)",
                "dtable[np.unique(words)] = gradient.sum(axis=0)",
                "Every row that was read got the sum of all gradients: each gets the sum of its own.",
            ),
            Mistake(
                "np.add.at(dtable, words, gradient)",
                "np.subtract.at(dtable, words, gradient)",
                "The gradients were subtracted: add them. The step of descent comes later.",
            ),
            Mistake(
                "np.zeros((size, gradient.shape[1]))",
                "np.zeros((words.max() + 1, gradient.shape[1]))",
                "The table ends with the largest word that was read: it has `size` rows, and those that nobody read are zero.",
            ),
            Mistake(
                "np.add.at(dtable, words, gradient)",
                "np.add.at(dtable, words, gradient[words % len(gradient)])",
                "The gradient of the n-th prediction is gradient[n], not gradient[words[n]]: words[n] is the row that gets it.",
            ),
            Mistake(
                "np.add.at(dtable, words, gradient)",
                "np.add.at(dtable, words, gradient.sum(axis=1, keepdims=True))",
                "The V numbers of a gradient were added up into one: a row of the table collects whole rows, number by number, sum(axis=0).",
            ),
            Mistake(
                "np.add.at(dtable, words, gradient)",
                "dtable[: len(words)] = gradient[:size] * np.isin(np.arange(len(gradient)), words)[:size, None]",
                "Row i got the i-th gradient: it collects the gradients of those n for which words[n] is i.",
            ),
        ],
    ),
]
