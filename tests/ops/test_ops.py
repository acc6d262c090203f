"""The forward functions of `minillm.ops` against their formulas, written out slowly, and at the edges of what floats can hold."""

import math

import numpy as np
import pytest

from minillm import ops
from minillm.ops import IGNORE


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(7,), (3, 5), (2, 3, 5), (2, 1, 3, 4)])
def test_sums_are_the_sums(rng, shape):
    x = rng.standard_normal(shape)
    np.testing.assert_allclose(ops.sum_last(x), x.sum(-1, keepdims=True), rtol=1e-14)
    np.testing.assert_allclose(ops.sum_rows(x), x.reshape(-1, shape[-1]).sum(0), rtol=1e-14)


@pytest.mark.parametrize("shape", [(7,), (1, 1), (3, 65), (2, 3, 1, 4), (0, 5)])
def test_max_last_is_the_maximum(shape, rng):
    x = rng.standard_normal(shape)
    np.testing.assert_array_equal(ops.max_last(x), x.max(-1, keepdims=True))
    x[..., -1] = np.nan
    assert np.isnan(ops.max_last(x)).all()
    np.testing.assert_array_equal(ops.max_last(np.full((2, 3), -np.inf)), -np.inf)


@pytest.mark.parametrize("rows", [(), (3,), (2, 3), (2, 3, 4)])
def test_linear_takes_any_number_of_rows(rng, rows):
    x, weight, bias = rng.standard_normal((*rows, 5)), rng.standard_normal((5, 7)), rng.standard_normal(7)
    y, saved = ops.linear(x, weight, bias=bias)
    np.testing.assert_allclose(y, np.einsum("...d,df->...f", x, weight) + bias, rtol=1e-12)
    dx, dweight, dbias = ops.linear_backward(np.ones_like(y), saved)
    assert (dx.shape, dweight.shape, dbias.shape) == (x.shape, weight.shape, bias.shape)
    assert ops.linear_backward(y, ops.linear(x, weight)[1])[2] is None
    frozen = ops.linear_backward(np.ones_like(y), saved, weights=False)
    np.testing.assert_array_equal(frozen[0], dx)
    assert frozen[1] is frozen[2] is None


def test_both_ways_to_the_embedding_gradient_agree(rng, monkeypatch):
    ids, dy = rng.integers(0, 11, (3, 5)), rng.standard_normal((3, 5, 7))
    _, saved = ops.embedding(ids, rng.standard_normal((11, 7)))
    product = ops.embedding_backward(dy, saved)
    monkeypatch.setattr("minillm.ops.embeddings.ONE_HOT_LIMIT", 10)
    np.testing.assert_allclose(product, ops.embedding_backward(dy, saved), rtol=1e-14, atol=1e-14)


def test_layer_norm_gives_zero_mean_and_unit_variance(rng):
    x = 5 + 3 * rng.standard_normal((2, 3, 7))
    y, _ = ops.layer_norm(x, np.ones(7), np.zeros(7), eps=0.0)
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-14)
    np.testing.assert_allclose(y.var(-1), 1, rtol=1e-12)
    gamma, beta = rng.standard_normal(7), rng.standard_normal(7)
    np.testing.assert_allclose(ops.layer_norm(x, gamma, beta, eps=0.0)[0], gamma * y + beta, rtol=1e-12)


def test_layer_norm_adds_eps_to_the_variance():
    x = np.array([[-1.0, 0.0, 1.0]])  # variance 2/3
    y, _ = ops.layer_norm(x, np.ones(3), np.zeros(3), eps=1 / 3)
    np.testing.assert_allclose(y, x, rtol=1e-14)
    np.testing.assert_allclose(ops.layer_norm(x, np.ones(3), np.zeros(3))[0], x / math.sqrt(2 / 3 + 1e-5), rtol=1e-14)


def test_layer_norm_of_a_constant_row_is_the_shift():
    y, saved = ops.layer_norm(np.full((2, 5), 3.0), np.ones(5), np.arange(5.0))
    np.testing.assert_allclose(y, [np.arange(5.0)] * 2, atol=1e-12)
    assert np.isfinite(ops.layer_norm_backward(np.ones((2, 5)), saved)[0]).all()


def test_rms_norm_gives_unit_mean_square_and_keeps_the_mean(rng):
    x, gamma = rng.normal(5, 2, (3, 7)), rng.standard_normal(7)
    y, _ = ops.rms_norm(x, np.ones(7), eps=0.0)
    np.testing.assert_allclose((y * y).mean(-1), 1, rtol=1e-12)
    np.testing.assert_allclose(y, x / np.sqrt((x * x).mean(-1, keepdims=True)), rtol=1e-14)
    np.testing.assert_allclose(ops.rms_norm(x, gamma, eps=0.0)[0], gamma * y, rtol=1e-12)


