"""A batch cut into shares: for every objective, n workers and a accumulations have the gradient of one pass."""

from typing import NamedTuple

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.layers.gradcheck import randomize
from minillm.training import Trainer, TrainOptions
from tests.objectives.every_objective import CASES, B, Case


class Fixed:
    """Data that gives one batch."""

    def __init__(self, batch: NamedTuple):
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


@pytest.mark.parametrize(
    "shared", [{"batch": 4}, {"batch": 20}, {"batch": 10, "accumulate": 2}, {"batch": 2, "accumulate": 2, "workers": 2}]
)
def test_a_batch_of_another_length_than_asked_for_is_shared_whole(shared, monkeypatch):
    """As the last one of an epoch is shorter."""
    loss, whole = loss_and_gradient(CASES["causal"](), batch=B)
    monkeypatch.setattr(Fixed, "batch", lambda data, rng, size: data.all)
    found, gradient = loss_and_gradient(CASES["causal"](), **shared)
    assert found == pytest.approx(loss, rel=1e-12)
    assert np.linalg.norm(gradient - whole) < 1e-12 * np.linalg.norm(whole)


def test_a_batch_that_is_too_short_for_its_shares_is_told_of(monkeypatch):
    monkeypatch.setattr(Fixed, "batch", lambda data, rng, size: data.all)
    with pytest.raises(InputError, match="a batch of 10, which 12 shares can't have: 6 passes of 2"):
        loss_and_gradient(CASES["causal"](), batch=2, accumulate=6, workers=2)


def test_the_kl_of_kto_is_above_zero_here_and_differs_from_share_to_share():
    """Else each share could clamp its own estimate to zero, and the test above would not see it."""
    objective, model, batch = CASES["kto"]()
    measured = objective.measure(randomize(model, np.random.default_rng(5)), **batch._asdict())
    gains = np.diff(measured[:, ::-1])
    assert gains.mean() > 0.1 and (gains < 0).any()
