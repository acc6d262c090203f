"""The losses of pairs and of single judged answers: by hand, at their beginning and their optimum, and far out."""

import math

import numpy as np
import pytest

from minillm import preferences

H1 = [np.array([x]) for x in (-1.0, -2.0, -1.5, -1.5)]  # h = 1
LENGTHS = (np.array([4]), np.array([2]))


def at(loss_of, *answers, **options):
    """The loss of one pair and its two derivatives, as numbers."""
    return [float(x.item()) for x in loss_of(*answers, **options)]


def test_dpo_begins_at_ln_2():
    """Where the model is the reference, and with weights ± β/2, each pair's share in the mean."""
    logp = np.array([-12.5, -3.0, -40.25, -7.0])
    loss, dchosen, drejected = preferences.dpo(logp, logp[::-1], logp, logp[::-1], beta=0.4)
    assert loss == pytest.approx(math.log(2), abs=1e-15)
    np.testing.assert_allclose(dchosen, -0.2 / 4)
    np.testing.assert_allclose(drejected, 0.2 / 4)


def test_by_hand():
    """βh = ln 3, so σ = 3/4."""
    beta = math.log(3)
    assert at(preferences.dpo, *H1, beta=beta) == pytest.approx([math.log(4 / 3), -beta / 4, beta / 4])
    smoothed = 0.75 * math.log(4 / 3) + 0.25 * math.log(4)
    found = at(preferences.dpo, *H1, beta=beta, label_smoothing=0.25)  # content: the log odds of 3/4 are ln 3
    assert found == pytest.approx([smoothed, 0, 0])
    robust = (0.75 * math.log(4 / 3) - 0.25 * math.log(4)) / 0.5
    found = at(preferences.robust_dpo, *H1, beta=beta, flipped=0.25)
    assert found == pytest.approx([robust, -beta * (0.75 / 4 + 0.25 * 3 / 4) / 0.5, beta * 0.75])
    assert at(preferences.hinge, *H1, beta=0.25) == [0.75, -0.25, 0.25]
    assert at(preferences.ipo, *H1, tau=0.25) == pytest.approx([1, -2, 2])
    means = at(preferences.ipo, *H1, tau=0.5, chosen_lengths=LENGTHS[0], rejected_lengths=LENGTHS[1])
    assert means == pytest.approx([(1 / 8 + 1 / 4 - 1) ** 2, -1.25 / 4, 1.25 / 2])


def test_robust_dpo_is_dpo_in_expectation():
    flipped = [H1[1], H1[0], H1[3], H1[2]]
    right = at(preferences.robust_dpo, *H1, beta=2, flipped=0.3)[0]
    wrong = at(preferences.robust_dpo, *flipped, beta=2, flipped=0.3)[0]
    assert 0.7 * right + 0.3 * wrong == pytest.approx(at(preferences.dpo, *H1, beta=2)[0])


def test_where_they_are_content():
    """IPO at its margin and not beyond, the hinge beyond it; DPO never quite."""
    zero = np.zeros(1)
    assert at(preferences.ipo, np.array([5.0]), zero, zero, zero, tau=0.1)[1:] == [0, 0]
    assert at(preferences.ipo, np.array([9.0]), zero, zero, zero, tau=0.1)[1] > 0
    assert at(preferences.hinge, np.array([11.0]), zero, zero, zero, beta=0.1) == [0, 0, 0]
    assert -1e-3 < at(preferences.dpo, np.array([90.0]), zero, zero, zero, beta=0.1)[1] < 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_nothing_overflows(dtype):
    """TRL's overflow test, and farther: a hopeless pair has a large loss, and a whole gradient."""
    chosen, rejected = np.array([410, -1e4], dtype), np.array([810.5, 1e4], dtype)
    reference = np.array([-610, 0], dtype), np.array([110.6, 0], dtype)
    for loss_of in (preferences.dpo, preferences.robust_dpo, preferences.hinge, preferences.ipo):
        for answers in ((chosen, rejected, *reference), (rejected, chosen, *reference[::-1])):
            assert all(np.isfinite(x).all() for x in loss_of(*answers))
    loss, dchosen, _ = preferences.dpo(chosen[1:], rejected[1:], *(x[1:] for x in reference), beta=1.0)
    assert loss == 2e4 and dchosen == -1
    for desirable in (True, False):
        assert all(np.isfinite(x).all() for x in preferences.kto(chosen, rejected, np.full(2, desirable), kl=0.0))
    assert all(np.isfinite(x).all() for x in preferences.bradley_terry(chosen, rejected))


