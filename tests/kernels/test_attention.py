"""The kernels of attention in tiles give what attention in chunks gives on a processor."""

import numpy as np
import pytest

from minillm import ops
from minillm.kernels import fit_tiles
from tests.kernels.compare import launched, numbers, on, same

NAMES = ["attention", "attention_backward_queries", "attention_backward_values", "attention_backward_keys"]


@pytest.mark.parametrize(
    ("queries", "keys", "width", "how"),
    [
        (1, 1, 8, {"causal": True}),
        (31, 31, 32, {"causal": True}),
        (33, 33, 64, {}),
        (257, 257, 8, {"causal": True}),
        (257, 257, 8, {"causal": True, "window": 100}),
        (2, 300, 8, {}),
        (300, 2, 16, {"scale": 3.0}),
        (5, 140, 8, {"causal": True, "window": 1}),
    ],
)
def test_forward_and_backward(gpu, queries, keys, width, how):
    q, k, v, dy = numbers((1, 2, queries, width), (1, 2, keys, width), (1, 2, keys, width), (1, 2, queries, width))
    y, saved = ops.chunked_attention(q, k, v, **how)
    with launched() as names:
        same(ops.chunked_attention(*on(gpu, q, k, v), **how), (y, saved))
        same(ops.chunked_attention_backward(*on(gpu, dy, saved)), ops.chunked_attention_backward(dy, saved))
    assert names == NAMES


def test_a_query_that_sees_nothing_gets_zeros(gpu):
    q, k, v, dy = numbers((2, 1, 9, 8), (2, 1, 4, 8), (2, 1, 4, 8), (2, 1, 9, 8))
    y, saved = ops.chunked_attention(q, k, v, causal=True)
    got, kept = ops.chunked_attention(*on(gpu, q, k, v), causal=True)
    assert not y[:, :, :5].any()
    same(got, y)
    same(ops.chunked_attention_backward(*on(gpu, dy), kept), ops.chunked_attention_backward(dy, saved))


def test_large_scores_do_not_overflow_and_what_is_not_a_number_stays_so(gpu):
    q, k, v = numbers((1, 1, 20, 8), (1, 1, 20, 8), (1, 1, 20, 8))
    y, _ = ops.chunked_attention(1e4 * q, k, v)
    same(ops.chunked_attention(*on(gpu, 1e4 * q, k, v))[0], y)
    q[0, 0, 7, 2] = np.nan
    got = ops.chunked_attention(*on(gpu, q, k, v))[0].get()
    assert np.isnan(got[0, 0, 7]).all() and np.isfinite(np.delete(got, 7, axis=2)).all()


def test_the_map_can_be_asked_for(gpu):
    q, k, v = numbers((1, 2, 20, 8), (1, 2, 20, 8), (1, 2, 20, 8))
    _, saved = ops.chunked_attention(q, k, v, causal=True)
    _, kept = ops.chunked_attention(*on(gpu, q, k, v), causal=True)
    same(kept.weights, saved.weights)


def test_masks_biases_and_wide_heads_go_the_plain_way(gpu):
    q, k, v = on(gpu, *numbers((1, 2, 20, 8), (1, 2, 20, 8), (1, 2, 20, 8)))
    mask, bias = gpu.ones((20, 20), bool), gpu.ones((20, 20), np.float32)
    wide, odd = gpu.ones((1, 2, 20, 72), np.float32), gpu.ones((1, 2, 20, 12), np.float32)
    assert fit_tiles(q, k, v, None, None)
    assert not fit_tiles(q, k, v, mask, None) and not fit_tiles(q, k, v, None, bias)
    assert not fit_tiles(wide, wide, wide, None, None) and not fit_tiles(odd, odd, odd, None, None)
    assert not fit_tiles(q, k, wide, None, None)
    assert not fit_tiles(q, k, v[:, :, :9].copy(), None, None) and not fit_tiles(
        q, k[:, :1].copy(), v[:, :1].copy(), None, None
    )
    with launched() as names:
        ops.chunked_attention(q, k, v, mask=mask)
    assert not names
