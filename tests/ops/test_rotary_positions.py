"""Rotary positions: a product of two turned vectors knows their distance, and nothing else of where they stand."""

import math

import numpy as np
import pytest

from minillm import ops

FLOAT64 = np.dtype(np.float64)


def turned(x, positions, frequencies):
    cos, sin = ops.rotary_angles(tuple(frequencies), max(positions) + 1, FLOAT64, np)
    return ops.rotary(x, cos[positions], sin[positions])[0]


def test_it_is_the_rotation_of_each_pair_by_hand():
    x = np.random.default_rng(0).standard_normal((1, 1, 4, 6))
    frequencies = ops.rotary_frequencies(6, theta=50.0)
    y = turned(x, [0, 1, 2, 3], frequencies)
    np.testing.assert_array_equal(y[0, 0, 0], x[0, 0, 0])
    for position in range(4):
        for i in range(3):
            angle = position * 50.0 ** (-2 * i / 6)
            as_complex = complex(x[0, 0, position, i], x[0, 0, position, i + 3])
            expected = as_complex * complex(math.cos(angle), math.sin(angle))
            assert complex(y[0, 0, position, i], y[0, 0, position, i + 3]) == pytest.approx(expected, rel=1e-12)


def test_a_product_depends_on_the_distance_only():
    q, k = np.random.default_rng(0).standard_normal((2, 1, 1, 1, 8))
    frequencies = ops.rotary_frequencies(8)

    def score(i, j):
        return (turned(q, [i], frequencies) * turned(k, [j], frequencies)).sum()

    assert score(5, 2) == pytest.approx(score(105, 102), rel=1e-10)
    assert abs(score(5, 2) - score(5, 3)) > 1e-3


def test_interpolation_puts_positions_closer_together():
    """Position 8 with factor 4 is position 2 of the model as it was trained."""
    x = np.random.default_rng(0).standard_normal((1, 1, 1, 8))
    stretched = ops.rotary_frequencies(8, factor=4.0)
    np.testing.assert_allclose(turned(x, [8], stretched), turned(x, [2], ops.rotary_frequencies(8)), rtol=1e-12)


def test_with_the_original_context_only_slow_columns_are_interpolated():
    plain = ops.rotary_frequencies(64, 500000.0)
    scaled = ops.rotary_frequencies(64, 500000.0, factor=8.0, original_context=8192)
    turns = 8192 * plain / (2 * math.pi)
    np.testing.assert_array_equal(scaled[turns >= 4], plain[turns >= 4])
    np.testing.assert_array_equal(scaled[turns <= 1], plain[turns <= 1] / 8)
    between = (turns > 1) & (turns < 4)
    assert between.any() and (scaled < plain)[between].all() and (scaled > plain / 8)[between].all()
