"""Objectives: what pretraining minimises."""

from minillm.objectives.causal import CAUSAL, causal_lm
from minillm.objectives.classification import CLASSIFICATION, classification
from minillm.objectives.denoise import DenoisingData
from minillm.objectives.masked import MASKED, MaskedBatch, MaskedData, masked_lm
from minillm.objectives.objective import Data, LossSaved, Objective, count_rows, loss_backward
from minillm.objectives.pieces import Sentences, Windows
from minillm.objectives.prefix_lm import PrefixData
from minillm.objectives.question_answering import (
    QUESTION_ANSWERING,
    question_answering,
)
from minillm.objectives.rows import Rows, Texts
from minillm.objectives.sequence_to_sequence import (
    SEQUENCE_TO_SEQUENCE,
    SequenceBatch,
    sequence_batch,
    sequence_to_sequence,
)
from minillm.objectives.span import SpanData, fitting_lengths
from minillm.objectives.words import line_starts, sentence_starts, word_starts

__all__ = [
    "CAUSAL",
    "CLASSIFICATION",
    "MASKED",
    "QUESTION_ANSWERING",
    "SEQUENCE_TO_SEQUENCE",
    "Data",
    "DenoisingData",
    "LossSaved",
    "MaskedBatch",
    "MaskedData",
    "Objective",
    "PrefixData",
    "Rows",
    "Sentences",
    "SequenceBatch",
    "SpanData",
    "Texts",
    "Windows",
    "causal_lm",
    "classification",
    "count_rows",
    "fitting_lengths",
    "line_starts",
    "loss_backward",
    "masked_lm",
    "question_answering",
    "sentence_starts",
    "sequence_batch",
    "sequence_to_sequence",
    "word_starts",
]
