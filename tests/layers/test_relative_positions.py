"""Relative positions: the right bucket for every distance, and the same bias wherever two words stand as far apart."""

import math

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.layers import RelativePositionBias
from minillm.ops import relative_bias, relative_buckets


def test_the_buckets_of_t5_by_hand():
    """32 buckets up to 128, both ways: 16 for each side, 8 of them for one distance each."""
    buckets = relative_buckets(300, 300)
    assert len(buckets) == 599
    before, after = buckets[299::-1], buckets[299:]  # by distance
    assert before[:8].tolist() == [0, 1, 2, 3, 4, 5, 6, 7] and after[:9].tolist() == [0, *range(17, 24), 24]
    assert before[8:12].tolist() == [8, 8, 8, 8] and before[12] == 9  # 8 · 16^(1/8) = 11.3
    assert before[90] == 14 and before[91] == 15 and (before[91:] == 15).all() and (after[91:] == 31).all()
    assert (after[1:] == before[1:] + 16).all()


def test_looking_backward_only_has_all_buckets_for_one_side():
    buckets = relative_buckets(300, 300, bidirectional=False)
    before, after = buckets[299::-1], buckets[299:]
    assert (after == 0).all()
    assert before[:16].tolist() == list(range(16)) and before[16] == 16 and before[127] == 31
    assert (np.diff(before) >= 0).all() and set(before) == set(range(32))


@pytest.mark.parametrize("lengths", [(5, 5), (3, 7), (1, 7), (1, 1)])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_bias_is_the_slow_loop(lengths, bidirectional):
    queries, keys = lengths
    layer = RelativePositionBias(
        3, np.random.default_rng(0), buckets=8, max_distance=9, bidirectional=bidirectional, std=1.0
    )
    bias, _ = layer.forward(queries, keys)
    assert bias.shape == (1, 3, queries, keys)
    side = 4 if bidirectional else 8
    for i in range(queries):
        for j in range(keys):
            away = j - (i + keys - queries)  # the last query stands at the last key
            distance = abs(away) if bidirectional else max(-away, 0)
            bucket = distance
            if distance >= side // 2:
                share = math.log(distance / (side // 2)) / math.log(9 / (side // 2))
                bucket = min(side // 2 + int(share * (side - side // 2)), side - 1)
            bucket += side if bidirectional and away > 0 else 0
            np.testing.assert_array_equal(bias[0, :, i, j], layer.weight.data[bucket])


def test_later_queries_have_the_last_rows_of_the_whole():
    layer = randomize(RelativePositionBias(3, np.random.default_rng(0), bidirectional=False), np.random.default_rng(0))
    whole, _ = layer.forward(9, 9)
    np.testing.assert_array_equal(layer.forward(4, 9)[0], whole[:, :, 5:])


def test_the_bias_lies_as_attention_adds_it():
    bias, _ = relative_bias(np.ones((32, 3), np.float32), relative_buckets(5, 7), 5)
    assert bias.flags.c_contiguous and bias.dtype == np.float32


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"buckets": 3}, "at least 4 are needed"),
        ({"buckets": 1, "bidirectional": False}, "at least 2 are needed"),
        ({"buckets": 32, "max_distance": 8}, "a distance above 8"),
        ({"buckets": 32, "max_distance": 16, "bidirectional": False}, "a distance above 16"),
    ],
)
def test_buckets_that_cannot_be_are_refused(options, named):
    with pytest.raises(ValueError, match=named):
        RelativePositionBias(3, np.random.default_rng(0), **options)