def test_bradley_terry_by_hand():
    """A difference of ln 3 is chosen three times out of four."""
    rewards = np.array([math.log(3)]), np.zeros(1)
    assert at(preferences.bradley_terry, *rewards) == pytest.approx([math.log(4 / 3), -1 / 4, 1 / 4])
    assert at(preferences.bradley_terry, *rewards, margin=np.array([math.log(3)]))[0] == pytest.approx(math.log(2))
    pulled = at(preferences.bradley_terry, rewards[0], rewards[0], centering=0.5)
    assert pulled == pytest.approx([math.log(2) + 2 * math.log(3) ** 2, 2 * math.log(3) - 0.5, 2 * math.log(3) + 0.5])


# --- single answers -----------------------------------------------------------------------------------------------------------------------


def test_kto_by_hand():
    """β (log p - log q - kl) = ln 3 for both: the good one is valued 3/4, the bad one 1/4; weights 2 and 1."""
    logp, ref, desirable = np.array([2.0, 2.0]), np.array([0.5, 0.5]), np.array([True, False])
    options = {"kl": 0.5, "beta": math.log(3), "desirable_weight": 2.0}
    loss, dlogp = preferences.kto(logp, ref, desirable, **options)
    assert loss == pytest.approx((2 / 4 + 3 / 4) / 2)
    np.testing.assert_allclose(dlogp, math.log(3) * 3 / 16 / 2 * np.array([-2, 1]))


def test_kto_measures_from_no_less_than_zero():
    assert preferences.kto_kl(np.array([0.0, -3.0]), np.array([-2.0, -2.0])) == 0.5
    assert preferences.kto_kl(np.array([-3.0, -2.0]), np.array([-2.0, -2.0])) == 0


# --- without a reference ------------------------------------------------------------------------------------------------------------------


def test_simpo_by_hand():
    """Means a token of -1/2 and -1: β/2 - γ = 0."""
    answers = np.array([-2.0]), np.array([-2.0]), *LENGTHS
    assert at(preferences.simpo, *answers, beta=2.0, gamma=1.0) == pytest.approx([math.log(2), -1 / 4, 1 / 2])


def test_the_odds_by_hand():
    """Means a token of ln 1/2 and ln 1/4: odds of 1 and 1/3, and their ratio is 3."""
    answers = np.array([4 * math.log(1 / 2)]), np.array([2 * math.log(1 / 4)]), *LENGTHS
    ratio = [math.log(4 / 3), -1 / 4 / (1 / 2) / 4, 1 / 4 / (3 / 4) / 2]
    assert at(preferences.odds_ratio, *answers) == pytest.approx(ratio)
    whole = [0.3 * ratio[0] + math.log(2), 0.3 * ratio[1] - 1 / 4, 0.3 * ratio[2]]
    assert at(preferences.orpo, *answers, weight=0.3) == pytest.approx(whole)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_certain_answer_has_finite_odds(dtype):
    certain, hopeless = np.array([0.0, -1e4], dtype), np.array([-1e4, 0.0], dtype)
    found = preferences.orpo(certain, hopeless, np.array([3, 3]), np.array([3, 3]))
    assert all(np.isfinite(x).all() and x.dtype == dtype for x in found)


def test_length_brings_no_advantage():
    """The same mean a token, whatever the length: no preference yet."""
    lengths = np.array([3, 30]), np.array([40, 4])
    answers = -0.5 * lengths[0], -0.5 * lengths[1]
    assert preferences.odds_ratio(*answers, *lengths)[0] == pytest.approx(math.log(2))
    assert preferences.simpo(*answers, *lengths, gamma=0)[0] == pytest.approx(math.log(2))
