"""Question answering: starts and ends of equal weight, no answer in the padding, and no nonsense for a span."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.gradcheck import randomize
from minillm.models import EncoderConfig, QuestionAnswering, QuestionAnsweringConfig
from minillm.objectives import QUESTION_ANSWERING, loss_backward, question_answering
from minillm.ops import IGNORE

SIZES = {"vocab_size": 11, "context": 9, "layers": 1, "heads": 2, "d_model": 6, "d_ff": 5}
IDS = np.random.default_rng(5).integers(0, 11, (4, 7))
MASK = np.arange(7) < np.array([[7], [3], [5], [1]])
TYPES = np.random.default_rng(6).integers(0, 2, (4, 7))
SPANS = np.array([[1, 6], [2, 2], [IGNORE, IGNORE], [0, 0]])


@pytest.fixture
def model():
    config = QuestionAnsweringConfig(EncoderConfig(**SIZES))
    return randomize(QuestionAnswering(config, dtype=np.float64), np.random.default_rng(0))


def test_the_loss_is_the_mean_over_starts_and_ends_among_the_real_tokens(model):
    scores, _ = model.forward(IDS, mask=MASK, token_types=TYPES)
    expected = []
    for row, length in ((0, 7), (1, 3), (3, 1)):
        for end in (0, 1):
            s = scores[row, end, :length]
            expected.append(np.log(np.exp(s).sum()) - s[SPANS[row, end]])
    loss, _ = question_answering(model, IDS, MASK, TYPES, SPANS)
    assert loss == pytest.approx(np.mean(expected), rel=1e-12)
    assert expected[-1] == pytest.approx(0, abs=1e-12)  # a text of one token leaves no choice


def test_padding_changes_nothing_neither_forward_nor_backward(model):
    longer = np.concatenate([np.where(MASK, IDS, 10 - IDS), IDS[:, :2]], axis=1)
    mask = np.concatenate([MASK, np.zeros((4, 2), bool)], axis=1)
    types = np.concatenate([np.where(MASK, TYPES, 1 - TYPES), TYPES[:, :2]], axis=1)
    found = []
    for text in ((IDS, MASK, TYPES), (longer, mask, types)):
        model.vector.zero_grad()
        loss, saved = question_answering(model, *text, SPANS)
        loss_backward(model, 1.0, saved)
        found.append((loss, model.vector.grad.copy()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-10)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-7, atol=1e-10)


def test_gradients_of_a_batch_in_two_parts_add_up(model):
    _, saved = question_answering(model, IDS, MASK, TYPES, SPANS)
    loss_backward(model, 1.0, saved)
    whole = model.vector.grad.copy()
    model.vector.zero_grad()
    for rows, scored in ((slice(0, 2), 4), (slice(2, 4), 2)):
        _, saved = QUESTION_ANSWERING.forward(model, IDS[rows], MASK[rows], TYPES[rows], SPANS[rows])
        QUESTION_ANSWERING.backward(model, scored / 6, saved)
    np.testing.assert_allclose(model.vector.grad, whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("span", [(3, 3), (2, 3), (2, 1), (-1, 1), (0, 7), (IGNORE, 1), (0, IGNORE)])
def test_a_span_that_is_none(model, span):
    """Text 1 has the real tokens 0, 1 and 2."""
    spans = SPANS.copy()
    spans[1] = span
    with pytest.raises(ValueError, match=f"the answer of text 1 is from {span[0]} to {span[1]}, where"):
        question_answering(model, IDS, MASK, TYPES, spans)


@pytest.mark.parametrize("spans", [SPANS[:3], SPANS[:, :1], SPANS * 1.0, SPANS.tolist()])
def test_spans_of_the_wrong_kind(model, spans):
    with pytest.raises(ValueError, match=r"spans must be a NumPy array of whole numbers \(4, 2\), got"):
        question_answering(model, IDS, MASK, TYPES, spans)


def test_a_mask_of_the_wrong_kind(model):
    with pytest.raises(ValueError, match="mask must be a NumPy array of booleans"):
        question_answering(model, IDS, MASK.astype(int), TYPES, SPANS)


def test_label_smoothing_is_refused(model):
    with pytest.raises(InputError, match="not for the ends of an answer"):
        question_answering(model, IDS, MASK, TYPES, SPANS, label_smoothing=0.1)
