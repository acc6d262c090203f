"""Training the last layer alone: the body is frozen, so what it makes of a text is computed once and kept."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minillm.backend import Array
from minillm.finetuning.data import by_length, padded
from minillm.layers import ParameterVector
from minillm.models import Model, SequenceClassifier, finite_on_host
from minillm.objectives import LossSaved, Objective, loss_backward
from minillm.objectives.classification import count_labels
from minillm.ops import cross_entropy


class LastLayer(Model):
    """features (B, D) -> logits (B, C), by the head of a classifier, in a vector of its own: training never touches the body.

    The head stays the classifier's too, which therefore learns what this learns.
    """

    def __init__(self, classifier: SequenceClassifier):
        vector = classifier.vector
        self.config = classifier.config
        self.head = classifier.head
        self.vector = ParameterVector(self, vector.data.dtype, vector.device)

    def forward(self, features: np.ndarray, *, rng=None) -> tuple[Array, Any]:
        """features (B, D), on the host: vectors that have been pooled already, each a text of one token."""
        return self.head.forward(self.vector.device.xp.asarray(features)[:, None], rng=rng)

    def backward(self, dlogits: Array, saved: Any) -> None:
        self.head.backward(dlogits, saved)  # logits = head(features)


def body_features(
    model: SequenceClassifier,
    rows: Sequence[np.ndarray],
    pad: int,
    *,
    size: int = 64,
    progress: Callable[[int], object] = lambda texts: None,
) -> np.ndarray:
    """The body's vector for each text, pooled: (N, D), on the host, in the order of the rows. `progress` gets the size of each batch."""
    features = np.empty((len(rows), model.config.body.d_model), model.vector.data.dtype)
    for chosen in by_length(rows, size):
        ids, mask = padded([rows[i] for i in chosen], pad)
        hidden, _ = model.body.hidden(ids, mask=mask)
        pooled, _ = model.head.pooling.forward(hidden, mask=model.vector.device.xp.asarray(mask))
        features[chosen] = finite_on_host(pooled, "features of a text")
        progress(len(chosen))
    return features


def last_layer(
    model: LastLayer, features: np.ndarray, labels: np.ndarray, *, rng=None, label_smoothing: float = 0.0
) -> tuple[Array, LossSaved]:
    """`classification`, from the features on. On the host: features (B, D), and labels (B,), each a class or IGNORE."""
    logits, sm = model.forward(features, rng=rng)
    loss, sl = cross_entropy(logits, model.vector.device.xp.asarray(labels), label_smoothing)
    return loss, LossSaved(sm, sl)


LAST_LAYER = Objective(last_layer, loss_backward, count=count_labels)
