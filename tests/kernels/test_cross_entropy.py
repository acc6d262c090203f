"""The kernels of cross-entropy give what the op gives on a processor."""

import numpy as np
import pytest

from minillm import ops
from tests.kernels.compare import launched, numbers, on, same


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(3, 1), (2, 5, 31), (7, 33), (1, 2, 257), (3, 1000)])
def test_forward_and_backward(gpu, shape, smoothing):
    (logits,) = numbers(shape)
    targets = np.random.default_rng(1).integers(shape[-1], size=shape[:-1])
    targets.reshape(-1)[1] = ops.IGNORE
    loss, saved = ops.cross_entropy(5 * logits, targets, smoothing)
    with launched() as names:
        same(ops.cross_entropy(*on(gpu, 5 * logits, targets), smoothing), (loss, saved))
        same(ops.cross_entropy_backward(0.7, *on(gpu, saved)), ops.cross_entropy_backward(0.7, saved))
    assert names == ["log_softmax", "cross_entropy_backward"]


def test_the_gradient_of_the_loss_may_be_an_array_on_the_device_and_of_float64(gpu):
    _, saved = ops.cross_entropy(*numbers((3, 5)), np.array([0, 4, 2]))
    for dloss in (gpu.full((), 0.7, np.float32), gpu.full((), 0.7, np.float64), np.float64(0.7)):
        same(ops.cross_entropy_backward(dloss, *on(gpu, saved)), ops.cross_entropy_backward(0.7, saved))


def test_large_logits_do_not_overflow(gpu):
    logits = np.array([[1e30, -1e30, 0], [-3e38, 3e38, 1], [500, 501, 502]])
    loss, saved = ops.cross_entropy(logits[2:], np.array([1]))
    same(ops.cross_entropy(*on(gpu, logits[2:], np.array([1]))), (loss, saved))
    logp = ops.log_softmax(*on(gpu, logits[:2])).get()
    assert logp[0, 0] == 0 and logp[1, 1] == 0 and (logp[0, 1:] < -1e29).all()


def test_a_row_of_the_lowest_numbers_is_as_any_other(gpu):
    logits = np.full((2, 40), -3.3e38, np.float32)
    logits[1, 5:] = -np.inf
    same(ops.log_softmax(gpu.asarray(logits[:1])), ops.log_softmax(logits[:1]))
    found = ops.log_softmax(gpu.asarray(logits)).get()
    np.testing.assert_allclose(found[1, :5], np.full(5, -np.log(5)), rtol=1e-6)
    assert (found[1, 5:] == -np.inf).all()


def test_what_is_not_a_number_stays_so(gpu):
    for wrong in (np.nan, np.inf):
        logits = np.ones((2, 40))
        logits[1, 35] = wrong
        logp = ops.log_softmax(*on(gpu, logits)).get()
        assert np.isfinite(logp[0]).all() and np.isnan(logp[1]).all()