def test_rms_norm_adds_eps_to_the_mean_square():
    x = np.array([[1.0, -2.0, 2.0]])  # mean square 3
    np.testing.assert_allclose(ops.rms_norm(x, np.ones(3), eps=1.0)[0], x / 2, rtol=1e-14)
    np.testing.assert_allclose(ops.rms_norm(x, np.ones(3))[0], x / math.sqrt(3 + 1e-6), rtol=1e-14)


def test_softmax_is_the_formula_and_ignores_a_shift(rng):
    scores = rng.standard_normal((2, 3, 5))
    p, _ = ops.softmax(scores)
    np.testing.assert_allclose(p, np.exp(scores) / np.exp(scores).sum(-1, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(ops.softmax(scores + 7)[0], p, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_does_not_overflow(dtype):
    p, _ = ops.softmax(np.array([[1e30, 0, -1e30], [-1e30, -1e30, -1e30]], dtype))
    np.testing.assert_array_equal(p[0], [1, 0, 0])
    np.testing.assert_allclose(p[1], 1 / 3, rtol=1e-6)


def test_softmax_of_a_row_that_may_look_nowhere_is_zero():
    p, saved = ops.softmax(np.array([[-np.inf] * 3, [0, -np.inf, 0]]))
    np.testing.assert_array_equal(p, [[0, 0, 0], [0.5, 0, 0.5]])
    ds = ops.softmax_backward(np.ones((2, 3)), saved)
    np.testing.assert_array_equal(ds[0], 0)


def slow_attention(q, k, v, mask, scale):
    """Word by word, as the paper's eq. 1 reads."""
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    weights = np.zeros((*q.shape[:-1], k.shape[-2]))
    for b, h, t in np.ndindex(q.shape[:-1]):
        seen = [s for s in range(k.shape[2]) if mask is None or mask[b, h, t, s]]
        scores = [math.exp(scale * float(q[b, h, t] @ k[b, h, s])) for s in seen]
        for s, score in zip(seen, scores, strict=True):
            weights[b, h, t, s] = score / sum(scores)
            out[b, h, t] += weights[b, h, t, s] * v[b, h, s]
    return out, weights


@pytest.mark.parametrize("masked", [False, True])
def test_attention_is_the_slow_loop(rng, masked):
    q, k, v = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 7, 5)), rng.standard_normal((2, 3, 7, 5))
    mask = rng.random((2, 3, 4, 7)) < 0.6 if masked else None
    if masked:
        mask[1, 2, 3] = False
    for scale in (None, 0.7):
        y, saved = ops.attention(q, k, v, mask=mask, scale=scale)
        slow, weights = slow_attention(q, k, v, mask, 1 / math.sqrt(5) if scale is None else scale)
        np.testing.assert_allclose(y, slow, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(saved.weights, weights, rtol=1e-12, atol=1e-14)


def test_attention_of_a_query_that_may_look_nowhere_is_zero_with_finite_gradients(rng):
    q, k, v = (rng.standard_normal((2, 3, 4, 5)).astype(np.float32) for _ in range(3))
    mask = np.ones((2, 1, 4, 4), bool)
    mask[0, 0, 1] = mask[1] = False
    y, saved = ops.attention(q, k, v, mask=mask)
    assert (y[0, :, 1] == 0).all() and (y[1] == 0).all() and (y[0, :, 0] != 0).all()
    dq, dk, dv, _ = ops.attention_backward(np.ones_like(y), saved)
    assert all(np.isfinite(d).all() for d in (dq, dk, dv))
    assert (dq[0, :, 1] == 0).all() and (dk[1] == 0).all() and (dv[1] == 0).all()


def test_a_masked_key_changes_nothing(rng):
    q, k, v = (rng.standard_normal((1, 2, 3, 5)) for _ in range(3))
    mask = np.array([[True, False, True]])
    y, _ = ops.attention(q, k, v, mask=mask)
    k[:, :, 1], v[:, :, 1] = 1e6, -1e6
    np.testing.assert_array_equal(ops.attention(q, k, v, mask=mask)[0], y)


def test_attention_dropout_multiplies_the_weights(rng):
    q, k, v = rng.standard_normal((1, 2, 3, 5)), rng.standard_normal((1, 2, 4, 5)), rng.standard_normal((1, 2, 4, 5))
    keep = ops.dropout_mask((1, 2, 3, 4), 0.5, rng, np.float64)
    y, saved = ops.attention(q, k, v, keep=keep)
    np.testing.assert_allclose(y, (ops.attention(q, k, v)[1].weights * keep) @ v, rtol=1e-12)
    np.testing.assert_array_equal(saved.weights, ops.attention(q, k, v)[1].weights)  # the map is that before dropout


def test_bilinear_attention_is_the_articles_formula(rng):
    x, weight = rng.standard_normal((1, 4, 5)), rng.standard_normal((5, 5))
    h, saved = ops.bilinear_attention(x, weight)
    for i in range(4):
        e = [math.exp(x[0, i] @ weight @ x[0, j]) for j in range(4)]
        np.testing.assert_allclose(saved.weights[0, i], np.array(e) / sum(e), rtol=1e-11)
        np.testing.assert_allclose(h[0, i], sum(e[j] / sum(e) * x[0, j] for j in range(4)), rtol=1e-11)


def test_relu_and_its_slope_at_zero():
    y, saved = ops.relu(np.array([-2.0, 0.0, 3.0]))
    np.testing.assert_array_equal(y, [0, 0, 3])
    np.testing.assert_array_equal(ops.relu_backward(np.ones(3), saved), [0, 0, 1])


def test_gelu_is_the_formula(rng):
    x = rng.normal(0, 2, 50)
    slow = [v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in x]
    np.testing.assert_allclose(ops.gelu(x)[0], slow, rtol=1e-12, atol=1e-15)


def test_silu_is_the_formula(rng):
    x = rng.normal(0, 2, 50)
    np.testing.assert_allclose(ops.silu(x)[0], [v / (1 + math.exp(-v)) for v in x], rtol=1e-12)


@pytest.mark.parametrize("name", ["gelu", "gelu_erf", "relu", "silu"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_far_out(name, dtype):
    """Far to the right they are the identity with slope one, far to the left zero with slope zero."""
    y, saved = getattr(ops, name)(np.array([-1000, -50, 50, 1000], dtype))
    np.testing.assert_allclose(y, [0, 0, 50, 1000], rtol=1e-6, atol=1e-20)
    dx = getattr(ops, f"{name}_backward")(np.ones(4, dtype), saved)
    np.testing.assert_allclose(dx, [0, 0, 1, 1], atol=1e-6)


def exact_normal_cdf(x):
    return np.array([0.5 * math.erfc(-float(v) / math.sqrt(2)) for v in x])


@pytest.mark.parametrize(("dtype", "limit"), [(np.float64, 6e-16), (np.float32, 1e-7)])
def test_normal_cdf_against_the_error_function(dtype, limit):
    x = np.linspace(-12, 12, 20001).astype(dtype)
    exact, phi = exact_normal_cdf(x), ops.normal_cdf(x)
    assert phi.dtype == dtype
    np.testing.assert_allclose(phi, exact, rtol=0, atol=limit)
    assert 0 <= phi.min() <= phi.max() <= 1
    np.testing.assert_allclose(ops.gelu_erf(x)[0], x * exact, rtol=0, atol=limit * 10)


@pytest.mark.parametrize(("dtype", "lowest", "relative"), [(np.float64, -11.3, 5e-14), (np.float32, -1, 5e-7)])
def test_normal_cdf_is_as_exact_as_it_says(dtype, lowest, relative):
    x = np.linspace(lowest, 9, 2001).astype(dtype)
    np.testing.assert_allclose(ops.normal_cdf(x), exact_normal_cdf(x), rtol=relative)


def test_a_float32_gelu_is_nearer_to_the_exact_one_than_a_float32_error_function():
    """1 + erf(-4) has lost all but a few digits: the tails of PyTorch's are no better."""
    torch = pytest.importorskip("torch")
    x = np.linspace(-12, 12, 20001).astype(np.float32)
    exact, theirs = x * exact_normal_cdf(x), torch.nn.functional.gelu(torch.from_numpy(x)).numpy()
    assert np.abs(ops.gelu_erf(x)[0] - exact).max() < np.abs(theirs - exact).max()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_share_and_the_mean(rate):
    keep = ops.dropout_mask((200, 500), rate, np.random.default_rng(0), np.float32)
    assert keep.dtype == np.float32
    assert set(np.unique(keep)) == {np.float32(0), np.float32(1) / np.float32(1 - rate)}
    assert abs((keep == 0).mean() - rate) < 5 * math.sqrt(rate * (1 - rate) / keep.size)
    assert abs(keep.mean() - 1) < 5 * math.sqrt(rate / (1 - rate) / keep.size)


def test_cross_entropy_by_hand():
    logits = np.log(np.array([[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3]]]))
    loss, _ = ops.cross_entropy(logits + 9, np.array([[0, 2, IGNORE]]))
    assert loss == pytest.approx(-(math.log(0.5) + math.log(0.7)) / 2)
    smooth, _ = ops.cross_entropy(logits, np.array([[0, IGNORE, IGNORE]]), label_smoothing=0.3)
    assert smooth == pytest.approx(-(0.8 * math.log(0.5) + 0.1 * math.log(0.25) + 0.1 * math.log(0.25)))


def test_cross_entropy_of_a_model_that_knows_nothing_is_that_of_chance():
    for smoothing in (0.0, 0.1):
        loss, _ = ops.cross_entropy(np.zeros((2, 3, 11)), np.ones((2, 3), int), smoothing)
        assert loss == pytest.approx(math.log(11))


def test_cross_entropy_with_nothing_to_score_is_zero():
    loss, saved = ops.cross_entropy(np.ones((2, 3, 5)), np.full((2, 3), IGNORE))
    assert loss == 0
    np.testing.assert_array_equal(ops.cross_entropy_backward(1.0, saved), 0)


def test_an_unscored_place_counts_for_nothing(rng):
    logits, targets = rng.standard_normal((2, 3, 5)), np.array([[0, IGNORE, 2], [4, 4, IGNORE]])
    loss, saved = ops.cross_entropy(logits, targets, 0.1)
    dlogits = ops.cross_entropy_backward(1.0, saved)
    np.testing.assert_array_equal(dlogits[targets == IGNORE], 0)
    assert (dlogits[targets != IGNORE] != 0).all()
    logits[targets == IGNORE] = 100 * rng.standard_normal((2, 5))
    assert ops.cross_entropy(logits, targets, 0.1)[0] == loss


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_does_not_overflow(dtype):
    loss, saved = ops.cross_entropy(np.array([[1e4, 0, -1e4]], dtype), np.array([1]))
    assert loss == 1e4 and loss.dtype == dtype
    np.testing.assert_array_equal(ops.cross_entropy_backward(1.0, saved), [[1, -1, 0]])


def test_the_gradient_of_the_logits_sums_to_zero(rng):
    """Probability taken from one token goes to another."""
    _, saved = ops.cross_entropy(rng.standard_normal((2, 3, 5)), np.array([[0, 1, 2], [3, 4, IGNORE]]), 0.2)
    np.testing.assert_allclose(ops.cross_entropy_backward(1.0, saved).sum(-1), 0, atol=1e-15)


def test_an_ignored_row_may_hold_anything():
    logits = np.array([[-np.inf, 0.0, 0.0], [1.0, 2.0, 3.0]])
    loss, saved = ops.cross_entropy(logits, np.array([ops.IGNORE, 2]))
    assert loss == pytest.approx(ops.cross_entropy(logits[1:], np.array([2]))[0])
    assert np.isfinite(ops.cross_entropy_backward(1.0, saved)).all()


@pytest.mark.parametrize("name", ["gelu", "gelu_erf", "silu"])
@pytest.mark.parametrize(("dtype", "far"), [(np.float32, 1e15), (np.float64, 1e120)])
def test_smooth_activations_at_the_end_of_the_numbers(name, dtype, far):
    with np.errstate(over="ignore"):
        y, saved = getattr(ops, name)(np.array([-far, far], dtype))
        dx = getattr(ops, f"{name}_backward")(np.ones(2, dtype), saved)
    np.testing.assert_array_equal(y, np.array([0, far], dtype))
    np.testing.assert_array_equal(dx, [0, 1])


def test_a_mask_of_numbers_is_refused():
    """PyTorch's additive masks hold 0 where one may look: read as truth, they would look exactly the wrong way."""
    x = np.ones((1, 2, 3, 4))
    with pytest.raises(TypeError, match="a mask is boolean, True = may look, and this one is float64"):
        ops.attention(x, x, x, mask=np.zeros((3, 3)))
    with pytest.raises(TypeError, match="a mask is boolean"):
        ops.bilinear_attention(x[0], np.eye(4), mask=np.ones((3, 3), int))


def test_a_list_is_no_array():
    with pytest.raises(TypeError, match="expected a NumPy or CuPy array, got list"):
        ops.softmax([1.0, 2.0])


@pytest.mark.parametrize("norm", ["layer", "rms"])
@pytest.mark.parametrize("large", [1e20, 3e38])
def test_a_norm_whose_squares_overflow_is_nan_and_no_row_of_zeros(norm, large):
    """Zeros would go on as numbers like any other, and nobody could tell that they stand for something else."""
    x = np.array([[1, -1, 2, -2], [large, -large, large, -large]], np.float32)
    ones = np.ones(4, np.float32)
    with np.errstate(all="ignore"):
        y, _ = ops.layer_norm(x, ones, 0 * ones) if norm == "layer" else ops.rms_norm(x, ones)
    assert np.isfinite(y[0]).all() and np.isnan(y[1]).all()
