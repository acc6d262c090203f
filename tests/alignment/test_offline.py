"""DPO and its kin on a model: where they begin, what they leave alone, what they learn, and that a batch can be shared out."""

import math

import numpy as np
import pytest

from minillm.alignment import PairData, evaluate_pairs, offline_objective
from minillm.alignment.offline import log_probabilities
from minillm.alignment.pairs import Answers, TokenPairs
from minillm.objectives import causal_lm
from minillm.ops import IGNORE
from minillm.training import Trainer, TrainOptions
from tests.alignment.conftest import make_gpt

METHODS = {"dpo": 0.1, "robust": 0.1, "hinge": 0.1, "ipo": 0.5, "kto": 0.1, "orpo": 0.5, "simpo": 2.0}


@pytest.fixture
def data_for(pairs, gpt):
    def make(method="dpo"):
        data = PairData(pairs.part(np.arange(50)), pairs.part(np.arange(50, 60)), mismatched=method == "kto")
        data.ask_reference(gpt)
        return data

    return make


def objective_for(method):
    return offline_objective(
        method, beta=METHODS[method], label_smoothing=0.1 if method == "robust" else 0.0, gamma=0.5
    )


def gradient(objective, model, batch, **constants):
    model.vector.zero_grad()
    loss, saved = objective.forward(model, **batch._asdict(), **constants)
    objective.backward(model, 1.0, saved)
    return float(loss), model.vector.grad.copy()


@pytest.mark.parametrize(
    ("method", "first"), [("dpo", math.log(2)), ("robust", math.log(2)), ("hinge", 1), ("ipo", 1.0), ("kto", 0.5)]
)
def test_where_it_begins(method, first, gpt, data_for):
    batch = data_for(method).batch(np.random.default_rng(0), 8)
    assert float(objective_for(method).forward(gpt, **batch._asdict())[0]) == pytest.approx(first, abs=1e-6)


def softplus(x):
    """-log σ(-x)."""
    return np.logaddexp(0, x)


def odds(logp):
    return logp - np.log1p(-np.exp(logp))  # their logarithm


PAPERS = {  # g and b: gains log p - log q of the good and the bad answer; lg and lb: their mean log p, of a token
    "dpo": lambda g, b, lg, lb: softplus(-0.1 * (g - b)),
    "robust": lambda g, b, lg, lb: (0.9 * softplus(-0.1 * (g - b)) - 0.1 * softplus(0.1 * (g - b))) / 0.8,
    "hinge": lambda g, b, lg, lb: np.maximum(0, 1 - 0.1 * (g - b)),
    "ipo": lambda g, b, lg, lb: (g - b - 1 / (2 * 0.5)) ** 2,
    "orpo": lambda g, b, lg, lb: -lg + 0.5 * softplus(odds(lb) - odds(lg)),
    "simpo": lambda g, b, lg, lb: softplus(-(2.0 * (lg - lb) - 0.5)),
}


@pytest.mark.parametrize("method", METHODS)
def test_each_method_is_the_formula_of_its_paper(method, data_for):
    """Chosen answers in the places of chosen ones, and each divided by its own length."""
    model, batch = make_gpt(seed=5), data_for(method).batch(np.random.default_rng(0), 8)
    logp = log_probabilities(model, Answers(batch.inputs, batch.targets))
    lengths = (batch.targets != IGNORE).sum(axis=-1)
    assert (lengths[:, 0] != lengths[:, 1]).any()
    gains, means = logp - batch.reference, logp / lengths
    if method == "kto":
        kl = max(gains[:, 2].mean(), 0)
        expected = 1 - 1 / (1 + np.exp(-0.1 * (gains[:, :2] - kl) * [1, -1]))
    else:
        expected = PAPERS[method](gains[:, 0], gains[:, 1], means[:, 0], means[:, 1])
    assert float(objective_for(method).forward(model, **batch._asdict())[0]) == pytest.approx(expected.mean(), rel=1e-9)


def test_log_probabilities_are_sums_over_the_answer_alone(gpt, data_for):
    data = data_for()
    ids, targets = data.training
    for row in range(5):
        for column in range(2):
            scored = np.count_nonzero(targets[row, column] != IGNORE)
            mean, _ = causal_lm(gpt, ids[row, column][None], targets[row, column][None])
            assert data.reference[0][row, column] == pytest.approx(-float(mean) * scored, abs=1e-5)


