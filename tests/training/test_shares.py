"""A batch cut into shares: for every objective, n workers and a accumulations have the gradient of one pass."""

import sys
from typing import NamedTuple

import numpy as np
import pytest

from minillm.alignment import PairData, TokenPairs, offline_objective
from minillm.alignment.reward_model import REWARD_MODEL, RewardData
from minillm.finetuning.last_layer import LAST_LAYER, LastLayer
from minillm.gradcheck import randomize
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
from minillm.objectives import CAUSAL, CLASSIFICATION, MASKED, QUESTION_ANSWERING, SEQUENCE_TO_SEQUENCE, Objective
from minillm.ops import IGNORE
from minillm.preferences.rewarded_lm import awr_objective, rwr_objective, unlikelihood_objective
from minillm.training import Trainer, TrainOptions

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
rewards = -rng.random((B, T))
texts = [[rng.integers(0, V, rng.integers(1, most)) for _ in range(B)] for most in (4, 7, 7)]
pairs = TokenPairs(*texts)


def gpt() -> GPT:
    return GPT(GPT_CONFIG, dtype=np.float64)


def classifier(classes: int = C, body=GPT_CONFIG) -> SequenceClassifier:
    return SequenceClassifier(ClassifierConfig(body, classes), dtype=np.float64)


def pair_batch(mismatched: bool = False) -> tuple[np.ndarray, ...]:
    data = PairData(pairs, pairs, mismatched=mismatched)
    data.ask_reference(randomize(gpt(), np.random.default_rng(8)))
    return next(data.validation_batches(B))


class Case(NamedTuple):
    objective: Objective
    model: Model
    batch: tuple[np.ndarray, ...]


def sequences(model: Model) -> Case:
    return Case(SEQUENCE_TO_SEQUENCE, model, (ids, mask, np.roll(targets, 1, axis=1) % V, targets))


def offline(method: str, **options) -> Case:
    return Case(offline_objective(method, **options), gpt(), pair_batch(mismatched=method == "kto"))


CASES = {
    "causal": lambda: Case(CAUSAL, gpt(), (ids, targets)),
    "masked": lambda: Case(MASKED, MaskedLM(ENCODER_CONFIG, dtype=np.float64), (ids, mask, targets)),
    "seq2seq-transformer": lambda: sequences(Transformer(TransformerConfig(V, dropout=0.0, **SIZES), dtype=np.float64)),
    "seq2seq-t5": lambda: sequences(T5(T5Config(V, dropout=0.0, **SIZES), dtype=np.float64)),
    "classification": lambda: Case(CLASSIFICATION, classifier(body=ENCODER_CONFIG), (ids, mask, labels)),
    "last-layer": lambda: Case(LAST_LAYER, LastLayer(classifier()), (rng.standard_normal((B, 6)), labels)),
    "question-answering": lambda: Case(
        QUESTION_ANSWERING,
        QuestionAnswering(QuestionAnsweringConfig(ENCODER_CONFIG), dtype=np.float64),
        (ids, mask, types, spans),
    ),
    "unlikelihood": lambda: Case(unlikelihood_objective(threshold=-0.5), gpt(), (ids, rewards, targets)),
    "rwr": lambda: Case(rwr_objective(beta=0.5), gpt(), (ids, rewards, targets)),
    "awr": lambda: Case(awr_objective(beta=0.5), GPTWithValue(gpt()), (ids, rewards, targets)),
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


class Fixed:
    """Data that gives one batch."""

    def __init__(self, batch: tuple[np.ndarray, ...]):
        self.all = batch

    def batch(self, rng, size):
        assert size == B
        return self.all


def loss_and_gradient(case: Case, **options) -> tuple[float, np.ndarray]:
    model = randomize(case.model, np.random.default_rng(5))
    trainer = Trainer(model, Fixed(case.batch), TrainOptions(**options), case.objective)
    with trainer.workers:
        return float(trainer.gradient(0)), model.vector.grad.copy()


@pytest.mark.parametrize("name", CASES)
def test_many_workers_and_accumulations_equal_one_pass(name):
    case = CASES[name]()
    loss, whole = loss_and_gradient(case, batch=B)
    assert np.linalg.norm(whole) > 1e-3
    for shared in ({"batch": 5, "accumulate": 2, "workers": 2}, {"batch": 1, "accumulate": B}):
        found, gradient = loss_and_gradient(case, **shared)
        assert found == pytest.approx(loss, rel=1e-12), shared
        assert np.linalg.norm(gradient - whole) < 1e-12 * np.linalg.norm(whole), shared


def test_the_kl_of_kto_is_above_zero_here_and_differs_from_share_to_share():
    """Else each share could clamp its own estimate to zero, and the test above would not see it."""
    objective, model, batch = CASES["kto"]()
    gains = np.diff(objective.measure(randomize(model, np.random.default_rng(5)), *batch)[:, ::-1])
    assert gains.mean() > 0.1 and (gains < 0).any()


def test_no_objective_of_the_library_is_left_out():
    there = {
        id(thing)
        for name, module in list(sys.modules.items())
        if name.startswith("minillm.")
        for thing in vars(module).values()
        if isinstance(thing, Objective)
    }
    tried = [case() for case in CASES.values()]
    assert there <= {id(case.objective) for case in tried}
