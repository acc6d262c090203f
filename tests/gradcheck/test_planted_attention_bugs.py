"""The check must fail on wrong gradients: plausible mistakes in the backward functions of softmax and attention, planted one at a time."""

import math

import numpy as np
import pytest

from minillm import ops
from minillm.gradcheck import LIMIT
from minillm.ops import softmax_backward, sum_last
from tests.gradcheck.planting import planter

BUGS = {}
bug = planter(BUGS)
right = {name: value for name, value in vars(ops).items() if name.endswith("_backward")}  # unpatched


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


def test_the_breakable_functions_are_right_until_broken(error_with):
    assert error_with("attention:dropout", ops, "attention_backward", wrong_attention) < LIMIT
    assert error_with("attention:bias", ops, "attention_backward", wrong_attention_bias) < LIMIT
    for case in ("chunked_attention:causal", "chunked_attention:bias", "chunked_attention:nowhere-to-look"):
        assert error_with(case, ops, "chunked_attention_backward", wrong_chunked) < LIMIT
    assert error_with("bilinear_attention:causal", ops, "bilinear_attention_backward", wrong_bilinear) < LIMIT


@bug("softmax", ops, "softmax_backward")
def without_its_row_term(dp, saved):
    return dp * saved


@bug("softmax", ops, "softmax_backward")
def diagonal_of_the_jacobian_only(dp, saved):
    return dp * saved * (1 - saved)


@bug("softmax", ops, "softmax_backward")
def row_term_not_weighted(dp, saved):
    return dp * saved - sum_last(dp * saved)


@bug("softmax:masked", ops, "softmax_backward")
def row_term_unweighted_sum(dp, saved):
    return saved * (dp - sum_last(dp))


def wrong_attention(dy, saved, dp_keep=True, dv_keep=True, dq_scale=True, dk_scale=True):
    q, k, v, p, keep, scale, _ = saved
    keep = np.ones_like(p) if keep is None else keep
    dp = dy @ v.swapaxes(-1, -2) * (keep if dp_keep else 1)
    ds = softmax_backward(dp, p)
    dv = (p * (keep if dv_keep else 1)).swapaxes(-1, -2) @ dy
    return ds @ k * (scale if dq_scale else 1), ds.swapaxes(-1, -2) @ q * (scale if dk_scale else 1), dv, None


@bug("attention", ops, "attention_backward")
def missing_scale(dy, saved):
    return wrong_attention(dy, saved, dq_scale=False, dk_scale=False)


@bug("attention", ops, "attention_backward")
def scale_only_for_the_query(dy, saved):
    return wrong_attention(dy, saved, dk_scale=False)


@bug("attention:scale", ops, "attention_backward")
def scale_always_that_of_the_paper(dy, saved):
    return right["attention_backward"](dy, (*saved[:5], 1 / math.sqrt(saved[0].shape[-1]), None))


@bug("attention", ops, "attention_backward")
def transposed_key_gradient(dy, saved):
    dq, dk, dv, _ = right["attention_backward"](dy, saved)
    return dq, dk.swapaxes(-1, -2).reshape(dk.shape), dv, None


@bug("attention", ops, "attention_backward")
def value_gradient_through_the_scores_as_well(dy, saved):
    dq, dk, dv, _ = right["attention_backward"](dy, saved)
    return dq, dk, dv + dk, None


@bug("attention:causal", ops, "attention_backward")
def mask_dropped(dy, saved):
    q, k, v, p, keep, scale, bias = saved
    p, _ = ops.softmax(scale * q @ k.swapaxes(-1, -2))
    return right["attention_backward"](dy, (q, k, v, p, keep, scale, bias))


@bug("attention:mask", ops, "attention_backward")
def mask_given_as_an_array_dropped(dy, saved):
    return mask_dropped(dy, saved)


@bug("attention:causal-more-queries", ops, "attention_backward")
def queries_before_every_key_look_everywhere(dy, saved):
    return blind_rows_look_everywhere(dy, saved)


@bug("attention:causal", ops, "attention_backward")
def causal_mask_that_ends_with_the_first_key(dy, saved):
    """The last query must see every key; this one counts both from zero."""
    q, k, v, _, keep, scale, bias = saved
    p, _ = ops.softmax(ops.mask_scores(scale * q @ k.swapaxes(-1, -2), np.tri(4, 7, dtype=bool)))
    return right["attention_backward"](dy, (q, k, v, p, keep, scale, bias))


