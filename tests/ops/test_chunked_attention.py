"""Attention in chunks equals attention in one piece, for chunks of any size, and never holds the whole matrix of scores."""

import tracemalloc

import numpy as np
import pytest

from minillm import ops


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def draw(rng, queries, keys, batch=2, heads=3, width=5):
    """q, k, v, and a dy."""
    return [2 * rng.standard_normal((batch, heads, length, width)) for length in (queries, keys, keys, queries)]


def assert_same(q, k, v, dy, chunk, mask=None, scale=None, bias=None, causal=False, which="", window=None):
    """Output, map and every gradient within 1e-12 of the largest number in each. `which` is said where they are not."""
    options = {"mask": mask, "scale": scale, "bias": bias, "causal": causal, "window": window}
    dense, saved = ops.attention(q, k, v, keep=None, **options)
    y, chunked = ops.chunked_attention(q, k, v, chunk=chunk, **options)
    ours = (y, chunked.weights, *ops.chunked_attention_backward(dy, chunked))
    theirs = (dense, saved.weights, *ops.attention_backward(dy, saved))
    for name, a, b in zip(("y", "p", "dq", "dk", "dv", "dbias"), ours, theirs, strict=True):
        what = f"{name} {which}"
        assert (a is None) == (b is None), what
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * max(1, np.abs(b).max()), err_msg=what, strict=True)


def test_it_equals_attention_at_odd_sizes():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        batch, heads, width, queries, keys = (int(n) for n in rng.integers(1, [4, 4, 4, 14, 14]))

        def broadcastable(rng=rng, sizes=(batch, heads, queries, keys)):
            return [n if rng.random() < 0.5 else 1 for n in sizes]

        mask = rng.random(broadcastable()) < 0.6 if rng.random() < 0.6 else None  # some queries may look nowhere
        bias = rng.standard_normal(broadcastable()) if rng.random() < 0.6 else None
        if bias is not None and bias.shape[0] == 1:
            bias = bias[0]
        scale = 0.7 if rng.random() < 0.3 else None
        inputs, chunk = draw(rng, queries, keys, batch, heads, width), int(rng.integers(1, 16))
        causal = bool(rng.integers(2))
        window = int(rng.integers(1, keys + 2)) if causal and seed % 2 else None
        assert_same(*inputs, chunk, mask, scale, bias, causal, which=f"of seed {seed}", window=window)


@pytest.mark.parametrize(("queries", "keys"), [(11, 11), (4, 11), (11, 4), (1, 11)])
def test_it_equals_attention_for_chunks_of_any_size(rng, queries, keys):
    for chunk in (1, 2, 3, 5, 7, 10, 11, 12, 100):
        bias, mask = rng.standard_normal((1, 3, queries, keys)), ops.padding_mask(np.array([keys, 3]), keys)
        assert_same(*draw(rng, queries, keys), chunk, mask, None, bias, causal=True, which=f"in chunks of {chunk}")


@pytest.mark.parametrize("steps", [1000, -1000])
@pytest.mark.parametrize("causal", [False, True])
def test_a_maximum_that_moves_from_chunk_to_chunk(rng, steps, causal):
    """Scores that rise or fall by a thousand from key to key: exp of their differences would overflow without the maximum taken off."""
    assert_same(*draw(rng, 9, 9), 2, bias=steps * np.arange(9.0), causal=causal)


def test_a_query_that_may_look_nowhere_is_zero_with_finite_gradients(rng):
    q, k, v, dy = (x.astype(np.float32) for x in draw(rng, 6, 6))
    mask = np.ones((2, 1, 6, 6), bool)
    mask[0, 0, 1] = mask[1] = False
    y, saved = ops.chunked_attention(q, k, v, mask=mask, chunk=4)
    assert (y[0, :, 1] == 0).all() and (y[1] == 0).all() and (y[0, :, 0] != 0).all()
    dq, dk, dv, _ = ops.chunked_attention_backward(dy, saved)
    assert all(np.isfinite(d).all() for d in (dq, dk, dv))
    assert (dq[0, :, 1] == 0).all() and (dk[1] == 0).all() and (dv[1] == 0).all()


