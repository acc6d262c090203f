"""Dropout: off without a generator, the right share with one, and never the same unit by accident."""

import math

import numpy as np
import pytest

from minillm.layers import Dropout


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5])
def test_an_impossible_rate_is_an_error(rate):
    with pytest.raises(ValueError, match=rf"must lie in \[0, 1\), got {rate}"):
        Dropout(rate)


def test_without_a_generator_or_at_rate_zero_nothing_happens():
    x = np.random.default_rng(0).standard_normal((3, 5))
    for layer, rng in ((Dropout(0.5), None), (Dropout(0.0), np.random.default_rng(0))):
        y, saved = layer.forward(x, rng=rng)
        np.testing.assert_array_equal(y, x)
        np.testing.assert_array_equal(layer.backward(x, saved), x)
    untouched, fresh = np.random.default_rng(0), np.random.default_rng(0)
    Dropout(0.0).forward(x, rng=untouched)
    assert untouched.random() == fresh.random()


def test_the_share_dropped_and_the_mean_kept():
    y, keep = Dropout(0.3).forward(np.ones((400, 500)), rng=np.random.default_rng(0))
    assert abs((y == 0).mean() - 0.3) < 5 * math.sqrt(0.3 * 0.7 / y.size)
    assert abs(y.mean() - 1) < 5 * math.sqrt(0.3 / 0.7 / y.size)
    for axis in (0, 1):  # no row and no column is favoured: the spread of their means is that of independent draws
        spread = (keep == 0).mean(axis).std()
        assert spread == pytest.approx(math.sqrt(0.3 * 0.7 / y.shape[axis]), rel=0.2)


def test_two_draws_from_one_generator_differ():
    rng = np.random.default_rng(0)
    layer, x = Dropout(0.5), np.ones((10, 10))
    assert (layer.forward(x, rng=rng)[0] != layer.forward(x, rng=rng)[0]).any()


def test_backward_drops_what_forward_dropped():
    layer, x = Dropout(0.5), np.ones((10, 10))
    y, saved = layer.forward(x, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(layer.backward(np.ones_like(y), saved), y)
