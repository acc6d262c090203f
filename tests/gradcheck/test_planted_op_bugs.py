"""The check must fail on wrong gradients: plausible mistakes in the backward functions of `minillm.ops`, planted one at a time."""

import math

import numpy as np
import pytest

from minillm import ops
from minillm.gradcheck import LIMIT
from minillm.ops import sum_last, sum_rows
from tests.gradcheck.test_planted_attention_bugs import BUGS as ATTENTION_BUGS
from tests.gradcheck.test_planted_logp_bugs import BUGS as LOGP_BUGS

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
    assert {
        case.split(":")[0] for case, *_ in [*BUGS.values(), *ATTENTION_BUGS.values(), *LOGP_BUGS.values()]
    } == backwards


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


@bug("rms_norm")
def without_the_path_of_the_mean_square(dy, saved):
    xhat, rstd, gamma = saved
    return rstd * dy * gamma, sum_rows(dy * xhat)


@bug("rms_norm")
def backward_of_layer_norm(dy, saved):
    return right["layer_norm_backward"](dy, saved)[:2]


@bug("rms_norm")
def gamma_outside_the_mean(dy, saved):
    xhat, rstd, gamma = saved
    return gamma * rstd * (dy - xhat * (dy * xhat).mean(-1, keepdims=True)), sum_rows(dy * xhat)


@bug("rms_norm")
def gain_paid_at_the_input(dy, saved):
    dx, _ = right["rms_norm_backward"](dy, saved)
    return dx, sum_rows(dy * saved[0] / saved[1])


@bug("rms_norm:large-eps")
def size_of_the_row_forgotten(dy, saved):
    dx, dgamma = right["rms_norm_backward"](dy, saved)
    return dx / saved[1], dgamma


# --- relative positions -------------------------------------------------------------------------------------------------------------------


def wrong_bias(dbias, saved, shift=0, mirrored=False, once=False):
    """The backward of relative_bias, pair by pair."""
    buckets, shape = saved
    dtable = np.zeros(shape)
    _, _, queries, keys = dbias.shape
    for i in range(queries):
        for j in range(keys):
            bucket = (buckets[::-1] if mirrored else buckets)[j - i + queries - 1]
            paid = dbias[0, :, i, j]
            dtable[(bucket + shift) % shape[0]] = paid if once else dtable[(bucket + shift) % shape[0]] + paid
    return dtable


@bug("relative_bias")
def bucket_shifted(dbias, saved):
    return wrong_bias(dbias, saved, shift=1)


@bug("relative_bias")
def before_and_after_swapped(dbias, saved):
    return wrong_bias(dbias, saved, mirrored=True)


@bug("relative_bias")
def last_pair_of_a_bucket_only(dbias, saved):
    return wrong_bias(dbias, saved, once=True)


@bug("relative_bias:cached")
def meaned_over_the_diagonal(dbias, saved):
    return right["relative_bias_backward"](dbias / dbias.shape[2], saved)


@bug("relative_bias:cached")
def diagonals_that_lean_the_other_way(dbias, saved):
    return right["relative_bias_backward"](dbias[:, :, ::-1], saved)


@bug("relative_bias")
def heads_swapped(dbias, saved):
    return right["relative_bias_backward"](dbias[:, ::-1], saved)


def test_the_breakable_functions_are_right_until_broken(error_with):
    assert error_with("gelu", ops, "gelu_backward", lambda dy, saved: dy * gelu_slope(*saved)) < LIMIT
    assert error_with("relative_bias:cached", ops, "relative_bias_backward", wrong_bias) < LIMIT


# --- rotary positions and grouped queries -------------------------------------------------------------------------------------------------


@bug("rotary")
def not_turned_back(dy, saved):
    return dy


@bug("rotary")
def turned_further(dy, saved):
    return ops.rotary(dy, *saved)[0]


@bug("rotary")
def columns_paired_with_their_neighbours(dy, saved):
    pairs = np.concatenate([dy[..., 0::2], dy[..., 1::2]], axis=-1)
    return ops.rotary(pairs, saved.cos, -saved.sin)[0]


@bug("repeat_heads")
def first_reader_only(dy, saved):
    return dy[:, ::saved]


@bug("repeat_heads")
def mean_of_the_readers(dy, saved):
    return right["repeat_heads_backward"](dy, saved) / saved


@bug("repeat_heads")
def heads_one_after_the_other_as_if_tiled(dy, saved):
    batch, heads, length, width = dy.shape
    return dy.reshape(batch, saved, heads // saved, length, width).sum(axis=1)


# --- activations and dropout --------------------------------------------------------------------------------------------------------------


@bug("relu")
def wrong_side(dy, saved):
    return dy * (saved < 0)


@bug("relu")
def no_activation(dy, saved):
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


@bug("silu")
def gate_taken_for_constant(dy, saved):
    return dy * saved.p


@bug("silu")
def slope_of_the_gate_without_x(dy, saved):
    return dy * saved.p * (2 - saved.p)


@bug("silu")
def slope_of_a_gate_of_minus_x(dy, saved):
    x, p = saved
    return dy * (p - x * p * (1 - p))


@bug("tanh")
def slope_of_the_logistic_function(dy, saved):
    return dy * saved * (1 - saved)


@bug("tanh")
def output_not_squared(dy, saved):
    return dy * (1 - saved)


@bug("tanh")
def taken_at_the_output(dy, saved):
    return dy * (1 - np.tanh(saved) ** 2)


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
