"""What a classifier answers, and how often it is right."""

import math
from collections.abc import Sequence

import numpy as np

from minillm.finetuning.data import padded
from minillm.models import SequenceClassifier, finite_on_host
from minillm.objectives.rows import by_length
from minillm.ops import softmax
from minillm.training import Trainer


def class_probabilities(
    model: SequenceClassifier, rows: Sequence[np.ndarray], pad: int, *, size: int = 64
) -> np.ndarray:
    """p(class | text), (N, C), on the host, in the order of the rows."""
    probabilities = np.empty((len(rows), model.config.classes))
    for chosen in by_length(rows, size):
        ids, mask = padded([rows[i] for i in chosen], pad)
        logits, _ = model.forward(ids, mask=mask)
        probabilities[chosen] = softmax(finite_on_host(logits).astype(np.float64))[0]
    return probabilities


def held_out_answers(trainer: Trainer) -> np.ndarray:
    """The class that a model in training, as it is now, gives to each held-out text, (N,)."""
    data = trainer.data
    return class_probabilities(trainer.model, data.held_out, data.pad).argmax(axis=1)


def confusion_matrix(labels: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """How often a text of class i was answered with class j: (C, C)."""
    return np.bincount(classes * labels + answers, minlength=classes * classes).reshape(classes, classes)


def accuracy_of(confusion: np.ndarray) -> tuple[float, float]:
    """The share of right answers, and its standard error: with other held-out texts it would differ by about so much."""
    count = confusion.sum()
    right = float(np.trace(confusion) / count)
    return right, math.sqrt(right * (1 - right) / count)
