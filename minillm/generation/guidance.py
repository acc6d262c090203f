"""Steering with more than one reading: scorers that put the scores of two or three together. All are products of experts:
log p is a sum of log-probabilities, up to a constant of the row that softmax ignores.
"""

from dataclasses import dataclass

import numpy as np

from minillm.generation.scoring import Scorer


@dataclass
class ClassifierFreeGuidance:
    """z_bad + γ (z_good - z_bad): away from what the model would write when asked for bad text. Ho & Salimans 2022; Sanchez et al. 2023.

    `wanted` and `unwanted` read the same text with the same model, except that for `unwanted` the control token `good` is replaced by
    `bad`: so no second model is needed. γ = 1 is `wanted` alone, 0 `unwanted` alone; above 1 what they differ in is exaggerated.
    """

    wanted: Scorer
    unwanted: Scorer
    good: int
    bad: int
    weight: float

    def next_scores(self, text: np.ndarray) -> np.ndarray:
        wanted = self.wanted.next_scores(text)
        unwanted = self.unwanted.next_scores(np.where(text == self.good, self.bad, text))
        return unwanted + self.weight * (wanted - unwanted)

    def reorder(self, rows: np.ndarray) -> None:
        self.wanted.reorder(rows)
        self.unwanted.reorder(rows)


@dataclass
class ExpertContrast:
    """z + α (z_good - z_bad): two more models of the same tokens, one of good text and one of bad. Liu et al. 2021 (DExperts).

    Their vocabularies may be padded to different sizes: a token that one of the three doesn't know gets -inf.
    """

    base: Scorer
    good: Scorer
    bad: Scorer
    weight: float

    def next_scores(self, text: np.ndarray) -> np.ndarray:
        base, good, bad = (scorer.next_scores(text) for scorer in (self.base, self.good, self.bad))
        shared = min(scores.shape[1] for scores in (base, good, bad))
        scores = np.full_like(base, -np.inf)
        scores[:, :shared] = base[:, :shared] + self.weight * (good[:, :shared] - bad[:, :shared])
        return scores

    def reorder(self, rows: np.ndarray) -> None:
        for scorer in (self.base, self.good, self.bad):
            scorer.reorder(rows)