@bug("attention:window", ops, "attention_backward")
def window_dropped(dy, saved):
    p, _ = ops.softmax(ops.mask_scores(saved.scale * saved.q @ saved.k.swapaxes(-1, -2), ops.causal_mask(4, 7)))
    return right["attention_backward"](dy, saved._replace(weights=p))


@bug("attention:window", ops, "attention_backward")
def window_of_one_key_more(dy, saved):
    mask = ops.causal_mask(4, 7, window=3 + 1)
    p, _ = ops.softmax(ops.mask_scores(saved.scale * saved.q @ saved.k.swapaxes(-1, -2), mask))
    return right["attention_backward"](dy, saved._replace(weights=p))


def wrong_attention_bias(dy, saved, add=ops.sum_to, scale=1):
    """What `attention_backward` does, with the bias's gradient written out."""
    _, _, v, p, _, _, shape = saved
    ds = softmax_backward(dy @ v.swapaxes(-1, -2), p)
    return *right["attention_backward"](dy, saved)[:3], scale * add(ds, shape)


@bug("attention:bias", ops, "attention_backward")
def bias_of_the_first_text_only(dy, saved):
    return wrong_attention_bias(dy, saved, lambda ds, shape: ds[:1])


@bug("attention:bias", ops, "attention_backward")
def bias_meaned_over_the_texts(dy, saved):
    return wrong_attention_bias(dy, saved, lambda ds, shape: ds.mean(0, keepdims=True))


@bug("attention:bias", ops, "attention_backward")
def bias_scaled_as_the_products_are(dy, saved):
    return wrong_attention_bias(dy, saved, scale=saved[5])


@bug("attention:bias", ops, "attention_backward")
def bias_before_the_softmax_is_undone(dy, saved):
    _, _, v, _, _, _, shape = saved
    return *right["attention_backward"](dy, saved)[:3], ops.sum_to(dy @ v.swapaxes(-1, -2), shape)


@bug("attention:bias-of-the-key", ops, "attention_backward")
def bias_of_the_last_query_and_head_only(dy, saved):
    return wrong_attention_bias(dy, saved, lambda ds, shape: ds[:, -1:, -1:])


@bug("attention:bias-of-the-place", ops, "attention_backward")
def bias_not_summed_over_the_heads(dy, saved):
    return wrong_attention_bias(dy, saved, lambda ds, shape: ds.sum(0)[0])


@bug("attention:padding", ops, "attention_backward")
def padding_dropped(dy, saved):
    return mask_dropped(dy, saved)


@bug("attention:nowhere-to-look", ops, "attention_backward")
def blind_rows_look_everywhere(dy, saved):
    q, k, v, p, keep, scale, bias = saved
    blind = p.sum(-1, keepdims=True) == 0
    return right["attention_backward"](dy, (q, k, v, np.where(blind, 1 / p.shape[-1], p), keep, scale, bias))


@bug("attention:dropout", ops, "attention_backward")
def keep_forgotten_in_dv(dy, saved):
    return wrong_attention(dy, saved, dv_keep=False)


@bug("attention:dropout", ops, "attention_backward")
def keep_forgotten_in_dp(dy, saved):
    return wrong_attention(dy, saved, dp_keep=False)


@bug("attention:dropout", ops, "attention_backward")
def keep_without_its_factor(dy, saved):
    return right["attention_backward"](dy, (*saved[:4], (saved[4] > 0).astype(float), *saved[5:]))


@bug("attention:dropout", ops, "attention_backward")
def dropped_weights_in_the_softmax(dy, saved):
    q, k, v, p, keep, scale, _ = saved
    ds = softmax_backward(dy @ v.swapaxes(-1, -2), p * keep)
    return ds @ k * scale, ds.swapaxes(-1, -2) @ q * scale, (p * keep).swapaxes(-1, -2) @ dy, None


# --- attention in chunks ------------------------------------------------------------------------------------------------------------------


