"""The kernels of attention's softmax give what the op gives on a processor."""

import numpy as np
import pytest

from minillm import ops
from tests.kernels.compare import launched, numbers, on, same


@pytest.mark.parametrize("shape", [(3, 1), (2, 5, 31), (7, 33), (1, 2, 257), (3, 1000)])
def test_forward_and_backward(gpu, shape):
    scores, dp = numbers(shape, shape)
    p, saved = ops.softmax(5 * scores)
    with launched() as names:
        same(ops.softmax(*on(gpu, 5 * scores)), (p, saved))
        same(ops.softmax_backward(*on(gpu, dp, saved)), ops.softmax_backward(dp, saved))
    assert names == ["softmax", "softmax_backward"]


@pytest.mark.parametrize("window", [None, 1, 3, 50])
@pytest.mark.parametrize(("queries", "keys"), [(7, 7), (1, 40), (5, 40), (9, 4)])
def test_causal_attention(gpu, queries, keys, window):
    q, k, v, dy, bias = numbers(
        (2, 3, queries, 4), (2, 3, keys, 4), (2, 3, keys, 4), (2, 3, queries, 4), (3, queries, keys)
    )
    y, saved = ops.attention(q, k, v, bias=bias, causal=True, window=window)
    with launched() as names:
        q, k, v, bias = on(gpu, q, k, v, bias)
        same(ops.attention(q, k, v, bias=bias, causal=True, window=window), (y, saved))
        same(ops.attention_backward(*on(gpu, dy, saved)), ops.attention_backward(dy, saved))
    assert names == ["softmax", "softmax_backward"]


def test_attention_with_a_mask_where_a_query_may_look_nowhere(gpu):
    q, k, v, dy = numbers((2, 1, 5, 4), (2, 1, 6, 4), (2, 1, 6, 4), (2, 1, 5, 4))
    mask = np.random.default_rng(1).random((2, 1, 5, 6)) < 0.5
    mask[0, 0, 2] = False
    for causal in (False, True):
        y, saved = ops.attention(q, k, v, mask=mask, causal=causal)
        on_gpu = on(gpu, q, k, v)
        same(ops.attention(*on_gpu, mask=gpu.asarray(mask), causal=causal), (y, saved))
        same(ops.attention_backward(*on(gpu, dy, saved)), ops.attention_backward(dy, saved))
        assert not y[0, 0, 2].any()


def test_a_row_of_the_lowest_numbers_is_as_any_other_and_one_of_minus_infinity_is_zeros(gpu):
    scores = np.full((2, 40), -3.3e38, np.float32)
    scores[1] = -np.inf
    for p in (ops.softmax(scores)[0], ops.softmax(gpu.asarray(scores))[0].get()):
        np.testing.assert_allclose(p, [[1 / 40] * 40, [0] * 40], rtol=1e-6)


@pytest.mark.parametrize("window", [2**31, 2**40, np.int64(3)])
def test_a_window_may_be_any_number(gpu, window):
    q, k, v = numbers((1, 2, 9, 8), (1, 2, 9, 8), (1, 2, 9, 8))
    for op in (ops.attention, ops.chunked_attention):
        y, _ = op(q, k, v, causal=True, window=window)
        same(op(*on(gpu, q, k, v), causal=True, window=window)[0], y)


def test_what_is_not_a_number_stays_so(gpu):
    for wrong in (np.nan, np.inf):
        scores = np.ones((2, 40))
        scores[1, 35] = wrong
        p, _ = ops.softmax(*on(gpu, scores))
        assert np.isfinite(p[0].get()).all() and np.isnan(p[1].get()).all()
