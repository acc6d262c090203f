"""Measures of classes: of an answer that is one of few names."""

from collections.abc import Sequence

import numpy as np

from minillm.errors import check_known
from minillm.metrics.metric import Mean, Metric


class Accuracy(Mean):
    """The share of right answers, in percent."""

    name = "accuracy"

    def statistics(self, answer: str, references: Sequence[str]) -> list[float]:
        """Whether it is right, and 1."""
        return [float(answer in references), 1]


class MacroF1(Metric):
    """The mean over the classes of F1 = 2 P R / (P + R), each class counting as much as any other, in percent.

        P = right answers of this class / answers of this class        R = right answers of this class / texts of this class

    A class that no text has and no answer names is left out; equal to scikit-learn's f1_score with average="macro".
    """

    name = "macro-F1"

    def __init__(self, classes: Sequence[str]):
        self.classes = {name: number for number, name in enumerate(classes)}

    def statistics(self, answer: str, references: Sequence[str]) -> list[float]:
        """For each class whether it was answered rightly, and how often it is the answer or the label: 0, 1 or 2."""
        (label,) = references
        check_known((answer, label), self.classes, "class")
        counts = np.zeros((2, len(self.classes)))
        counts[0, self.classes[answer]] = answer == label
        for name in (answer, label):
            counts[1, self.classes[name]] += 1
        return counts.ravel().tolist()

    def score(self, total: np.ndarray) -> float:
        right, named = np.reshape(total, (2, -1))
        return float(100 * (2 * right[named > 0] / named[named > 0]).mean())
