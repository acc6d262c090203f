"""The fit: its derivatives against numbers, its end at the minimum, and cross-validation that is blind to what it judges."""

import numpy as np
import pytest

from minillm.finetuning.classification import logistic_regression, newton, problem_of
from minillm.finetuning.classification.logistic_regression import L2S, Problem, axes_of, cross_validate, fold_numbers

N, D, C = 40, 5, 3
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, D)) @ RNG.standard_normal((D, D))
LABELS = (X @ RNG.standard_normal((D, C)) + RNG.gumbel(size=(N, C))).argmax(axis=1)
WEIGHTS, V = RNG.standard_normal((2, D, C))
PROBLEM = Problem(X, np.eye(C)[LABELS], np.array([0.5, 0.5, 0.2, 0.1, 0.0])[:, None])


def slope(f, v, step=1e-5):
    """df/dt of f(WEIGHTS + t v) at t = 0."""
    return (f(WEIGHTS + step * v) - f(WEIGHTS - step * v)) / (2 * step)


def gradient(weights):
    return PROBLEM.gradient(weights, PROBLEM.probabilities(weights))


P, TRUTH, PENALTY, DZ = PROBLEM.probabilities(WEIGHTS), PROBLEM.truth, PROBLEM.penalty, X @ V
WRONG_GRADIENTS = {
    "no mean": X.T @ (P - TRUTH) + PENALTY * WEIGHTS,
    "penalty not halved": X.T @ (P - TRUTH) / N + 2 * PENALTY * WEIGHTS,
    "penalty forgotten": X.T @ (P - TRUTH) / N,
}
WRONG_HESSIANS = {
    "classes taken for independent": X.T @ (P * (1 - P) * DZ) / N + PENALTY * V,
    "softmax taken for exp": X.T @ (P * DZ) / N + PENALTY * V,
    "penalty without curvature": X.T @ (P * (DZ - (P * DZ).sum(1, keepdims=True))) / N,
}


