"""Classification: the mean over the labelled texts, however they are shared out, and nothing but classes for labels."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.models import ClassifierConfig, EncoderConfig, SequenceClassifier
from minillm.objectives import CLASSIFICATION, classification, loss_backward
from minillm.ops import IGNORE

SIZES = {"vocab_size": 11, "context": 7, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5}
IDS = np.random.default_rng(5).integers(0, 11, (4, 7))
MASK = np.arange(7) < np.array([[7], [3], [5], [1]])
LABELS = np.array([2, 0, IGNORE, 2])


@pytest.fixture
def model():
    config = ClassifierConfig(EncoderConfig(**SIZES), classes=3)
    return randomize(SequenceClassifier(config, dtype=np.float64), np.random.default_rng(0))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_mean_over_the_labelled_texts(model, smoothing):
    logits, _ = model.forward(IDS, mask=MASK)
    logp = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = [-(1 - smoothing) * logp[i, LABELS[i]] - smoothing * logp[i].mean() for i in (0, 1, 3)]
    loss, _ = classification(model, IDS, MASK, LABELS, label_smoothing=smoothing)
    assert loss == pytest.approx(np.mean(expected), rel=1e-12)


def test_gradients_of_a_batch_in_two_parts_add_up(model):
    _, saved = classification(model, IDS, MASK, LABELS)
    loss_backward(model, 1.0, saved)
    whole = model.vector.grad.copy()
    model.vector.zero_grad()
    for rows, scored in ((slice(0, 2), 2), (slice(2, 4), 1)):
        _, saved = CLASSIFICATION.forward(model, IDS[rows], MASK[rows], LABELS[rows])
        CLASSIFICATION.backward(model, scored / 3, saved)
    np.testing.assert_allclose(model.vector.grad, whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("label", [3, -1, -99])
def test_a_label_that_is_no_class(model, label):
    with pytest.raises(ValueError, match=f"label {label} is none of the 3 classes"):
        classification(model, IDS, MASK, np.array([0, label, 1, IGNORE]))


@pytest.mark.parametrize(
    ("labels", "found"),
    [(LABELS[:3], r"int64 \(3,\)"), (LABELS[:, None], r"int64 \(4, 1\)"), (LABELS * 1.0, "float64"), ([0] * 4, "list")],
)
def test_labels_of_the_wrong_kind(model, labels, found):
    with pytest.raises(ValueError, match=rf"one for each text of ids \(4, 7\), got {found}"):
        classification(model, IDS, MASK, labels)
