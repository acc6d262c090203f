"""Pooling: one vector for a text, from its real tokens only."""

import numpy as np
import pytest

from minillm.layers import Pooling

X = np.random.default_rng(0).standard_normal((3, 4, 5))
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 1, 0]], bool)


def pooled(kind, x=X, mask=MASK):
    return Pooling(kind).forward(x, mask=mask)[0]


def test_first_and_last_are_real_tokens():
    np.testing.assert_array_equal(pooled("first"), [X[0, 0], X[1, 0], X[2, 1]])
    np.testing.assert_array_equal(pooled("last"), [X[0, 3], X[1, 1], X[2, 2]])


def test_mean_is_over_the_real_tokens():
    np.testing.assert_allclose(pooled("mean"), [X[0].mean(0), X[1, :2].mean(0), X[2, 1:3].mean(0)], rtol=1e-12)


@pytest.mark.parametrize(("kind", "place"), [("first", 0), ("last", 3)])
def test_without_a_mask_every_token_is_real(kind, place):
    np.testing.assert_array_equal(pooled(kind, mask=None), X[:, place])
    np.testing.assert_allclose(pooled("mean", mask=None), X.mean(1), rtol=1e-12)


@pytest.mark.parametrize("kind", ["first", "last", "mean"])
def test_padding_of_any_length_changes_nothing(kind):
    longer = np.concatenate([X, 100 * X], axis=1)
    mask = np.concatenate([MASK, np.zeros_like(MASK)], axis=1)
    np.testing.assert_allclose(pooled(kind, longer, mask), pooled(kind), rtol=1e-12)


@pytest.mark.parametrize("kind", ["first", "last", "mean"])
def test_a_text_without_a_real_token_gives_zeros(kind):
    mask = MASK & np.array([[True], [False], [True]])
    y, saved = Pooling(kind).forward(X, mask=mask)
    assert (y[1] == 0).all() and (y[[0, 2]] != 0).all()
    assert (Pooling(kind).backward(y, saved)[1] == 0).all()


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="no pooling 'max': choose one of first, last, mean"):
        Pooling("max")
