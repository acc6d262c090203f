"""The six objectives of pretraining with preferences: what is scored, with what weight, and at the edges."""

import math

import numpy as np
import pytest

from minillm import ops, preferences
from minillm.preferences.arithmetic import TINY
from minillm.preferences.pretraining import LARGEST_WEIGHT

LOGP = np.log(np.array([[1 / 2, 1 / 4, 1 / 8], [1 / 2, 1 / 2, 1.0]]))
SCORED = np.array([[True, True, True], [True, True, False]])  # the last is padding
LN2 = math.log(2)


def test_mle_is_the_mean_over_what_is_scored():
    loss, dlogp = preferences.mle(LOGP, SCORED)
    assert loss == pytest.approx(8 / 5 * LN2)
    np.testing.assert_allclose(dlogp, SCORED / -5)
    loss, dlogp = preferences.mle(LOGP, np.zeros_like(SCORED))
    assert loss == 0 and not dlogp.any()


def test_filtering_reads_the_good_documents_only():
    loss, dlogp = preferences.filtering(LOGP, SCORED, np.array([-0.5, -0.1]), threshold=-0.3)
    assert loss == pytest.approx(LN2)
    np.testing.assert_allclose(dlogp, [[0, 0, 0], [-1 / 2, -1 / 2, 0]])
    assert preferences.filtering(LOGP, SCORED, np.array([-0.5, -0.3]), threshold=-0.3)[0] == 0  # above it, not at it


def test_a_control_token_is_read_and_not_scored():
    """Nothing is learned about which control token comes, and all about the text; the mean is over the text."""
    control = np.array([[False, True, False], [True, False, False]])
    loss, dlogp = preferences.conditional(LOGP, SCORED, control)
    assert loss == pytest.approx((1 + 3 + 1) / 3 * LN2)
    np.testing.assert_allclose(dlogp, (SCORED & ~control) / -3)


def test_no_gradient_reaches_the_logits_of_a_control_token():
    targets = np.array([[6, 3, 0, 5, 1]])  # 5 and 6 are control tokens
    logp, saved = ops.token_logp(np.random.default_rng(0).standard_normal((1, 5, 7)), targets)
    _, dlogp = preferences.conditional(logp, targets != ops.IGNORE, targets >= 5)
    dlogits = ops.token_logp_backward(dlogp, saved)
    assert not dlogits[0, [0, 3]].any() and dlogits[0, [1, 2, 4]].all()


def test_unlikelihood_by_hand():
    """Good up to the threshold itself; the bad tokens' p are 1/4 and 1/2, so -log(1 - p) is log 4/3 and log 2."""
    rewards = np.array([[0, -1, -0.2], [-0.2, -0.3, -1]])
    loss, dlogp = preferences.unlikelihood(LOGP, SCORED, rewards, threshold=-0.2, alpha=0.1)
    assert loss == pytest.approx((LN2 + 0.1 * math.log(4 / 3) + 3 * LN2 + LN2 + 0.1 * LN2) / 5)
    np.testing.assert_allclose(dlogp, np.array([[-1, 0.1 / 3, -1], [-1, 0.1, 0]]) / 5)


def test_a_threshold_of_zero_keeps_what_is_faultless():
    """With the paper's strict R > t nothing would be good."""
    zero = np.zeros_like(LOGP)
    assert preferences.unlikelihood(LOGP, SCORED, zero)[0] == preferences.mle(LOGP, SCORED)[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lead", [5.0, 10.0, 20.0, 50.0, 1000.0])
def test_a_bad_token_that_is_certain_has_a_gradient_that_is_bounded(lead, dtype):
    """dlogits is at most α in size, although p / (1 - p) isn't bounded."""
    logits = np.array([[lead, 0, -1]], dtype)
    logp, saved = ops.token_logp(logits, np.array([0]))
    loss, dlogp = preferences.unlikelihood(logp, np.array([True]), np.array([-1], dtype))
    dlogits = ops.token_logp_backward(dlogp, saved)
    assert np.isfinite(loss) and loss.dtype == dtype
    assert np.abs(dlogits).max() < 1.01
    if lead < 15:
        np.testing.assert_allclose(dlogits[0, 0], np.exp(logp[0]), rtol=1e-3)  # p: down, at full strength


def test_one_minus_p_keeps_its_digits():
    loss, dlogp = preferences.unlikelihood(np.array([-1e-12]), np.array([True]), np.array([-1.0]))
    assert loss == pytest.approx(-math.log(1e-12), rel=1e-9) and dlogp == pytest.approx(1e12, rel=1e-9)


def test_a_bad_token_of_probability_one_pushes_nothing():
    """p / (1 - p) is infinite there, and the softmax's own gradient zero."""
    loss, dlogp = preferences.unlikelihood(np.array([0.0]), np.array([True]), np.array([-1.0]))
    assert loss == pytest.approx(-math.log(TINY)) and dlogp == 0


def test_rwr_weights_by_the_reward():
    rewards = np.log(np.array([[1, 1 / 2, 1], [1 / 4, 1, 1]]))  # with β = 1 the weights are those numbers
    loss, dlogp = preferences.rwr(LOGP, SCORED, rewards)
    assert loss == pytest.approx((1 + 2 / 2 + 3 + 1 / 4 + 1) / 5 * LN2)
    np.testing.assert_allclose(dlogp, -np.exp(rewards) * SCORED / 5)
    same, _ = preferences.rwr(LOGP, SCORED, rewards / 100, beta=10)
    assert same == pytest.approx(preferences.mle(LOGP, SCORED)[0], rel=2e-3)  # small rewards, large β: nothing but MLE


def test_awr_weights_by_the_advantage_and_teaches_the_values():
    values, rewards = np.full(LOGP.shape, -0.5), np.where(LOGP < -1.2, -1.0, 0.0)  # bad: the two least likely tokens
    loss, dlogp, dvalues = preferences.awr(LOGP, values, SCORED, rewards, alpha=0.25, beta=0.5)
    e = math.e
    weights = np.array([[e, 1 / e, 1 / e], [e, e, 0]])
    np.testing.assert_allclose(dlogp, -0.25 * weights / 5)
    np.testing.assert_allclose(dvalues, 0.75 * 2 * np.array([[-0.5, 0.5, 0.5], [-0.5, -0.5, 0]]) / 5)
    assert loss == pytest.approx(0.25 * (3 * e + 5 / e) / 5 * LN2 + 0.75 * 0.25)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_end_somewhere(dtype):
    logp = np.array([-1.0], dtype)
    loss, dlogp = preferences.rwr(logp, np.array([True]), np.array([1e4], dtype))
    assert loss == pytest.approx(LARGEST_WEIGHT, rel=1e-5) and dlogp.dtype == dtype
