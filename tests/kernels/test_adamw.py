"""The kernel of AdamW gives what the optimiser gives on a processor."""

import numpy as np
import pytest

from minillm import kernels
from tests.kernels.compare import launched, numbers, on, same
from tests.kernels.specimens import adamw


def test_steps_with_factors_of_the_host_and_of_the_device(gpu):
    with launched() as names:
        adamw(gpu)
    assert names == ["adamw"] * 6  # a run of matrices and one of vectors, at three updates


@pytest.mark.parametrize("size", [1, 31, 257, 1000])
def test_one_update_is_the_formula(gpu, size):
    w, g, m, v = numbers((size,), (size,), (size,), (size,))
    v *= v
    shrink, unbias, length = 0.99, 3.0, 0.2
    new_m, new_v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
    new_w = shrink * w - length * new_m / (unbias * np.sqrt(new_v) + 1e-3)
    w, g, m, v = on(gpu, w, g, m, v)
    kernels.adamw(w, g, m, v, (shrink, gpu.full((), unbias, np.float32), length), (0.9, 0.99), 1e-3)
    same((w, m, v), (new_w, new_m, new_v))


def test_factors_may_be_numbers_of_any_kind(gpu):
    found = []
    for factors, eps in ((1.0, 3.0, 2.0), 1.0), ((1, np.float32(3), np.float64(2)), 1):
        w, g, m, v = on(gpu, *(np.abs(x) for x in numbers((40,), (40,), (40,), (40,))))
        kernels.adamw(w, g, m, v, factors, (0.9, 0.99), eps)
        found.append(w.get())
    np.testing.assert_array_equal(*found)
