"""The kernel of dropout's mask draws the very numbers that the op draws on a processor."""

import numpy as np
import pytest

from minillm import ops
from minillm.backend import CounterGenerator
from tests.kernels.compare import launched
from tests.kernels.specimens import dropout


def test_the_mask_is_the_same_bit_for_bit(gpu):
    with launched() as names:
        dropout(gpu)
    assert names == ["dropout_mask"] * 4


@pytest.mark.parametrize("rate", [1e-9, 1 - 1e-9, 0, np.float32(0.3)])
def test_the_rate_may_be_almost_nothing_or_almost_all(gpu, rate):
    masks = [ops.dropout_mask((300,), rate, CounterGenerator(xp, np.uint64(3)), np.float32) for xp in (gpu, np)]
    np.testing.assert_array_equal(masks[0].get(), masks[1])


def test_other_random_numbers_and_float64_go_the_plain_way(gpu):
    with launched() as names:
        ops.dropout_mask((3,), 0.5, CounterGenerator(gpu, np.uint64(1)), np.float64)
        ops.dropout_mask((3,), 0.5, CounterGenerator(np, np.uint64(1)), np.float32)
        ops.dropout_mask((0,), 0.5, CounterGenerator(gpu, np.uint64(1)), np.float32)
        ops.dropout_mask((3,), 0.5, np.random.default_rng(1), np.float32)
    assert not names
