"""Exercises of lesson 13: fine-tune with a frozen body.

Write what is missing, then: python -m minillm check 13
"""

from collections.abc import Callable, Sequence

import numpy as np


def newton_step(x: np.ndarray, y: np.ndarray, counts: np.ndarray, w: np.ndarray, l2: float) -> np.ndarray:
    """One step of Newton's method on a logistic regression in which a text may stand several times.

    x (N, D) features; y (N,) labels, 0 or 1; counts (N,) how many times each text stands in the data; w (D + 1,) the weights, the bias
    last -> the weights after the step, (D + 1,).
    The probability of label 1 is p = 1 / (1 + exp(-(x·w + b))). The loss is the mean of -ln p(label) over all sum(counts) texts, and
    l2/2 times the sum of the squared weights, the bias left out.
    For example x [[1], [-1]], y [1, 0], counts [3, 1], w [0, 0] and l2 0 give [2, 0]: [1, 1] would give the same.

    Difficulty 3/5, about 20 minutes.
    """
    raise NotImplementedError("not written yet")


def cross_validate(
    hidden: np.ndarray,
    real: np.ndarray,
    labels: np.ndarray,
    fold: np.ndarray,
    l2s: Sequence[float],
    fit: Callable[[np.ndarray, np.ndarray, float], np.ndarray],
) -> tuple[float, np.ndarray]:
    """The best strength of the penalty, found without a look at the texts that are kept for the test.

    hidden (N, T, D): the body's vectors of the tokens of N texts; real (N, T), boolean, False in the padding; labels (N,), 0 or 1;
    fold (N,): in which part each text is, 0, 1, 2 ..., and -1 for the texts of the test, which must not be used for anything.
    The features of a text are the mean of the vectors of its real tokens.
    Each part is judged by a last layer that has not seen it. fit(x, y, l2) gives the weights, the bias last, of the texts of all other
    parts, standardised: minus their mean, divided by their standard deviation + 1e-6. The part that is judged is standardised by the
    same numbers.
    Returns the l2 of the smallest loss; and losses (len(l2s),): for each l2 the mean of -ln p(label) over all texts that were judged.

    Difficulty 4/5, about 30 minutes. Not in the lesson.
    """
    raise NotImplementedError("not written yet")


CHANGES = (
    "every text twice",
    "a column times 1000",
    "labels exchanged",
    "a column of zeros",
    "a column twice",
    "l2 = 1e6",
)


def predict(change: str) -> str:
    """Predict, then run: what does a change of the data do to the probabilities that a fitted last layer gives to new texts?

    The features are standardised, then the last layer is fitted to the end, with l2 = 0.1; new texts are changed in the same way.
    The changes are those in CHANGES. The answer is one of
        "same"      every new text gets the probability that it had
        "turned"    it gets one minus that
        "constant"  every new text gets the same probability, whatever it says
        "other"     neither of these
    Write down all six before you run anything. Then run this file: it tries them with your `newton_step`, and shows what happens.

    Difficulty 3/5, about 15 minutes. Not in the lesson.
    """
    raise NotImplementedError("not written yet")


def try_out(change: str) -> str:
    """What really happens: one of the four answers."""
    rng = np.random.default_rng(0)
    x, y, new = rng.standard_normal((20, 3)), np.arange(20) % 3 == 0, rng.standard_normal((50, 3))

    def probabilities(x, y, new, l2=0.1):
        mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
        w = np.zeros(x.shape[1] + 1)
        for _ in range(20):
            w = newton_step((x - mean) / deviation, y.astype(float), np.ones(len(x)), w, l2)
        return 1 / (1 + np.exp(-((new - mean) / deviation @ w[:-1] + w[-1])))

    units = np.array([1, 1000, 1])
    changed = {
        "every text twice": lambda: probabilities(np.tile(x, (2, 1)), np.tile(y, 2), new),
        "a column times 1000": lambda: probabilities(units * x, y, units * new),
        "labels exchanged": lambda: probabilities(x, ~y, new),
        "a column of zeros": lambda: probabilities(np.pad(x, ((0, 0), (0, 1))), y, np.pad(new, ((0, 0), (0, 1)))),
        "a column twice": lambda: probabilities(x[:, [0, 0, 1, 2]], y, new[:, [0, 0, 1, 2]]),
        "l2 = 1e6": lambda: probabilities(x, y, new, l2=1e6),
    }
    before, after = probabilities(x, y, new), changed[change]()
    if np.ptp(after) < 1e-4:
        return "constant"
    if np.allclose(after, before, atol=1e-4):
        return "same"
    return "turned" if np.allclose(after, 1 - before, atol=1e-4) else "other"


if __name__ == "__main__":
    for change in CHANGES:
        print(f"{change:<20} you: {predict(change):<9} it is: {try_out(change)}")