def test_chunks_in_the_future_are_not_even_read(rng):
    q, k, v, dy = draw(rng, 9, 9)
    k[:, :, 6:], v[:, :, 6:] = np.nan, np.nan
    y, saved = ops.chunked_attention(q, k, v, causal=True, chunk=3)
    dq, *_ = ops.chunked_attention_backward(dy, saved)
    assert np.isfinite(y[:, :, :6]).all() and np.isfinite(dq[:, :, :6]).all() and np.isnan(y[:, :, 6:]).all()


def test_chunks_before_the_window_are_not_even_read(rng):
    q, k, v, dy = draw(rng, 3, 9)
    k[:, :, :5], v[:, :, :5] = np.nan, np.nan
    y, saved = ops.chunked_attention(q, k, v, causal=True, window=2, chunk=2)
    gradients = ops.chunked_attention_backward(dy, saved)[:3]
    assert np.isfinite(y).all() and all(np.isfinite(d).all() for d in gradients)
    assert (gradients[1][:, :, :5] == 0).all() and (gradients[1][:, :, 5:] != 0).any()


@pytest.mark.parametrize("attend", [ops.attention, ops.chunked_attention])
@pytest.mark.parametrize(("window", "causal"), [(3, False), (0, True), (-1, True)])
def test_a_window_needs_a_direction_and_a_key(rng, attend, window, causal):
    q, k, v, _ = draw(rng, 5, 5)
    with pytest.raises(ValueError, match="a window is of one key or more, in causal attention"):
        attend(q, k, v, window=window, causal=causal)


@pytest.mark.parametrize("causal", [False, True])
def test_memory_grows_with_the_length_and_not_with_its_square(rng, causal):
    """Twice the length takes at most twice the memory, and a matrix of scores would alone be larger than all of it."""
    peaks = []
    for length in (512, 1024):
        q, k, v, dy = (x.astype(np.float32) for x in draw(rng, length, length, 1, 2, 4))
        mask = ops.padding_mask(np.array([length - 5]), length)
        tracemalloc.start()
        _, saved = ops.chunked_attention(q, k, v, mask=mask, causal=causal, chunk=32)
        ops.chunked_attention_backward(dy, saved)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2.1 * peaks[0]
    assert peaks[1] < 2 * 1024 * 1024 * 4 / 8


def test_heads_that_lie_side_by_side_in_memory(rng):
    """As a layer makes them: (B, T, H, K) seen as (B, H, T, K)."""
    q, k, v, dy = (np.ascontiguousarray(x.swapaxes(1, 2)).swapaxes(1, 2) for x in draw(rng, 7, 9))
    assert_same(q, k, v, dy, 4, causal=True)


def test_a_chunk_of_nothing_and_a_mask_of_numbers_are_errors(rng):
    q, k, v, _ = draw(rng, 3, 4)
    with pytest.raises(ValueError, match="at least one query and one key, got 0"):
        ops.chunked_attention(q, k, v, chunk=0)
    with pytest.raises(TypeError, match="a mask is boolean"):
        ops.chunked_attention(q, k, v, mask=np.ones((3, 4)), chunk=2)


def test_chunks_are_for_scores_that_are_many():
    assert ops.chunk_size(96, 255, 256, causal=True) is None
    assert ops.chunk_size(96, 256, 256, causal=True) == 128
    assert ops.chunk_size(96, 512, 512, causal=True) == 128
    assert ops.chunk_size(1, 513, 513, causal=True) == 256
    assert ops.chunk_size(4, 1024, 1024, causal=False) is None
    assert ops.chunk_size(4, 1024, 2048, causal=False) == 256
    assert ops.chunk_size(64, 1, 8192, causal=True) is None  # generation: one query


def test_a_gpu_gets_larger_chunks():
    gpu = object()
    assert ops.chunk_size(48, 1024, 1024, True, gpu) is None
    assert ops.chunk_size(48, 8192, 8192, True, gpu) == 1024
    assert ops.chunk_size(10**9, 8192, 8192, True, gpu) == 128
