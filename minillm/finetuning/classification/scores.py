"""What a classifier answers, and how often it is right."""

import math
from collections.abc import Sequence

import numpy as np

from minillm.finetuning.classification.data import padded
from minillm.models import SequenceClassifier, finite_on_host
from minillm.objectives.rows import by_length
from minillm.ops import softmax
from minillm.training import Trainer
from minillm.units import per_cent
from minillm.visible import visible

SHOWN = 12  # classes, of which all mistakes fit on a screen


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


def classification_report(confusion: np.ndarray, classes: Sequence[str]) -> str:
    """Accuracy, and which class is taken for which, as a person reads it."""
    right, error = accuracy_of(confusion)
    accuracy = f"accuracy  {per_cent(right)} ± {100 * error:.1f}"
    return f"{accuracy}  ({np.trace(confusion):,} of {confusion.sum():,} held-out texts)\n{confusion_table(confusion, classes)}"


def confusion_table(confusion: np.ndarray, classes: Sequence[str]) -> str:
    """Which class is taken for which; of many classes the most frequent mistakes only."""
    lines = []
    names = [visible(name) for name in classes]
    if len(classes) > SHOWN:
        wrong = confusion - np.diag(np.diag(confusion))
        for place in np.argsort(-wrong, axis=None, kind="stable")[:SHOWN]:
            label, answer = divmod(int(place), len(classes))
            if wrong[label, answer]:
                lines.append(f"{wrong[label, answer]:>8,}  {names[label]} taken for {names[answer]}")
        return "\n".join(lines)
    side = max(len("label"), *map(len, names))
    widths = [max(len(name), len(f"{column.max():,}")) for name, column in zip(names, confusion.T, strict=True)]
    lines.append(
        f"{'label':<{side}}  " + "  ".join(f"{n:>{w}}" for n, w in zip(names, widths, strict=True)) + "  <- answer"
    )
    for name, row in zip(names, confusion, strict=True):
        lines.append(f"{name:<{side}}  " + "  ".join(f"{n:>{w},}" for n, w in zip(row, widths, strict=True)))
    return "\n".join(lines)
