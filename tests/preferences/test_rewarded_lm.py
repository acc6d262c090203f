"""The objectives on a model: what they reduce to, what is scored, and that a batch can be shared out."""

import numpy as np
import pytest

from minillm.models import GPT, GPTConfig, GPTWithValue
from minillm.objectives import CAUSAL
from minillm.ops import IGNORE
from minillm.preferences.rewarded_lm import awr_objective, rwr_objective, unlikelihood_objective

CONFIG = GPTConfig(11, context=7, layers=2, heads=2, d_model=6)
IDS = np.array([[3, 1, 3, 9, 0], [7, 3, 2, 2, 10]])
TARGETS = np.array([[1, 3, IGNORE, 0, 4], [3, IGNORE, 2, 10, IGNORE]])
NO_REWARDS = np.zeros(IDS.shape, np.float32)
REWARDS = np.array([[0, -1, -1, 0, 0], [-1, -1, 0, 0, -1]], np.float32)

OBJECTIVES = {"unlikelihood": unlikelihood_objective(), "rwr": rwr_objective(), "awr": awr_objective()}


def model_for(name, dtype=np.float64):
    model = GPT(CONFIG, seed=3, dtype=dtype)
    model.vector.data *= 20
    return GPTWithValue(model) if name == "awr" else model


def gradient(objective, model, *batch):
    model.vector.zero_grad()
    loss, saved = objective.forward(model, *batch)
    objective.backward(model, 1.0, saved)
    return float(loss), model.vector.grad.copy()


@pytest.mark.parametrize("name", ["unlikelihood", "rwr"])
def test_where_all_is_good_it_is_causal_language_modelling(name):
    model = model_for(name)
    loss, grad = gradient(OBJECTIVES[name], model, IDS, NO_REWARDS, TARGETS)
    expected, right = gradient(CAUSAL, model, IDS, TARGETS)
    assert loss == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(grad, right, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_it_is_judged_by_the_text_alone(name):
    model = model_for(name)
    found, _ = OBJECTIVES[name].evaluate(model, IDS, TARGETS)
    assert float(found) == float(CAUSAL.forward(model.body, IDS, TARGETS)[0])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_what_is_not_scored_has_no_say(name):
    changed = np.where(TARGETS == IGNORE, -77, REWARDS).astype(np.float32)
    model = model_for(name)
    one = gradient(OBJECTIVES[name], model, IDS, REWARDS, TARGETS)
    other = gradient(OBJECTIVES[name], model, IDS, changed, TARGETS)
    assert one[0] == other[0]
    np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_shares_weighted_by_their_targets_make_the_whole(name):
    model, objective = model_for(name), OBJECTIVES[name]
    loss, grad = gradient(objective, model, IDS, REWARDS, TARGETS)
    parts = [gradient(objective, model, IDS[i : i + 1], REWARDS[i : i + 1], TARGETS[i : i + 1]) for i in range(2)]
    shares = np.array([4, 3]) / 7
    assert loss == pytest.approx(sum(share * part[0] for share, part in zip(shares, parts, strict=True)), abs=1e-12)
    np.testing.assert_allclose(
        sum(share * part[1] for share, part in zip(shares, parts, strict=True)), grad, atol=1e-12
    )


@pytest.mark.parametrize("name", OBJECTIVES)
def test_float32_stays_float32(name):
    model = model_for(name, np.float32)
    loss, saved = OBJECTIVES[name].forward(model, IDS, REWARDS, TARGETS)
    assert loss.dtype == np.float32 and saved.dlogp.dtype == np.float32
    assert saved.dvalues is None or saved.dvalues.dtype == np.float32


def test_a_bad_line_becomes_unlikely_and_a_value_learns_its_reward():
    for name, objective in OBJECTIVES.items():
        model, bad = model_for(name), np.full(IDS.shape, -1, np.float32)
        model.vector.data /= 20  # all tokens about equally likely
        targets = np.full(IDS.shape, 5)
        before, saved = objective.forward(model, IDS, bad, targets)
        objective.backward(model, 1.0, saved)
        model.vector.data -= 1e-3 * model.vector.grad
        assert objective.forward(model, IDS, bad, targets)[0] < before, name
        if name == "awr":
            assert (model.forward(IDS)[0][1] < 0).all()
