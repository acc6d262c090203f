"""Masks, heads, the attention map, and the article's attention beside the paper's."""

import math

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.gradcheck import randomize
from minillm.layers import (
    BilinearAttention,
    MultiHeadAttention,
    PreNormBlock,
    RotaryPositions,
    causal_mask,
    padding_mask,
)
from minillm.ops import attention
from minillm.ops.chunked_attention import ChunkedSaved


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_causal_mask_sees_the_past_and_itself():
    assert causal_mask(3, 3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


def test_causal_mask_with_earlier_keys_in_the_cache():
    mask = causal_mask(2, 5)
    assert mask.dtype == bool
    assert mask.tolist() == [[True, True, True, True, False], [True, True, True, True, True]]
    np.testing.assert_array_equal(mask, causal_mask(5, 5)[-2:])
    assert causal_mask(1, 4).all()


def test_a_window_sees_the_token_itself_and_those_just_before_it():
    assert causal_mask(4, 4, window=2).tolist() == [
        [True, False, False, False],
        [True, True, False, False],
        [False, True, True, False],
        [False, False, True, True],
    ]
    np.testing.assert_array_equal(causal_mask(2, 5, window=3), causal_mask(5, 5, window=3)[-2:])
    np.testing.assert_array_equal(causal_mask(5, 5, window=5), causal_mask(5, 5))


def test_padding_mask_sees_the_real_tokens():
    mask = padding_mask(np.array([3, 0, 4]), 4)
    assert mask.shape == (3, 1, 1, 4) and mask.dtype == bool
    assert mask[:, 0, 0].tolist() == [[True, True, True, False], [False] * 4, [True] * 4]


def test_heads_are_the_columns_side_by_side(rng):
    layer, x = MultiHeadAttention(6, 2, rng), rng.standard_normal((2, 5, 6))
    heads = layer.split(x)
    assert heads.shape == (2, 2, 5, 3)
    np.testing.assert_array_equal(heads[:, 1], x[:, :, 3:])
    np.testing.assert_array_equal(layer.merge(heads), x)


def test_heads_that_do_not_divide_the_width_are_an_error(rng):
    with pytest.raises(ValueError, match="4 heads do not divide d_model = 6"):
        MultiHeadAttention(6, 4, rng)


def test_bilinear_attention_is_one_head(rng):
    """With W = W_q W_kᵀ / √K, and values and output left as they are: the article's attention is a special case of the paper's."""
    d, x, mask = 5, rng.standard_normal((2, 7, 5)), causal_mask(7, 7)
    paper = randomize(MultiHeadAttention(d, 1, rng, bias=False), rng)
    paper.value.weight.data[...] = paper.output.weight.data[...] = np.eye(d)
    article = BilinearAttention(d, rng)
    article.weight.data[...] = paper.query.weight.data @ paper.key.weight.data.T / math.sqrt(d)
    y, saved = paper.forward(x, x, mask=mask)
    h, simple = article.forward(x, mask=mask)
    np.testing.assert_allclose(h, y, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(simple[3], saved.weights[:, 0], rtol=1e-12, atol=1e-13)
    dy = rng.standard_normal(y.shape)
    dx, dmemory, _ = paper.backward(dy, saved)
    np.testing.assert_allclose(article.backward(dy, simple), dx + dmemory, rtol=1e-11, atol=1e-12)


def test_the_map_is_kept_with_its_shape_and_its_sums(rng):
    block, x = randomize(PreNormBlock(6, 3, 8, rng), rng), rng.standard_normal((2, 5, 6))
    weights = block.forward(x, mask=causal_mask(5, 5))[1].attention.weights
    assert weights.shape == (2, 3, 5, 5)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-12)
    assert (weights[..., ~causal_mask(5, 5)] == 0).all() and (weights[..., causal_mask(5, 5)] > 0).all()


def test_a_row_that_may_look_nowhere_gives_the_output_bias(rng):
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    x, memory = rng.standard_normal((2, 3, 6)), rng.standard_normal((2, 5, 6))
    y, saved = layer.forward(x, memory, mask=padding_mask(np.array([0, 4]), 5))
    np.testing.assert_array_equal(y[0], np.tile(layer.output.bias.data, (3, 1)))
    assert (saved.weights[0] == 0).all()
    dx, dmemory, _ = layer.backward(rng.standard_normal(y.shape), saved)
    assert (dx[0] == 0).all() and (dmemory[0] == 0).all() and (dx[1] != 0).all()
    assert (dmemory[1, 4] == 0).all() and (dmemory[1, :4] != 0).all()
    assert all(np.isfinite(parameter.grad).all() for parameter in layer.parameters())


def test_padding_of_any_length_changes_nothing(rng):
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    x, memory = rng.standard_normal((1, 3, 6)), rng.standard_normal((1, 5, 6))
    y, _ = layer.forward(x, memory)
    padded = np.concatenate([memory, 100 * rng.standard_normal((1, 4, 6))], axis=1)
    np.testing.assert_allclose(layer.forward(x, padded, mask=padding_mask(np.array([5]), 9))[0], y, rtol=1e-12)


def test_attention_without_positions_sees_a_set(rng):
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    x, memory, order = rng.standard_normal((2, 3, 6)), rng.standard_normal((2, 5, 6)), rng.permutation(5)
    np.testing.assert_allclose(layer.forward(x, memory)[0], layer.forward(x, memory[:, order])[0], rtol=1e-11)


def test_extend_fills_the_cache_and_equals_forward(rng):
    layer, x = randomize(MultiHeadAttention(6, 2, rng), rng), rng.standard_normal((2, 7, 6))
    expected, _ = layer.forward(x, x, mask=causal_mask(7, 7))
    keys, values = np.full((2, 2, 9, 3), np.nan), np.full((2, 2, 9, 3), np.nan)
    start = 0
    for length in (3, 1, 2, 1):
        y = layer.extend(x[:, start : start + length], keys, values, start)
        np.testing.assert_allclose(y, expected[:, start : start + length], rtol=1e-12, atol=1e-13)
        start += length
    assert np.isnan(keys[:, :, 7:]).all() and np.isfinite(keys[:, :, :7]).all()


def test_extend_equals_forward_with_rotary_positions_and_shared_heads(rng):
    """Keys are turned once, when they are cached; and cached once for all heads that share them."""
    rotary = RotaryPositions(4, theta=50.0)
    layer = randomize(MultiHeadAttention(6, 4, rng, rotary=rotary, d_kv=4, kv_heads=2), rng)
    x = rng.standard_normal((2, 9, 6))
    expected, _ = layer.forward(x, x, causal=True)
    keys, values = np.full((2, 2, 9, 4), np.nan), np.full((2, 2, 9, 4), np.nan)
    start = 0
    for length in (3, 1, 1, 2, 2):
        y = layer.extend(x[:, start : start + length], keys, values, start)
        np.testing.assert_allclose(y, expected[:, start : start + length], rtol=1e-11, atol=1e-12)
        start += length


def test_heads_that_share_keys_are_heads_with_equal_keys(rng):
    shared = randomize(MultiHeadAttention(6, 4, rng, d_kv=3, kv_heads=2), rng)
    assert shared.key.weight.data.shape == shared.value.weight.data.shape == (6, 6)
    whole, x = MultiHeadAttention(6, 4, rng, d_kv=3), rng.standard_normal((2, 5, 6))
    whole.query, whole.output = shared.query, shared.output
    for name in ("key", "value"):
        few, many = getattr(shared, name), getattr(whole, name)
        many.weight.data = np.concatenate([few.weight.data[:, i : i + 3] for i in (0, 0, 3, 3)], axis=1)
        many.bias.data = np.concatenate([few.bias.data[i : i + 3] for i in (0, 0, 3, 3)])
    expected, saved = whole.forward(x, x, causal=True)
    y, found = shared.forward(x, x, causal=True)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found.weights, saved.weights, rtol=1e-12)
    assert found.weights.shape == (2, 4, 5, 5)
    memory = rng.standard_normal((2, 7, 6))
    expected, _ = shared.forward(x, memory)
    np.testing.assert_allclose(shared.attend(x, *shared.keys_values(memory)), expected, rtol=1e-12, atol=1e-13)


