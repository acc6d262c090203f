"""Sequence to sequence: an encoder reads the source, a decoder writes the target, a token at a time."""

from typing import NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.models import EncoderDecoder
from minillm.objectives.causal import check_targets
from minillm.objectives.corrupted import CorruptedData
from minillm.objectives.objective import LossSaved, Objective, loss_backward
from minillm.objectives.pieces import Pieces
from minillm.objectives.rows import Rows
from minillm.ops import IGNORE, cross_entropy
from minillm.text.special_tokens import SpecialTokens


def sequence_to_sequence(
    model: EncoderDecoder,
    source: np.ndarray,
    source_mask: np.ndarray,
    decoder_input: np.ndarray,
    targets: np.ndarray,
    *,
    rng=None,
    label_smoothing: float = 0.0,
) -> tuple[Array, LossSaved]:
    """Mean over the scored places of -log p(target | the source, the targets before it), in nats, a scalar on the device.

    On the host: source and source_mask (B, S), boolean, True = real token; decoder_input and targets (B, T), the targets moved on by one
    with bos in front, and the targets, IGNORE in the padding. Padding of the decoder's input stands on the right, where no real token
    looks: it needs no mask. Sutskever et al. 2014, eq. 1.
    """
    check_targets(targets, decoder_input, model.config.vocab_size)
    logits, sm = model.forward(source, decoder_input, source_mask=source_mask, rng=rng)
    loss, sl = cross_entropy(logits, model.vector.device.xp.asarray(targets), label_smoothing)
    return loss, LossSaved(sm, sl)


def prepare_sequences(
    model: EncoderDecoder, source: np.ndarray, source_mask: np.ndarray, decoder_input: np.ndarray, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """See `Objective`."""
    check_targets(targets, decoder_input, model.config.vocab_size)
    model.check_tokens(source, "source_mask", source_mask)
    model.check_tokens(decoder_input, "target_mask", None)
    return {"source": source, "source_mask": source_mask, "decoder_input": decoder_input, "targets": targets}


SEQUENCE_TO_SEQUENCE = Objective(sequence_to_sequence, loss_backward, prepare=prepare_sequences)


class SequenceBatch(NamedTuple):
    """B texts to read, and the texts to write."""

    source: np.ndarray  # (B, S) int64
    source_mask: np.ndarray  # (B, S) boolean, True = real token
    decoder_input: np.ndarray  # (B, T) int64: the targets moved on by one
    targets: np.ndarray  # (B, T) int64, IGNORE in the padding


def sequence_batch(source: Rows, target: Rows, special: SpecialTokens) -> SequenceBatch:
    """Sources and targets, without their ends, as a batch.

    Source and targets end with eos. The decoder reads bos and the target, so that at each place it has read all before what it writes.
    """
    source = source.after(special.eos)
    return SequenceBatch(
        source=source.padded(special.pad),
        source_mask=source.real(),
        decoder_input=target.before(special.bos).padded(special.pad),
        targets=target.after(special.eos).padded(IGNORE),
    )


class SequenceToSequenceData(CorruptedData):
    """Batches for `sequence_to_sequence`: `corrupt` gives sources and targets."""

    def __init__(self, pieces: Pieces, special: SpecialTokens):
        special.require("bos", "eos")
        super().__init__(pieces, special)

    def collate(self, source: Rows, target: Rows) -> SequenceBatch:
        return sequence_batch(source, target, self.special)
