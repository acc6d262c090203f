"""Classification: which of a few classes does a text belong to, such as praise or blame?"""

from typing import NamedTuple

import numpy as np

from minillm.backend import Array, on_device
from minillm.models import SequenceClassifier
from minillm.objectives.objective import LossSaved, Objective, count_scored, loss_backward
from minillm.ops import IGNORE, cross_entropy


def check_labels(labels: np.ndarray, ids: np.ndarray, classes: int) -> None:
    """Raise ValueError unless every label is a class or IGNORE, one for each text of ids (B, T). On the device they were checked before."""
    if on_device(labels):
        return
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu" or labels.shape != np.shape(ids)[:1]:
        found = f"{labels.dtype} {labels.shape}" if isinstance(labels, np.ndarray) else type(labels).__name__
        raise ValueError(
            f"labels must be a NumPy array of whole numbers, one for each text of ids {np.shape(ids)}, got {found}"
        )
    wrong = labels[(labels != IGNORE) & ((labels < 0) | (labels >= classes))]
    if wrong.size:
        raise ValueError(f"label {wrong[0]} is none of the {classes} classes (nor {IGNORE}, which is not scored)")


def classification(
    model: SequenceClassifier,
    inputs: np.ndarray,
    mask: np.ndarray,
    labels: np.ndarray,
    *,
    rng=None,
    label_smoothing: float = 0.0,
) -> tuple[Array, LossSaved]:
    """Mean over the labelled texts of -log p(label | text), in nats, a scalar on the device.

    On the host: inputs (B, T); mask (B, T), boolean, True = real token; labels (B,), each a class or IGNORE.
    """
    check_labels(labels, inputs, model.config.classes)
    logits, sm = model.forward(inputs, mask=mask, rng=rng)
    loss, sl = cross_entropy(logits, model.vector.device.xp.asarray(labels), label_smoothing)
    return loss, LossSaved(sm, sl)


def prepare_labelled(
    model: SequenceClassifier, inputs: np.ndarray, mask: np.ndarray, labels: np.ndarray
) -> dict[str, np.ndarray]:
    """See `Objective`."""
    check_labels(labels, inputs, model.config.classes)
    model.body.check_inputs(inputs, mask=mask)
    return {"inputs": inputs, "mask": mask, "labels": labels}


def count_labels(batch: NamedTuple) -> int:
    """How many texts of a batch are labelled."""
    return count_scored(batch.labels)


CLASSIFICATION = Objective(classification, loss_backward, prepare=prepare_labelled, count=count_labels)
