"""The kernel of dropout's mask draws the very numbers that the op draws on a processor."""

import numpy as np

from minillm import ops
from minillm.backend import CounterGenerator
from tests.kernels.compare import launched
from tests.kernels.specimens import dropout


def test_the_mask_is_the_same_bit_for_bit(gpu):
    with launched() as names:
        dropout(gpu)
    assert names == ["dropout_mask"] * 4


def test_other_random_numbers_and_float64_go_the_plain_way(gpu):
    with launched() as names:
        ops.dropout_mask((3,), 0.5, CounterGenerator(gpu, np.uint64(1)), np.float64)
        ops.dropout_mask((3,), 0.5, CounterGenerator(np, np.uint64(1)), np.float32)
        ops.dropout_mask((0,), 0.5, CounterGenerator(gpu, np.uint64(1)), np.float32)
        ops.dropout_mask((3,), 0.5, np.random.default_rng(1), np.float32)
    assert not names
