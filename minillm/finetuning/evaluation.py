"""What a fine-tuned model answered to the texts of a file, how good that is beside what it has to beat, and scores in words."""

from typing import NamedTuple

import numpy as np

from minillm.metrics import Evaluation


class Answered(NamedTuple):
    """What a model answered, and how good that is."""

    answers: list[str]  # one for each text
    evaluation: Evaluation
    confusion: np.ndarray | None = None  # (C, C), of a classifier: texts of class i that were answered with class j
    ids: list[str] | None = None  # of the questions


def in_words(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in scores.items())
