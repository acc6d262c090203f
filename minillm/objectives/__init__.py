"""Objectives: what pretraining minimises."""

from minillm.objectives.causal import CAUSAL, causal_lm, causal_lm_backward
from minillm.objectives.classification import CLASSIFICATION, classification, classification_backward
from minillm.objectives.denoise import DenoisingData
from minillm.objectives.masked import MASKED, MaskedData, masked_lm, masked_lm_backward
from minillm.objectives.objective import Data, Objective
from minillm.objectives.pieces import Sentences, Windows
from minillm.objectives.prefix_lm import PrefixData
from minillm.objectives.question_answering import (
    QUESTION_ANSWERING,
    question_answering,
    question_answering_backward,
)
from minillm.objectives.rows import Rows, Texts
from minillm.objectives.sequence_to_sequence import (
    SEQUENCE_TO_SEQUENCE,
    sequence_batch,
    sequence_to_sequence,
    sequence_to_sequence_backward,
)
from minillm.objectives.span import SpanData, fitting_lengths
from minillm.objectives.special_tokens import SpecialTokens
from minillm.objectives.words import sentence_starts, word_starts

__all__ = [
    "CAUSAL",
    "CLASSIFICATION",
    "MASKED",
    "QUESTION_ANSWERING",
    "SEQUENCE_TO_SEQUENCE",
    "Data",
    "DenoisingData",
    "MaskedData",
    "Objective",
    "PrefixData",
    "Rows",
    "Sentences",
    "SpanData",
    "SpecialTokens",
    "Texts",
    "Windows",
    "causal_lm",
    "causal_lm_backward",
    "classification",
    "classification_backward",
    "fitting_lengths",
    "masked_lm",
    "masked_lm_backward",
    "question_answering",
    "question_answering_backward",
    "sentence_starts",
    "sequence_batch",
    "sequence_to_sequence",
    "sequence_to_sequence_backward",
    "word_starts",
]