def test_heads_that_cannot_be_shared_evenly_are_an_error(rng):
    with pytest.raises(InputError, match="4 heads of keys and values can't be shared evenly by 6 of queries"):
        MultiHeadAttention(12, 6, rng, kv_heads=4)


def test_only_query_key_and_value_have_a_bias_where_that_is_asked(rng):
    layer = MultiHeadAttention(6, 2, rng, bias=False, qkv_bias=True)
    has = {name: getattr(layer, name).bias is not None for name in ("query", "key", "value", "output")}
    assert has == {"query": True, "key": True, "value": True, "output": False}


@pytest.mark.parametrize("window", [1, 3, 5])
@pytest.mark.parametrize("lengths", [(3, 1, 1, 1, 2, 1), (9,), (7, 2), (1,) * 9])
def test_a_cache_of_the_windows_size_is_enough(rng, window, lengths):
    layer = randomize(MultiHeadAttention(6, 2, rng, window=window), rng)
    x, bias = rng.standard_normal((2, 9, 6)), rng.standard_normal((1, 2, 1, 9))
    expected, _ = layer.forward(x, x, bias=bias, causal=True)
    keys, values = np.full((2, 2, window, 3), np.nan), np.full((2, 2, window, 3), np.nan)
    start = 0
    for stop in np.cumsum(lengths):
        y = layer.extend(x[:, start:stop], keys, values, start, bias=bias[..., :stop])
        np.testing.assert_allclose(y, expected[:, start:stop], rtol=1e-11, atol=1e-12)
        start = stop


