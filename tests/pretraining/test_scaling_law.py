"""A scaling law is found again from runs that follow it, and its best size is the best one."""

import itertools

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.pretraining.scaling_law import ScalingLaw, fit_scaling_law

LAW = ScalingLaw(floor=1.7, A=300.0, a=0.6, B=900.0, b=0.45)
SIZES, TOKENS = np.array([*itertools.product((1e3, 4e3, 2e4, 1e5), (1e5, 6e5, 4e6))]).T


def test_runs_that_follow_a_law_give_it_back():
    found = fit_scaling_law(SIZES, TOKENS, LAW.loss(SIZES, TOKENS))
    assert found.floor == pytest.approx(LAW.floor, abs=0.01)
    assert (found.a, found.b) == pytest.approx((LAW.a, LAW.b), abs=0.01)
    assert found.loss(1e6, 1e8) == pytest.approx(LAW.loss(1e6, 1e8), rel=0.002)


def test_noise_of_half_a_percent_moves_a_forecast_by_little_more():
    noise = np.random.default_rng(0).normal(1, 0.005, len(SIZES))
    found = fit_scaling_law(SIZES, TOKENS, LAW.loss(SIZES, TOKENS) * noise)
    assert found.loss(3e5, 3e7) == pytest.approx(LAW.loss(3e5, 3e7), rel=0.02)


def test_no_size_is_better_than_the_best_for_the_same_operations():
    flops = 1e12
    weights, tokens = LAW.best_size(flops)
    assert 6 * weights * tokens == pytest.approx(flops)
    others = weights * np.geomspace(0.2, 5, 200)
    assert LAW.loss(weights, tokens) <= LAW.loss(others, flops / (6 * others)).min()


def test_larger_models_that_are_worse_follow_no_law():
    with pytest.raises(InputError, match="No law fits"):
        fit_scaling_law(SIZES, TOKENS, -LAW.loss(SIZES, TOKENS))
    with pytest.raises(InputError, match="4 runs can't fit"):
        fit_scaling_law(SIZES[:4], TOKENS[:4], LAW.loss(SIZES, TOKENS)[:4])
