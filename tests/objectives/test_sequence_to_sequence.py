"""The objective on a model with the interface of an encoder-decoder, small enough to compute by hand."""

from typing import NamedTuple

import numpy as np
import pytest

from minillm.backend import CPU
from minillm.gradcheck import LIMIT, layer_errors, randomize
from minillm.layers import Embedding, ParameterVector
from minillm.models import Model
from minillm.objectives import Rows, loss_backward, sequence_batch, sequence_to_sequence
from minillm.ops import IGNORE
from tests.objectives.texts import SPECIAL


class Config(NamedTuple):
    vocab_size: int


class Sums(Model):
    """logits[b, t] = the sum of a row for each source token, and of another for each token that the decoder has read."""

    def __init__(self, vocab_size):
        rng = np.random.default_rng(0)
        self.config = Config(vocab_size)
        self.reader, self.writer = Embedding(vocab_size, vocab_size, rng), Embedding(vocab_size, vocab_size, rng)
        self.vector = ParameterVector(self, np.float64, CPU)

    def forward(self, source, target, source_mask=None, target_mask=None, rng=None):
        real = np.ones(source.shape) if source_mask is None else source_mask.astype(float)
        read, sr = self.reader.forward(source)
        written, sw = self.writer.forward(target)
        return (read * real[..., None]).sum(1, keepdims=True) + written.cumsum(1), (sr, sw, real)

    def backward(self, dlogits, saved):
        sr, sw, real = saved
        self.reader.backward(dlogits.sum(1, keepdims=True) * real[..., None], sr)
        self.writer.backward(dlogits[:, ::-1].cumsum(1)[:, ::-1], sw)


@pytest.fixture
def model():
    return randomize(Sums(7), np.random.default_rng(0))


SOURCE = np.array([[3, 1, 3, 5], [2, 2, 0, 0]])
REAL = np.array([[1, 1, 1, 1], [1, 1, 0, 0]], bool)
DECODER_INPUT = np.array([[6, 4, 4], [6, 1, 0]])
TARGETS = np.array([[4, 4, 5], [1, 5, IGNORE]])
BATCH = (SOURCE, REAL, DECODER_INPUT, TARGETS)


def test_a_batch_by_hand():
    source, target = Rows.joined([np.array([1, 2, 3]), np.array([4])]), Rows.joined([np.array([5]), np.array([6, 7])])
    pad, bos, eos = SPECIAL.pad, SPECIAL.bos, SPECIAL.eos
    found = sequence_batch(source, target, SPECIAL)
    assert found[0].tolist() == [[1, 2, 3, eos], [4, eos, pad, pad]]
    assert found[1].tolist() == [[True] * 4, [True, True, False, False]]
    assert found[2].tolist() == [[bos, 5, pad], [bos, 6, 7]]
    assert found[3].tolist() == [[5, eos, IGNORE], [6, 7, eos]]


def test_the_loss_by_hand(model):
    read, write = model.reader.weight.data, model.writer.weight.data
    total = 0.0
    for row in range(2):
        logits = read[SOURCE[row][REAL[row]]].sum(0)
        for token, target in zip(DECODER_INPUT[row], TARGETS[row], strict=True):
            logits = logits + write[token]
            if target != IGNORE:
                total -= logits[target] - np.log(np.exp(logits).sum())
    assert sequence_to_sequence(model, *BATCH)[0] == pytest.approx(total / 5, abs=1e-12)


def test_more_padding_changes_nothing(model):
    loss = float(sequence_to_sequence(model, *BATCH)[0])
    padded = [
        np.pad(a, ((0, 0), (0, 2)), constant_values=fill) for a, fill in zip(BATCH, (3, False, 3, IGNORE), strict=True)
    ]
    assert sequence_to_sequence(model, *padded)[0] == pytest.approx(loss, abs=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_its_gradient(model, smoothing):
    def forward(*batch):
        return sequence_to_sequence(model, *batch, label_smoothing=smoothing)

    errors = layer_errors(
        model,
        BATCH,
        np.random.default_rng(1),
        forward=forward,
        backward=lambda dloss, saved: loss_backward(model, dloss, saved),
    )
    assert len(errors) == 2 and all(error < LIMIT for error in errors.values()), errors


def test_targets_are_checked(model):
    with pytest.raises(ValueError, match=r"targets are \(2, 2\) but ids are \(2, 3\)"):
        sequence_to_sequence(model, SOURCE, REAL, DECODER_INPUT, TARGETS[:, 1:])
    with pytest.raises(ValueError, match="target 7 is outside the vocabulary of 7"):
        sequence_to_sequence(model, SOURCE, REAL, DECODER_INPUT, np.where(TARGETS == 1, 7, TARGETS))
