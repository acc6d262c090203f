"""Log-probabilities of texts and the exact KL, against their formulas and at the edges of what floats can hold."""

import math

import numpy as np
import pytest

from minillm import ops
from minillm.ops import IGNORE

# logits of p = 1/4 1/2 1/4, 1/6 1/6 4/6, 1/3 1/3 1/3
THIRDS = np.log(np.array([[1.0, 2.0, 1.0], [1.0, 1.0, 4.0], [1.0, 1.0, 1.0]]))


def test_by_hand():
    logits, targets = np.stack([THIRDS, THIRDS]), np.array([[1, 2, 0], [IGNORE, 0, IGNORE]])
    tokens, _ = ops.token_logp(logits, targets)
    np.testing.assert_allclose(tokens, np.log([[1 / 2, 2 / 3, 1 / 3], [1, 1 / 6, 1]]), atol=1e-15)
    logp, saved = ops.sequence_logp(logits, targets)
    np.testing.assert_allclose(logp, np.log([1 / 9, 1 / 6]), rtol=1e-14)
    dlogits = ops.sequence_logp_backward(np.array([1.0, -2.0]), saved)
    np.testing.assert_allclose(dlogits[0, 0], [-1 / 4, 1 / 2, -1 / 4], atol=1e-15)  # 1[v = t] - p
    np.testing.assert_allclose(dlogits[1], [[0, 0, 0], [-5 / 3, 1 / 3, 4 / 3], [0, 0, 0]], atol=1e-15)


def test_the_mean_over_all_tokens_is_cross_entropy():
    """One backward for all: cross-entropy is the log-probabilities with weight -1/n each."""
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(0, 2, (2, 3, 7)), np.array([[0, IGNORE, 3], [3, IGNORE, 6]])
    loss, saved = ops.cross_entropy(logits, targets)
    logp, saved_logp = ops.token_logp(logits, targets)
    np.testing.assert_allclose(-logp.sum() / 4, loss, rtol=1e-14)
    ours = ops.token_logp_backward(np.full((2, 3), -1 / 4), saved_logp)
    np.testing.assert_allclose(ours, ops.cross_entropy_backward(1.0, saved), atol=1e-16)


@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_token_logp_takes_any_number_of_axes(shape):
    logits = np.zeros((*shape, 5))
    logp, saved = ops.token_logp(logits, np.zeros(shape, int))
    np.testing.assert_allclose(logp, np.full(shape, -math.log(5)))
    assert ops.token_logp_backward(np.ones(shape), saved).shape == logits.shape


def test_large_logits_neither_overflow_nor_lose_the_target():
    logits = np.array([[[1e4, -1e4, 0.0]]], np.float32)
    for token, expected in ((0, 0.0), (1, -2e4), (2, -1e4)):
        logp, saved = ops.sequence_logp(logits, np.array([[token]]))
        assert logp == expected
        assert np.isfinite(ops.sequence_logp_backward(np.ones(1, np.float32), saved)).all()


def test_no_scored_place_no_gradient():
    logp, saved = ops.sequence_logp(np.ones((2, 3, 5)), np.full((2, 3), IGNORE))
    assert not logp.any() and not ops.sequence_logp_backward(np.ones(2), saved).any()


def test_kl_by_hand():
    """TRL's own test of the full KL: p = (.49, .02, .49), q = (.01, .98, .01), in the two rows far and near."""
    p, q = np.log([[0.49, 0.02, 0.49], [0.49, 0.02, 0.49]]), np.log([[0.01, 0.98, 0.01], [0.49, 0.02, 0.49]])
    kl, saved = ops.kl_divergence(p + 3, q - 2)  # logits may be shifted
    np.testing.assert_allclose(kl, [3.7361, 0], atol=5e-5)
    np.testing.assert_allclose(ops.kl_divergence_backward(np.ones(2), saved)[1], 0, atol=1e-15)
    assert kl[0] == pytest.approx(0.98 * math.log(49) + 0.02 * math.log(0.02 / 0.98))


def test_kl_of_large_logits_is_finite():
    kl, saved = ops.kl_divergence(np.array([900.0, -900.0]), np.array([-900.0, 900.0]))
    assert kl == 1800
    assert np.isfinite(ops.kl_divergence_backward(np.ones(()), saved)).all()
