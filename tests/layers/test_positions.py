"""Positions: the paper's formula, any length from any start, and the learned kind beside it."""

import math

import numpy as np
import pytest

from minillm.layers import LearnedPositions, SinusoidalPositions
from minillm.ops import sinusoidal_positions


@pytest.mark.parametrize("d_model", [2, 6, 64])
def test_sinusoidal_positions_are_the_formula(d_model):
    code = sinusoidal_positions(11, d_model)
    assert code.shape == (11, d_model) and code.dtype == np.float64
    for pos in range(11):
        for i in range(d_model // 2):
            angle = pos / 10000 ** (2 * i / d_model)
            assert code[pos, 2 * i] == pytest.approx(math.sin(angle), abs=1e-14)
            assert code[pos, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-14)


def test_any_start_and_any_length():
    whole = sinusoidal_positions(5000, 6)
    np.testing.assert_array_equal(sinusoidal_positions(7, 6, start=4001), whole[4001:4008])
    assert sinusoidal_positions(0, 6).shape == (0, 6)


def test_moving_on_is_a_rotation():
    """Why sines: PE(pos + k) is a fixed linear map of PE(pos), whatever pos is (Vaswani et al. 2017, section 3.5)."""
    code, k = sinusoidal_positions(30, 8), 4
    for i in range(4):
        angle = k / 10000 ** (2 * i / 8)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        pair = code[:, 2 * i : 2 * i + 2]
        np.testing.assert_allclose(pair[:-k] @ turn, pair[k:], atol=1e-12)


@pytest.mark.parametrize("make", [lambda: sinusoidal_positions(3, 5), lambda: SinusoidalPositions(5)])
def test_an_odd_width_is_an_error_that_says_so(make):
    with pytest.raises(ValueError, match="even d_model, got 5"):
        make()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("start", [0, 3])
def test_sinusoidal_layer_adds_the_code_to_every_sequence(dtype, start):
    x = np.random.default_rng(0).standard_normal((2, 5, 6)).astype(dtype)
    y, saved = SinusoidalPositions(6).forward(x, start)
    assert y.dtype == dtype
    np.testing.assert_allclose(y - x, np.stack([sinusoidal_positions(5, 6, start)] * 2), atol=1e-6)
    assert not list(SinusoidalPositions(6).named_parameters())
    np.testing.assert_array_equal(SinusoidalPositions(6).backward(x, saved), x)


def test_learned_layer_adds_its_rows():
    layer = LearnedPositions(7, 6, np.random.default_rng(0))
    y, saved = layer.forward(np.zeros((2, 4, 6)), start=3)
    np.testing.assert_array_equal(y, np.stack([layer.weight.data[3:7]] * 2))
    layer.backward(np.ones((2, 4, 6)), saved)
    np.testing.assert_array_equal(layer.weight.grad, np.repeat([0, 0, 0, 2, 2, 2, 2], 6).reshape(7, 6))


def test_learned_positions_end():
    layer = LearnedPositions(7, 6, np.random.default_rng(0))
    for length, start in ((8, 0), (4, 4)):
        with pytest.raises(ValueError, match="learned positions for 7 tokens, but the text has 8"):
            layer.forward(np.zeros((2, length, 6)), start)


def test_learned_positions_given_the_sines_are_the_sines():
    layer, x = LearnedPositions(7, 6, np.random.default_rng(0)), np.random.default_rng(1).standard_normal((2, 4, 6))
    layer.weight.data[...] = sinusoidal_positions(7, 6)
    for start in (0, 3):
        np.testing.assert_array_equal(layer.forward(x, start)[0], SinusoidalPositions(6).forward(x, start)[0])