def wrong_chunked(dy, saved, sums=None, dq_chunk=slice(None), dkv_chunk=slice(None), scale=None, add=ops.sum_to):
    """What `chunked_attention_backward` does, in one chunk. `sums` stands in for dy · y."""
    q, k, v, y, bias, right_scale, p = saved.q, saved.k, saved.v, saved.y, saved.bias, saved.scale, saved.weights
    dp = dy @ v.swapaxes(-1, -2)
    ds = p * (dp - (sum_last(dy * y) if sums is None else sums))
    scale = right_scale if scale is None else scale
    dq = scale * ds[..., dq_chunk] @ k[:, :, dq_chunk]
    dk = scale * ds[:, :, dkv_chunk].swapaxes(-1, -2) @ q[:, :, dkv_chunk]
    dv = p[:, :, dkv_chunk].swapaxes(-1, -2) @ dy[:, :, dkv_chunk]
    return dq, dk, dv, None if bias is None else add(ds, bias.shape)


@bug("chunked_attention", ops, "chunked_attention_backward")
def row_term_forgotten(dy, saved):
    return wrong_chunked(dy, saved, sums=0)


@bug("chunked_attention:causal", ops, "chunked_attention_backward")
def row_term_of_the_upstream_gradient_alone(dy, saved):
    return wrong_chunked(dy, saved, sums=sum_last(dy))


@bug("chunked_attention", ops, "chunked_attention_backward")
def softmax_undone_chunk_by_chunk(dy, saved):
    """Each chunk of keys with a row term of its own, as if it were a softmax by itself."""
    p, dp = saved.weights, dy @ saved.v.swapaxes(-1, -2)
    sums = np.concatenate([np.repeat(sum_last((p * dp)[..., j : j + 3]), 3, -1) for j in (0, 3, 6)], -1)[..., :7]
    return wrong_chunked(dy, saved, sums=sums)


def total_with(saved, shrink):
    """The sums of a forward pass that multiplies what was there by shrink(m, m') when a chunk brings a larger maximum."""
    scores = np.log(saved.weights * saved.total) + saved.peak
    peak, total = np.full_like(saved.peak, -1e9), 0
    for first in range(0, scores.shape[-1], saved.chunk):
        s = scores[..., first : first + saved.chunk]
        higher = np.maximum(peak, s.max(-1, keepdims=True))
        total = total * shrink(peak, higher) + sum_last(np.exp(s - higher))
        peak = higher
    return total


def test_the_breakable_sum_is_right_until_broken(error_with):
    def sum_made_again(dy, saved):
        total = total_with(saved, lambda peak, higher: np.exp(peak - higher))
        return right["chunked_attention_backward"](dy, saved._replace(total=total))

    assert error_with("chunked_attention", ops, "chunked_attention_backward", sum_made_again) < LIMIT


@bug("chunked_attention", ops, "chunked_attention_backward")
def sum_not_shrunk_when_the_maximum_moves(dy, saved):
    total = total_with(saved, lambda peak, higher: 1)
    return right["chunked_attention_backward"](dy, saved._replace(total=total))


@bug("chunked_attention", ops, "chunked_attention_backward")
def sum_of_the_last_chunk_only(dy, saved):
    total = total_with(saved, lambda peak, higher: 0)
    return right["chunked_attention_backward"](dy, saved._replace(total=total))


@bug("chunked_attention", ops, "chunked_attention_backward")
def sum_forgotten(dy, saved):
    return right["chunked_attention_backward"](dy, saved._replace(total=np.ones_like(saved.total)))


@bug("chunked_attention", ops, "chunked_attention_backward")
def maximum_of_the_last_chunk_only(dy, saved):
    scores = np.log(saved.weights * saved.total) + saved.peak
    return right["chunked_attention_backward"](dy, saved._replace(peak=scores[..., 6:]))


@bug("chunked_attention", ops, "chunked_attention_backward")
def query_paid_by_the_last_chunk_of_keys_only(dy, saved):
    return wrong_chunked(dy, saved, dq_chunk=slice(6, None))


@bug("chunked_attention", ops, "chunked_attention_backward")
def key_and_value_paid_by_the_last_chunk_of_queries_only(dy, saved):
    return wrong_chunked(dy, saved, dkv_chunk=slice(3, None))


@bug("chunked_attention:one-by-one", ops, "chunked_attention_backward")
def scale_of_the_paper_whatever_was_asked(dy, saved):
    return wrong_chunked(dy, saved, scale=1 / math.sqrt(5))


@bug("chunked_attention", ops, "chunked_attention_backward")
def scale_forgotten(dy, saved):
    return wrong_chunked(dy, saved, scale=1)


