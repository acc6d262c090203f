"""The kernels of layer norm and RMS norm give what the op gives on a processor."""

import numpy as np
import pytest

from minillm import ops
from tests.kernels.compare import launched, numbers, on, same

SHAPES = [(3, 1), (1, 5, 31), (70, 33), (2, 2, 257), (3, 1000)]


@pytest.mark.parametrize("shape", SHAPES)
def test_forward_and_backward(gpu, shape):
    x, gamma, beta, dy = numbers(shape, shape[-1:], shape[-1:], shape)
    y, saved = ops.layer_norm(x, gamma, beta)
    with launched() as names:
        same(ops.layer_norm(*on(gpu, x, gamma, beta)), (y, saved))
        same(ops.layer_norm_backward(*on(gpu, dy, saved)), ops.layer_norm_backward(dy, saved))
    assert names == ["layer_norm", "layer_norm_backward", "norm_backward_weights", "sum_of_parts"]


@pytest.mark.parametrize("shape", SHAPES)
def test_rms_norm_forward_and_backward(gpu, shape):
    x, gamma, dy = numbers(shape, shape[-1:], shape)
    y, saved = ops.rms_norm(x, gamma)
    with launched() as names:
        same(ops.rms_norm(*on(gpu, x, gamma)), (y, saved))
        same(ops.rms_norm_backward(*on(gpu, dy, saved)), ops.rms_norm_backward(dy, saved))
    assert names == ["rms_norm", "rms_norm_backward", "norm_backward_weights", "sum_of_parts"]


def test_the_rows_are_summed_in_several_parts(gpu):
    """More rows than the parts together have threads, so that each thread has several."""
    dy, xhat, rstd, gamma = numbers((2100, 3), (2100, 3), (2100, 1), (3,))
    saved = ops.normalization.NormSaved(xhat, rstd, gamma)
    same(ops.layer_norm_backward(*on(gpu, dy, saved)), ops.layer_norm_backward(dy, saved))


def test_without_the_gradients_of_gain_and_shift(gpu):
    x, gamma, beta, dy = numbers((4, 40), (40,), (40,), (4, 40))
    _, saved = ops.layer_norm(x, gamma, beta)
    with launched() as names:
        _, dgamma, dbeta = ops.layer_norm_backward(*on(gpu, dy, saved), weights=False)
        assert dgamma is None and dbeta is None
        assert ops.rms_norm_backward(*on(gpu, dy, saved), weights=False)[1] is None
    assert names == ["layer_norm_backward", "rms_norm_backward"]


def test_what_is_added_to_the_variance_may_be_an_integer(gpu):
    x, gamma, beta = numbers((2, 40), (40,), (40,))
    same(ops.layer_norm(*on(gpu, x, gamma, beta), 1)[0], ops.layer_norm(x, gamma, beta, 1)[0])
    same(ops.rms_norm(*on(gpu, x, gamma), 1)[0], ops.rms_norm(x, gamma, 1)[0])


def test_a_row_whose_squares_overflow_is_not_a_number(gpu):
    x, gamma, beta = numbers((2, 40), (40,), (40,))
    x[1] *= 1e30
    for y, _ in (ops.layer_norm(*on(gpu, x, gamma, beta)), ops.rms_norm(*on(gpu, x, gamma))):
        assert np.isfinite(y[0].get()).all() and np.isnan(y[1].get()).all()
