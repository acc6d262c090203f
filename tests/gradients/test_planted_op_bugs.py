"""The check must fail on wrong gradients: plausible mistakes in the backward functions of `minillm.ops`, planted one at a time."""

import math

import numpy as np
import pytest

from minillm import ops
from minillm.gradcheck import LIMIT
from minillm.ops import softmax_backward, sum_last, sum_rows

BUGS = {}


def bug(case):
    """Plant the function below in place of the case's backward function."""

    def enter(wrong):
        BUGS[f"{case}-{wrong.__name__}"] = (case, wrong)
        return wrong

    return enter


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    case, wrong = BUGS[name]
    assert error_with(case, ops, f"{case.split(':')[0]}_backward", wrong) > 1e-4


def test_every_backward_has_a_bug():
    backwards = {name.removesuffix("_backward") for name in vars(ops) if name.endswith("_backward")}
    assert {case.split(":")[0] for case, _ in BUGS.values()} == backwards


right = {name: value for name, value in vars(ops).items() if name.endswith("_backward")}  # unpatched


# --- linear and embedding -----------------------------------------------------------------------------------------------------------------


@bug("linear")
def bias_meaned_instead_of_summed(dy, saved, weights=True):
    dx, dweight, dbias = right["linear_backward"](dy, saved)
    return dx, dweight, dbias / (dy.size // dy.shape[-1])


@bug("linear")
def bias_summed_over_the_batch_only(dy, saved, weights=True):
    dx, dweight, _ = right["linear_backward"](dy, saved)
    return dx, dweight, dy.sum(0)[0]


@bug("linear")
def weight_of_the_last_sequence_only(dy, saved, weights=True):
    x, weight, _ = saved
    return dy @ weight.T, x[-1].T @ dy[-1], sum_rows(dy)


@bug("linear")
def weight_transposed_then_reshaped(dy, saved, weights=True):
    dx, dweight, dbias = right["linear_backward"](dy, saved)
    return dx, dweight.T.reshape(dweight.shape), dbias


@bug("embedding")
def repeated_token_paid_once(dy, saved):
    ids, shape = saved
    dtable = np.zeros(shape)
    dtable[ids] = dy
    return dtable


@bug("embedding:large-vocabulary")
def indexed_addition_that_forgets_repeats(dy, saved):
    ids, shape = saved
    dtable = np.zeros(shape)
    dtable[ids] += dy
    return dtable


# --- normalisation ------------------------------------------------------------------------------------------------------------------------


@bug("layer_norm")
def without_the_variance_path(dy, saved):
    _, rstd, gamma = saved
    g = dy * gamma
    return rstd * (g - g.mean(-1, keepdims=True)), *right["layer_norm_backward"](dy, saved)[1:]


@bug("layer_norm")
def without_the_mean_path(dy, saved):
    xhat, rstd, gamma = saved
    g = dy * gamma
    return rstd * (g - xhat * (g * xhat).mean(-1, keepdims=True)), *right["layer_norm_backward"](dy, saved)[1:]


@bug("layer_norm")
def gamma_outside_the_means(dy, saved):
    xhat, rstd, gamma = saved
    dx = gamma * rstd * (dy - dy.mean(-1, keepdims=True) - xhat * (dy * xhat).mean(-1, keepdims=True))
    return dx, *right["layer_norm_backward"](dy, saved)[1:]


@bug("layer_norm")
def scale_of_the_row_forgotten(dy, saved):
    dx, dgamma, dbeta = right["layer_norm_backward"](dy, saved)
    return dx / saved[1], dgamma, dbeta


@bug("layer_norm")
def gain_without_the_normalised_input(dy, saved):
    dx, _, dbeta = right["layer_norm_backward"](dy, saved)
    return dx, sum_rows(dy * saved[0] / saved[1]), dbeta


@bug("layer_norm")
def divided_by_one_less(dy, saved):
    xhat, rstd, gamma = saved
    g, width = dy * gamma, dy.shape[-1]
    dx = rstd * (g - sum_last(g) / width - xhat * sum_last(g * xhat) / (width - 1))
    return dx, *right["layer_norm_backward"](dy, saved)[1:]


@bug("layer_norm")
def shift_meaned_instead_of_summed(dy, saved):
    dx, dgamma, _ = right["layer_norm_backward"](dy, saved)
    return dx, dgamma, dy.mean((0, 1))


# --- attention ----------------------------------------------------------------------------------------------------------------------------


@bug("softmax")
def without_its_row_term(dp, saved):
    return dp * saved


@bug("softmax")
def diagonal_of_the_jacobian_only(dp, saved):
    return dp * saved * (1 - saved)


@bug("softmax")
def row_term_not_weighted(dp, saved):
    return dp * saved - sum_last(dp * saved)


@bug("softmax:masked")
def row_term_unweighted_sum(dp, saved):
    return saved * (dp - sum_last(dp))


def test_the_breakable_functions_are_right_until_broken(error_with):
    assert error_with("attention:dropout", ops, "attention_backward", wrong_attention) < LIMIT
    assert error_with("bilinear_attention:causal", ops, "bilinear_attention_backward", wrong_bilinear) < LIMIT
    assert error_with("gelu", ops, "gelu_backward", lambda dy, saved: dy * gelu_slope(*saved)) < LIMIT


def wrong_attention(dy, saved, dp_keep=True, dv_keep=True, dq_scale=True, dk_scale=True):
    q, k, v, p, keep, scale = saved
    keep = np.ones_like(p) if keep is None else keep
    dp = dy @ v.swapaxes(-1, -2) * (keep if dp_keep else 1)
    ds = softmax_backward(dp, p)
    dv = (p * (keep if dv_keep else 1)).swapaxes(-1, -2) @ dy
    return ds @ k * (scale if dq_scale else 1), ds.swapaxes(-1, -2) @ q * (scale if dk_scale else 1), dv


@bug("attention")
def missing_scale(dy, saved):
    return wrong_attention(dy, saved, dq_scale=False, dk_scale=False)


@bug("attention")
def scale_only_for_the_query(dy, saved):
    return wrong_attention(dy, saved, dk_scale=False)


@bug("attention:scale")
def scale_always_that_of_the_paper(dy, saved):
    return right["attention_backward"](dy, (*saved[:-1], 1 / math.sqrt(saved[0].shape[-1])))


@bug("attention")
def transposed_key_gradient(dy, saved):
    dq, dk, dv = right["attention_backward"](dy, saved)
    return dq, dk.swapaxes(-1, -2).reshape(dk.shape), dv


@bug("attention")
def value_gradient_through_the_scores_as_well(dy, saved):
    dq, dk, dv = right["attention_backward"](dy, saved)
    return dq, dk, dv + dk


@bug("attention:causal")
def mask_dropped(dy, saved):
    q, k, v, p, keep, scale = saved
    p, _ = ops.softmax(scale * q @ k.swapaxes(-1, -2))
    return right["attention_backward"](dy, (q, k, v, p, keep, scale))


@bug("attention:padding")
def padding_dropped(dy, saved):
    return mask_dropped(dy, saved)


@bug("attention:nowhere-to-look")
def blind_rows_look_everywhere(dy, saved):
    q, k, v, p, keep, scale = saved
    blind = p.sum(-1, keepdims=True) == 0
    return right["attention_backward"](dy, (q, k, v, np.where(blind, 1 / p.shape[-1], p), keep, scale))


@bug("attention:dropout")
def keep_forgotten_in_dv(dy, saved):
    return wrong_attention(dy, saved, dv_keep=False)


@bug("attention:dropout")
def keep_forgotten_in_dp(dy, saved):
    return wrong_attention(dy, saved, dp_keep=False)


@bug("attention:dropout")
def keep_without_its_factor(dy, saved):
    q, k, v, p, keep, scale = saved
    return right["attention_backward"](dy, (q, k, v, p, (keep > 0).astype(float), scale))


@bug("attention:dropout")
def dropped_weights_in_the_softmax(dy, saved):
    q, k, v, p, keep, scale = saved
    ds = softmax_backward(dy @ v.swapaxes(-1, -2), p * keep)
    return ds @ k * scale, ds.swapaxes(-1, -2) @ q * scale, (p * keep).swapaxes(-1, -2) @ dy


def wrong_bilinear(dh, saved, looking=1, looked_at=1, averaged=1):
    x, weight, xw, alpha = saved
    de = softmax_backward(dh @ x.swapaxes(-1, -2), alpha)
    dx = (
        looking * (de @ x @ weight.T)
        + looked_at * (de.swapaxes(-1, -2) @ xw)
        + averaged * (alpha.swapaxes(-1, -2) @ dh)
    )
    return dx, right["bilinear_attention_backward"](dh, saved)[1]


@bug("bilinear_attention")
def the_word_that_looks_forgotten(dh, saved):
    return wrong_bilinear(dh, saved, looking=0)


@bug("bilinear_attention")
def the_words_looked_at_forgotten(dh, saved):
    return wrong_bilinear(dh, saved, looked_at=0)


@bug("bilinear_attention:causal")
def the_words_averaged_forgotten(dh, saved):
    return wrong_bilinear(dh, saved, averaged=0)


@bug("bilinear_attention")
def form_transposed(dh, saved):
    dx, dweight = right["bilinear_attention_backward"](dh, saved)
    return dx, dweight.T


# --- activations and dropout --------------------------------------------------------------------------------------------------------------


@bug("relu")
def wrong_side(dy, saved):
    return dy * (saved < 0)


@bug("relu")
def no_bend(dy, saved):
    return dy


def gelu_slope(x, p, inner=3.0, outer=True):
    t = 2 * p - 1  # tanh
    slope = math.sqrt(2 / math.pi) * (1 + inner * 0.044715 * x * x)
    return (1 + t) / 2 + x / 2 * slope * (1 - t * t if outer else 1)


@bug("gelu")
def slope_of_tanh_forgotten(dy, saved):
    return dy * gelu_slope(*saved, outer=False)


@bug("gelu")
def inner_derivative_without_the_three(dy, saved):
    return dy * gelu_slope(*saved, inner=1.0)


@bug("gelu")
def tanh_taken_for_constant(dy, saved):
    return dy * saved[1]


@bug("gelu")
def the_other_gelu(dy, saved):
    return dy * (ops.normal_cdf(saved[0]) + saved[0] * np.exp(-0.5 * saved[0] ** 2) / math.sqrt(2 * math.pi))


@bug("gelu_erf")
def density_without_x(dy, saved):
    x, phi = saved
    return dy * (phi + np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))