@bug("chunked_attention:causal", ops, "chunked_attention_backward")
def future_seen_when_computed_again(dy, saved):
    return right["chunked_attention_backward"](dy, saved._replace(causal=False))


@bug("chunked_attention:causal", ops, "chunked_attention_backward")
def queries_and_keys_counted_from_the_same_start(dy, saved):
    return right["chunked_attention_backward"](dy, saved._replace(causal=False, mask=np.tri(4, 7, dtype=bool)))


@bug("chunked_attention:causal", ops, "chunked_attention_backward")
def one_key_too_few(dy, saved):
    return right["chunked_attention_backward"](dy, saved._replace(causal=False, mask=np.tri(4, 7, 2, dtype=bool)))


@bug("chunked_attention:window", ops, "chunked_attention_backward")
def window_forgotten_when_computed_again(dy, saved):
    return right["chunked_attention_backward"](dy, saved._replace(window=None))


@bug("chunked_attention:window", ops, "chunked_attention_backward")
def window_of_one_key_more_when_computed_again(dy, saved):
    return right["chunked_attention_backward"](dy, saved._replace(window=4))


@bug("chunked_attention:causal-more-queries", ops, "chunked_attention_backward")
def one_key_too_few_where_queries_are_more(dy, saved):
    return right["chunked_attention_backward"](dy, saved._replace(causal=False, mask=np.tri(7, 4, -4, dtype=bool)))


@bug("chunked_attention:padding", ops, "chunked_attention_backward")
def padding_seen_when_computed_again(dy, saved):
    return right["chunked_attention_backward"](dy, saved._replace(mask=None))


@bug("chunked_attention:nowhere-to-look", ops, "chunked_attention_backward")
def blind_queries_look_everywhere(dy, saved):
    blind = ~saved.mask.any(-1, keepdims=True)
    seeing = saved._replace(mask=saved.mask | blind, peak=np.where(blind, 0, saved.peak))
    return right["chunked_attention_backward"](dy, seeing)


@bug("chunked_attention:bias", ops, "chunked_attention_backward")
def bias_forgotten_when_computed_again(dy, saved):
    return right["chunked_attention_backward"](dy, saved._replace(bias=0 * saved.bias))


@bug("chunked_attention:bias", ops, "chunked_attention_backward")
def bias_of_one_text_for_all(dy, saved):
    return wrong_chunked(dy, saved, add=lambda ds, shape: ds[:1])


@bug("chunked_attention:bias-of-the-key", ops, "chunked_attention_backward")
def bias_not_summed_over_the_queries_of_earlier_chunks(dy, saved):
    return wrong_chunked(dy, saved, add=lambda ds, shape: ops.sum_to(ds[:, :, -saved.chunk :], shape))


@bug("chunked_attention:bias-of-the-key", ops, "chunked_attention_backward")
def bias_not_summed_over_the_heads_in_chunks(dy, saved):
    return wrong_chunked(dy, saved, add=lambda ds, shape: ops.sum_to(ds[:, :1], shape))


# --- the article's attention --------------------------------------------------------------------------------------------------------------


def wrong_bilinear(dh, saved, looking=1, looked_at=1, averaged=1):
    x, weight, xw, alpha = saved
    de = softmax_backward(dh @ x.swapaxes(-1, -2), alpha)
    dx = (
        looking * (de @ x @ weight.T)
        + looked_at * (de.swapaxes(-1, -2) @ xw)
        + averaged * (alpha.swapaxes(-1, -2) @ dh)
    )
    return dx, right["bilinear_attention_backward"](dh, saved)[1]


@bug("bilinear_attention", ops, "bilinear_attention_backward")
def the_word_that_looks_forgotten(dh, saved):
    return wrong_bilinear(dh, saved, looking=0)


@bug("bilinear_attention", ops, "bilinear_attention_backward")
def the_words_looked_at_forgotten(dh, saved):
    return wrong_bilinear(dh, saved, looked_at=0)


@bug("bilinear_attention:causal", ops, "bilinear_attention_backward")
def the_words_averaged_forgotten(dh, saved):
    return wrong_bilinear(dh, saved, averaged=0)


@bug("bilinear_attention", ops, "bilinear_attention_backward")
def form_transposed(dh, saved):
    dx, dweight = right["bilinear_attention_backward"](dh, saved)
    return dx, dweight.T
