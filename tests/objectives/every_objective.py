"""Every objective of the library, each with a small model and an uneven batch: some targets are ignored, and in some rows all."""

from typing import NamedTuple

import numpy as np

from minillm.alignment import PairBatch, PairData, TokenPairs, offline_objective
from minillm.alignment.reward_model import REWARD_MODEL, RewardData
from minillm.finetuning import TextBatch
from minillm.layers.gradcheck import randomize
from minillm.models import (
    GPT,
    T5,
    ClassifierConfig,
    EncoderConfig,
    GPTConfig,
    GPTWithValue,
    MaskedLM,
    Model,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
    T5Config,
    Transformer,
    TransformerConfig,
)
from minillm.objectives import (
    CAUSAL,
    CLASSIFICATION,
    MASKED,
    QUESTION_ANSWERING,
    SEQUENCE_TO_SEQUENCE,
    MaskedBatch,
    Objective,
    SequenceBatch,
)
from minillm.ops import IGNORE
from minillm.preferences.rewarded_lm import awr_objective, rwr_objective, unlikelihood_objective
from minillm.preferences.segments import RewardedBatch
from minillm.text import CausalBatch

V, B, T, C = 13, 10, 7, 3
SIZES = {"layers": 1, "heads": 2, "d_model": 6, "d_ff": 5}
GPT_CONFIG = GPTConfig(V, context=12, **SIZES)
ENCODER_CONFIG = EncoderConfig(V, context=T, token_types=2, **SIZES)
rng = np.random.default_rng(4)

ids = rng.integers(0, V, (B, T))
mask = np.arange(T) < rng.integers(2, T + 1, (B, 1))  # texts of uneven length
types = rng.integers(0, 2, (B, T))
# Uneven targets: every row has others that are ignored, and rows 2 and 5 to 8 have none at all
targets = np.where(mask & (rng.random((B, T)) < 0.6), ids[:, ::-1], IGNORE)
targets[[0, 1, 3, 4, 9], 0] = 3
targets[[2, 5, 6, 7, 8]] = IGNORE
labels = np.where((targets != IGNORE).any(axis=1), rng.integers(0, C, B), IGNORE)
spans = np.where(labels[:, None] != IGNORE, np.stack([np.zeros(B, np.int64), mask.sum(axis=1) - 1], axis=1), IGNORE)
rewards = -rng.random((B, T)).astype(np.float32)
texts = [[rng.integers(0, V, rng.integers(1, most)) for _ in range(B)] for most in (4, 7, 7)]
pairs = TokenPairs(*texts)


def gpt() -> GPT:
    return GPT(GPT_CONFIG, dtype=np.float64)


def classifier(classes: int = C, body=GPT_CONFIG) -> SequenceClassifier:
    return SequenceClassifier(ClassifierConfig(body, classes), dtype=np.float64)


class QuestionBatch(NamedTuple):
    """The library has no data for questions yet."""

    inputs: np.ndarray
    mask: np.ndarray
    token_types: np.ndarray
    spans: np.ndarray


def pair_batch(mismatched: bool = False) -> PairBatch:
    data = PairData(pairs, pairs, mismatched=mismatched)
    data.ask_reference(randomize(gpt(), np.random.default_rng(8)))
    return next(data.validation_batches(B))


class Case(NamedTuple):
    objective: Objective
    model: Model
    batch: NamedTuple


def sequences(model: Model) -> Case:
    return Case(SEQUENCE_TO_SEQUENCE, model, SequenceBatch(ids, mask, np.roll(targets, 1, axis=1) % V, targets))


def offline(method: str, **options) -> Case:
    return Case(offline_objective(method, **options), gpt(), pair_batch(mismatched=method == "kto"))


CASES = {
    "causal": lambda: Case(CAUSAL, gpt(), CausalBatch(ids, targets)),
    "masked": lambda: Case(MASKED, MaskedLM(ENCODER_CONFIG, dtype=np.float64), MaskedBatch(ids, mask, targets)),
    "seq2seq-transformer": lambda: sequences(Transformer(TransformerConfig(V, dropout=0.0, **SIZES), dtype=np.float64)),
    "seq2seq-t5": lambda: sequences(T5(T5Config(V, dropout=0.0, **SIZES), dtype=np.float64)),
    "classification": lambda: Case(CLASSIFICATION, classifier(body=ENCODER_CONFIG), TextBatch(ids, mask, labels)),
    "question-answering": lambda: Case(
        QUESTION_ANSWERING,
        QuestionAnswering(QuestionAnsweringConfig(ENCODER_CONFIG), dtype=np.float64),
        QuestionBatch(ids, mask, types, spans),
    ),
    "unlikelihood": lambda: Case(unlikelihood_objective(threshold=-0.5), gpt(), RewardedBatch(ids, rewards, targets)),
    "rwr": lambda: Case(rwr_objective(beta=0.5), gpt(), RewardedBatch(ids, rewards, targets)),
    "awr": lambda: Case(awr_objective(beta=0.5), GPTWithValue(gpt()), RewardedBatch(ids, rewards, targets)),
    "dpo": lambda: offline("dpo", beta=0.3),
    "dpo-conservative": lambda: offline("dpo", beta=0.3, label_smoothing=0.2),
    "robust": lambda: offline("robust", beta=0.3, label_smoothing=0.2),
    "hinge": lambda: offline("hinge", beta=0.3),
    "ipo": lambda: offline("ipo", beta=0.3),
    "kto": lambda: offline("kto", beta=0.3),
    "orpo": lambda: offline("orpo", beta=0.3),
    "simpo": lambda: offline("simpo", beta=0.3),
    "reward-model": lambda: Case(REWARD_MODEL, classifier(1), next(RewardData(pairs, pairs).validation_batches(B))),
}