@bug("gelu_erf")
def density_without_its_half(dy, saved):
    x, phi = saved
    return dy * (phi + x * np.exp(-x * x) / math.sqrt(2 * math.pi))


@bug("gelu_erf")
def density_forgotten(dy, saved):
    return dy * saved[1]


@bug("dropout")
def mask_of_another_draw(dy, saved):
    return dy * ops.dropout_mask(saved.shape, 0.4, np.random.default_rng(99), np.float64)


@bug("dropout")
def factor_forgotten(dy, saved):
    return dy * (saved > 0)


@bug("dropout")
def passed_straight_through(dy, saved):
    return dy


# --- the loss -----------------------------------------------------------------------------------------------------------------------------


@bug("cross_entropy")
def without_the_count(dloss, saved):
    return right["cross_entropy_backward"](dloss, saved) * len(saved[0])


@bug("cross_entropy:ignored")
def ignored_targets_counted(dloss, saved):
    scored = (saved[2] > 0).mean()
    return right["cross_entropy_backward"](dloss, saved) * scored


@bug("cross_entropy:ignored")
def ignored_targets_scored(dloss, saved):
    logp, places, weight, smoothing, shape = saved
    return right["cross_entropy_backward"](dloss, (logp, places, np.full_like(weight, weight.max()), smoothing, shape))


@bug("cross_entropy:smoothing")
def without_smoothing(dloss, saved):
    logp, places, weight, _, shape = saved
    return right["cross_entropy_backward"](dloss, (logp, places, weight, 0.0, shape))


@bug("cross_entropy:smoothing")
def smoothing_on_the_target_only(dloss, saved):
    logp, _, weight, smoothing, shape = saved
    dlogits = right["cross_entropy_backward"](dloss, saved).reshape(logp.shape)
    return (dlogits + (dloss * weight)[:, None] * smoothing / logp.shape[-1]).reshape(shape)


@bug("cross_entropy")
def probability_pushed_the_wrong_way(dloss, saved):
    return -right["cross_entropy_backward"](dloss, saved)


@bug("cross_entropy")
def upstream_gradient_forgotten(dloss, saved):
    return right["cross_entropy_backward"](1.0, saved)


@bug("cross_entropy")
def target_not_subtracted(dloss, saved):
    logp, _, weight, _, shape = saved
    return (np.exp(logp) * (dloss * weight)[:, None]).reshape(shape)