def test_with_rotary_positions_only_distances_count(rng):
    """The same words after others that they do not look at."""
    layer = randomize(MultiHeadAttention(8, 2, rng, rotary=RotaryPositions(4)), rng)
    x = rng.standard_normal((1, 9, 8))
    late, _ = layer.forward(x, x, mask=np.arange(9) >= 5, causal=True)
    np.testing.assert_allclose(late[:, 5:], layer.forward(x[:, 5:], x[:, 5:], causal=True)[0], rtol=1e-10, atol=1e-11)
    other, _ = layer.forward(x[:, [6, 5, 7, 8]], x[:, [6, 5, 7, 8]], causal=True)
    assert np.abs(other[:, -1] - late[:, -1]).max() > 1e-3


def test_causal_is_the_causal_mask_and_goes_with_a_mask(rng):
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    x, memory, padding = (
        rng.standard_normal((2, 3, 6)),
        rng.standard_normal((2, 5, 6)),
        padding_mask(np.array([5, 2]), 5),
    )
    for mask, both in ((None, causal_mask(3, 5)), (padding, padding & causal_mask(3, 5))):
        np.testing.assert_array_equal(
            layer.forward(x, memory, mask=mask, causal=True)[0], layer.forward(x, memory, mask=both)[0]
        )


def test_heads_may_be_of_any_width_and_scores_of_any_scale(rng):
    layer = randomize(MultiHeadAttention(5, 3, rng, scale=1.0, d_kv=4), rng)
    assert layer.query.weight.data.shape == (5, 12) and layer.output.weight.data.shape == (12, 5)
    x = rng.standard_normal((2, 7, 5))
    y, saved = layer.forward(x, x, causal=True)
    q, k = (layer.split(projection.forward(x)[0]) for projection in (layer.query, layer.key))
    scores = np.where(causal_mask(7, 7), q @ k.swapaxes(-1, -2), -np.inf)
    np.testing.assert_allclose(saved.weights, np.exp(scores) / np.exp(scores).sum(-1, keepdims=True), rtol=1e-9)
    keys, values = np.empty((2, 3, 7, 4)), np.empty((2, 3, 7, 4))
    np.testing.assert_allclose(layer.extend(x, keys, values, 0), y, rtol=1e-12, atol=1e-13)