def test_the_gradient_and_the_hessian_agree_with_numbers():
    assert slope(PROBLEM.loss, V) == pytest.approx((gradient(WEIGHTS) * V).sum(), rel=1e-7)
    along = PROBLEM.hessian_product(V, PROBLEM.probabilities(WEIGHTS))
    np.testing.assert_allclose(along, slope(gradient, V), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("mistake", WRONG_GRADIENTS)
def test_the_check_fails_on_a_wrong_gradient(mistake):
    assert slope(PROBLEM.loss, V) != pytest.approx((WRONG_GRADIENTS[mistake] * V).sum(), rel=1e-3)


@pytest.mark.parametrize("mistake", WRONG_HESSIANS)
def test_the_check_fails_on_a_wrong_hessian(mistake):
    assert not np.allclose(WRONG_HESSIANS[mistake], slope(gradient, V), rtol=1e-3, atol=1e-4)


def test_the_hessian_is_that_of_the_docstring():
    """Written down in full: H_(dc)(ek) = mean_n x_d x_e p_c (1[c = k] − p_k) + penalty_d 1[dc = ek]."""
    p = PROBLEM.probabilities(WEIGHTS)
    middle = p[:, :, None] * (np.eye(C) - p[:, None, :])
    full = np.einsum("nd,ne,nck->dcek", X, X, middle) / N
    full += np.einsum("d,de,ck->dcek", PROBLEM.penalty[:, 0], np.eye(D), np.eye(C))
    np.testing.assert_allclose(PROBLEM.hessian_product(V, p), np.einsum("dcek,ek->dc", full, V), rtol=1e-10)


@pytest.mark.parametrize("l2", [1.0, 0.1, 0.01])
def test_the_fit_ends_where_the_gradient_is_zero_and_where_a_long_descent_ends(l2):
    axes = axes_of(X)
    problem = problem_of(axes.x, LABELS, C, l2)
    fitted = newton(problem, np.zeros((axes.x.shape[1], C)))
    assert np.abs(problem.gradient(fitted, problem.probabilities(fitted))).max() < 1e-6
    plain = problem_of(np.hstack([X / X.std(axis=0), np.ones((N, 1))]), LABELS, C, l2)
    weights = np.zeros((D + 1, C))
    rate = 1 / (np.linalg.norm(plain.x, 2) ** 2 / (2 * N) + l2)  # the loss curves by no more: Böhning 1992
    for _ in range(int(400 / l2**0.5)):
        weights = weights - rate * plain.gradient(weights, plain.probabilities(weights))
    assert problem.loss(fitted) == pytest.approx(plain.loss(weights), rel=1e-5)


def test_too_long_steps_are_shortened(monkeypatch):
    """Where the parabola is flatter than the loss, its minimum lies too far away."""
    axes = axes_of(X)
    problem, start = problem_of(axes.x, LABELS, C, 1e-2), np.zeros((axes.x.shape[1], C))
    usual, steps = newton(problem, start), logistic_regression.newton_step
    monkeypatch.setattr(logistic_regression, "newton_step", lambda *given: 30 * steps(*given))
    assert problem.loss(newton(problem, start)) == pytest.approx(problem.loss(usual), rel=1e-6)


@pytest.mark.parametrize("texts", [N, 4], ids=["many texts", "fewer texts than features"])
def test_the_axes_are_the_features_standardised_and_turned(texts):
    features = (10 * X + 3)[:texts].astype(np.float32)
    features[:, 2] = 7
    axes = axes_of(features)
    z = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    z /= np.where(z.std(axis=0) > 1e-9, z.std(axis=0), 1)
    turned = axes.x[:, :-1]
    np.testing.assert_allclose(turned @ turned.T, z @ z.T, atol=1e-6, err_msg="all lengths and angles are the same")
    np.testing.assert_allclose(turned.T @ turned, np.diag((turned * turned).sum(axis=0)), atol=1e-6)
    assert turned.shape[1] == min(4, texts - 1), "a feature that never changes is no axis, nor is the mean"
    weights = RNG.standard_normal((axes.x.shape[1], C))
    weight, bias = axes.linear(weights)
    np.testing.assert_allclose(features @ weight + bias, axes.x @ weights, atol=1e-5)
    assert not weight[2].any()


def test_folds_are_of_one_size_and_have_all_classes_alike():
    labels = np.repeat([0, 1, 2], [50, 35, 15])
    folds = fold_numbers(labels, seed=3)
    for fold in range(5):
        assert np.bincount(labels[folds == fold]).tolist() == [10, 7, 3]
    assert np.array_equal(folds, fold_numbers(labels, seed=3)) and not np.array_equal(folds, fold_numbers(labels, 4))
    assert fold_numbers(np.array([0, 1, 1]), 0).max() == 2, "no more folds than texts"


def test_cross_validation_tells_what_new_texts_would():
    """Labels that are drawn by lot cannot be told: a fit that has seen what it judges would seem to."""
    x = axes_of(np.random.default_rng(5).standard_normal((60, 80))).x
    labels = np.arange(60) % 2
    (only,) = cross_validate(x, labels, 2, fold_numbers(labels, 0), [1e-3])
    assert only.accuracy < 0.7 and only.loss > 0.69
    seen = problem_of(x, labels, 2, 1e-3)
    assert seen.loss(newton(seen, np.zeros((x.shape[1], 2)))) < 0.1, "seen texts are told apart with ease"


def test_the_search_ends_behind_the_best_penalty():
    axes = axes_of(X)
    folds = fold_numbers(LABELS, 0)
    path = cross_validate(axes.x, LABELS, C, folds)
    losses = [each.loss for each in path]
    assert [each.l2 for each in path] == list(L2S[: len(path)]) and 1 < len(path) < len(L2S)
    assert losses[-1] > losses[-2] == min(losses)
    rest = [cross_validate(axes.x, LABELS, C, folds, [l2])[0].loss for l2 in L2S[len(path) :]]
    assert min(rest) > min(losses)


def test_a_class_that_a_fold_lacks_breaks_nothing():
    labels = np.array([0] * 20 + [1] * 19 + [2])
    axes = axes_of(X)
    path = cross_validate(axes.x, labels, C, fold_numbers(labels, 0))
    assert all(np.isfinite([each.loss for each in path]))
