"""The kernels of the two GELUs and the SiLU give what the ops give on a processor."""

import numpy as np
import pytest

from minillm import ops
from tests.kernels.compare import launched, numbers, on, same

PAIRS = {
    "gelu": (ops.gelu, ops.gelu_backward),
    "gelu_erf": (ops.gelu_erf, ops.gelu_erf_backward),
    "silu": (ops.silu, ops.silu_backward),
}


@pytest.mark.parametrize("shape", [(1,), (1, 31), (33,), (3, 1, 257), (4, 1000)])
@pytest.mark.parametrize("name", PAIRS)
def test_forward_and_backward(gpu, name, shape):
    (forward, backward), (x, dy) = PAIRS[name], numbers(shape, shape)
    y, saved = forward(2 * x)
    with launched() as names:
        same(forward(*on(gpu, 2 * x)), (y, saved))
        same(backward(*on(gpu, dy, saved)), backward(dy, saved))
    assert names == [name, f"{name}_backward"]


@pytest.mark.parametrize("name", PAIRS)
def test_far_from_zero_it_is_zero_or_the_number_itself(gpu, name):
    forward, backward = PAIRS[name]
    far = np.array([-1e30, -90, 90, 1e30], np.float32)
    y, saved = forward(gpu.asarray(far))
    np.testing.assert_array_equal(y.get(), [0, 0, *far[2:]])
    np.testing.assert_array_equal(backward(gpu.ones(4, np.float32), saved).get(), [0, 0, 1, 1])