def test_a_bias_is_added_to_the_scores(rng):
    """Minus infinity at a pair is the mask that forbids it."""
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    x, mask = rng.standard_normal((2, 5, 6)), causal_mask(5, 5)
    y, saved = layer.forward(x, x, bias=np.where(mask, 0.3, -np.inf))
    expected, masked = layer.forward(x, x, mask=mask)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)
    dy = rng.standard_normal(y.shape)
    *_, dbias = layer.backward(dy, saved)
    assert dbias.shape == (5, 5) and (dbias[~mask] == 0).all()
    assert layer.backward(dy, masked)[2] is None


@pytest.fixture
def chunks_of_three(monkeypatch):
    """Whatever the sizes, attention without dropout goes chunk by chunk."""
    monkeypatch.setattr("minillm.layers.attention.chunk_size", lambda *sizes: 3)


def both_ways(layer, x, memory, dy, monkeypatch, **options):
    """What the layer computes in one piece and in chunks of three: y, map and gradients."""
    for chunk in (None, 3):
        monkeypatch.setattr("minillm.layers.attention.chunk_size", lambda *sizes, chunk=chunk: chunk)
        for parameter in layer.parameters():
            parameter.grad[...] = 0
        y, saved = layer.forward(x, memory, **options)
        gradients = layer.backward(dy, saved)
        yield isinstance(saved.core, ChunkedSaved), [
            y, saved.weights, *gradients, *(parameter.grad.copy() for parameter in layer.parameters())
        ]  # fmt: skip


def test_in_chunks_the_layer_computes_the_same(rng, monkeypatch):
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    x, memory, dy = rng.standard_normal((2, 5, 6)), rng.standard_normal((2, 7, 6)), rng.standard_normal((2, 5, 6))
    options = {"mask": padding_mask(np.array([7, 4]), 7), "bias": rng.standard_normal((1, 2, 5, 7)), "causal": True}
    (dense, expected), (chunked, found) = both_ways(layer, x, memory, dy, monkeypatch, **options)
    assert chunked and not dense
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * max(1, np.abs(theirs).max()))


def test_dropout_needs_the_map_and_so_no_chunks(rng, chunks_of_three):
    layer = randomize(MultiHeadAttention(6, 2, rng, dropout=0.5), rng)
    x = rng.standard_normal((2, 5, 6))
    assert isinstance(layer.forward(x, x)[1].core, ChunkedSaved)
    assert set(np.unique(layer.forward(x, x, rng=rng)[1].core.keep)) == {0, 2}


def test_extend_goes_in_chunks_as_forward_does(rng, chunks_of_three):
    layer, x = randomize(MultiHeadAttention(6, 2, rng), rng), rng.standard_normal((2, 7, 6))
    keys, values = np.full((2, 2, 9, 3), np.nan), np.full((2, 2, 9, 3), np.nan)
    expected = attention_in_one_piece(layer, x)
    for start, stop in ((0, 4), (4, 5), (5, 7)):
        y = layer.extend(x[:, start:stop], keys, values, start)
        np.testing.assert_allclose(y, expected[:, start:stop], rtol=1e-12, atol=1e-13)


def attention_in_one_piece(layer, x):
    q, k, v = (layer.split(part.forward(x)[0]) for part in (layer.query, layer.key, layer.value))
    return layer.output.forward(layer.merge(attention(q, k, v, causal=True)[0]))[0]