def test_padding_and_the_batch_beside_it_have_no_say(gpt, data_for):
    data = data_for()
    ids, targets = data.training
    whole = log_probabilities(gpt, Answers(ids, targets))
    changed = ids.copy()
    for row in range(len(ids)):
        for column in range(2):
            end = np.flatnonzero(targets[row, column] != IGNORE)[-1] + 1
            changed[row, column, end:] = 5
    np.testing.assert_allclose(log_probabilities(gpt, Answers(changed, targets)), whole, atol=1e-12)
    alone = log_probabilities(gpt, Answers(ids[3:4], targets[3:4]))
    np.testing.assert_allclose(alone[0], whole[3], atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_shares_make_the_whole(method, data_for):
    model, objective = make_gpt(seed=5), objective_for(method)
    batch = data_for(method).batch(np.random.default_rng(0), 4)
    constants = {"measured": objective.measure(model, **batch._asdict())} if objective.measure else {}
    loss, grad = gradient(objective, model, batch)
    rows = [batch._make(array[i : i + 1] for array in batch) for i in range(4)]
    parts = [gradient(objective, model, row, **constants) for row in rows]
    assert loss == pytest.approx(np.mean([part[0] for part in parts]), abs=1e-10)
    np.testing.assert_allclose(np.mean([part[1] for part in parts], axis=0), grad, rtol=0, atol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_it_learns_what_is_preferred(method, gpt, data_for):
    data, model = data_for(method), make_gpt()
    options = TrainOptions(steps=60, batch=8, lr=1e-2, warmup=0, eval_every=60, weight_decay=0.0)
    before = evaluate_pairs(model, data)
    assert before.accuracy == 0.5 and before.margin == pytest.approx(0, abs=1e-6)
    kept = [array.copy() for array in data.reference]
    losses = [
        p.validation for p in Trainer(model, data, options, objective_for(method)).run() if p.validation is not None
    ]
    after = evaluate_pairs(model, data)
    assert losses[-1] < losses[0] and after.accuracy > 0.9 and after.margin > 0.3
    for array, old in zip(data.reference, kept, strict=True):
        np.testing.assert_array_equal(array, old)
    assert after.margin == pytest.approx(after.chosen - after.rejected)


def test_kto_measures_its_kl_on_answers_to_other_prompts(pairs):
    data = PairData(pairs.part(np.arange(5)), pairs.part(np.arange(5, 9)), mismatched=True)
    ids, targets = data.training
    for row in range(5):
        answer = targets[row, 2][targets[row, 2] != IGNORE]
        np.testing.assert_array_equal(answer, pairs.chosen[(row + 1) % 5])
        np.testing.assert_array_equal(ids[row, 2, : len(pairs.prompts[row])], pairs.prompts[row])


def test_an_answer_to_another_prompt_fits_into_the_context(gpt):
    """Each pair is as long as the context, but one has a long prompt and the next a long answer."""
    long, short = np.arange(1, 11), np.array([1])
    rows = [(long, short), (short, long), (long, short)]
    pairs = TokenPairs(*([row[part] for row in rows] for part in (0, 1)), [row[1] + 0 for row in rows])
    data = PairData(pairs, pairs, mismatched=True, context=12)
    assert data.training.inputs.shape == (3, 3, 12)
    assert data.training.inputs[0, 2].tolist() == [8, 9, 10, *range(1, 10)], (
        "the end of the prompt, and the next answer"
    )
    assert data.training.targets[0, 2].tolist() == [IGNORE, IGNORE, *long]
    assert data.training.inputs[1, 2, :2].tolist() == [1, 0], "what fits is left as it is"
    data.ask_reference(gpt)
    assert np.isfinite(data.reference[0]).all()


def test_float32_stays_float32(data_for):
    model = make_gpt(np.float32)
    for method in METHODS:
        batch = data_for(method).batch(np.random.default_rng(0), 4)
        loss, saved = objective_for(method).forward(model, **batch._asdict())
        assert loss.dtype == np.float32 and saved.dlogp.dtype == np.float32, method
