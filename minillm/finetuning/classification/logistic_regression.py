"""Multinomial logistic regression by Newton's method, and how strong its penalty should be, by cross-validation."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minillm.ops import log_softmax, softmax, softmax_backward

# the strengths of the penalty that are tried, the strongest first: 100 ... 1e-4
L2S = tuple(10.0**power for power in range(2, -5, -1))
FOLDS = 5
FLAT = 1e-6  # the gradient at the end, next to which the weights are of order one
NEWTON_STEPS, CG_STEPS = 100, 200  # never reached but by numbers without sense


class Problem(NamedTuple):
    """L(θ) = mean_n −log p_n,label(n) + 1/2 Σ_d penalty_d |θ_d|², with p_n = softmax(x_n θ) and θ (D, C). float64.

    Its gradient and its Hessian, applied to a direction V (D, C), with Y the labels one-hot and z = x θ:

        dL/dz_nc = (p_nc − Y_nc)/N                     as of any cross-entropy
        G   = xᵀ (p − Y)/N + penalty θ                 z = x θ
        dp_nc = p_nc (dz_nc − Σ_k p_nk dz_nk)          the derivative of softmax, along dz = x V
        H V = xᵀ dp/N + penalty V                      G along V

    H is never written down: with C classes it has (D C)² entries. Bishop 2006, section 4.3.4.
    """

    x: np.ndarray  # (N, D)
    truth: np.ndarray  # (N, C), one-hot
    penalty: np.ndarray  # (D, 1)

    def loss(self, weights: np.ndarray) -> float:
        logp = log_softmax(self.x @ weights)
        return float(-(self.truth * logp).sum() / len(self.x) + (self.penalty * weights * weights).sum() / 2)

    def probabilities(self, weights: np.ndarray) -> np.ndarray:
        return softmax(self.x @ weights)[0]

    def gradient(self, weights: np.ndarray, p: np.ndarray) -> np.ndarray:
        return self.x.T @ (p - self.truth) / len(self.x) + self.penalty * weights

    def hessian_product(self, direction: np.ndarray, p: np.ndarray) -> np.ndarray:
        # The derivatives of softmax are a symmetric matrix: along dz or back from dp, it is the same.
        dp = softmax_backward(self.x @ direction, p)
        return self.x.T @ dp / len(self.x) + self.penalty * direction


def newton(problem: Problem, weights: np.ndarray, flat: float = FLAT) -> np.ndarray:
    """The minimum of a problem, searched from `weights` on: θ (D, C), where no entry of the gradient is larger than `flat`.

    Each step goes to the minimum of the parabola that has the loss's value, gradient and Hessian here, H s = −G, or half as far, until
    the loss falls by a part of what the slope promises: Nocedal & Wright 2006, algorithm 7.1 and equation 3.4. There is one minimum only.
    """
    squares = (problem.x * problem.x).mean(axis=0)[:, None]
    loss = problem.loss(weights)
    for _ in range(NEWTON_STEPS):
        p = problem.probabilities(weights)
        gradient = problem.gradient(weights, p)
        if np.abs(gradient).max() <= flat:
            break
        step = newton_step(problem, gradient, p, squares)
        slope, length = float((gradient * step).sum()), 1.0
        while (there := problem.loss(weights + length * step)) > loss + 1e-4 * length * slope and length > 1e-6:
            length /= 2
        weights, loss = weights + length * step, there
    return weights


def newton_step(problem: Problem, gradient: np.ndarray, p: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """s with H s = −G, by conjugate gradients: Nocedal & Wright 2006, algorithm 5.3. Far from the minimum a rough one does.

    They are preconditioned by about the diagonal of H, which is mean_n x_nd² p_nc (1 − p_nc) + penalty_d.
    """
    diagonal = squares * (p * (1 - p)).mean(axis=0) + problem.penalty + 1e-12
    step, residual = np.zeros_like(gradient), gradient.copy()  # residual = H step + G
    scaled = residual / diagonal
    direction, size = -scaled, float((residual * scaled).sum())
    norm = float(np.linalg.norm(gradient))
    enough = norm * min(0.1, math.sqrt(norm))
    for _ in range(CG_STEPS):
        curved = problem.hessian_product(direction, p)
        length = size / float((direction * curved).sum())
        step += length * direction
        residual += length * curved
        if np.linalg.norm(residual) <= enough:
            break
        scaled = residual / diagonal
        before, size = size, float((residual * scaled).sum())
        direction = size / before * direction - scaled
    return step


class Axes(NamedTuple):
    """Features (N, D), standardised and turned onto their principal axes: x (N, R + 1), with a last column of ones, for the bias.

    With a penalty on |W|² it is the same fit, since a rotation changes no length. But H is nearly diagonal there, so that conjugate
    gradients need a few steps in place of hundreds; and of N texts only N axes remain, however wide the features.
    """

    x: np.ndarray
    mean: np.ndarray  # (D,)
    scale: np.ndarray  # (D,): one over the deviation, and zero where that is
    rotation: np.ndarray  # (D, R)

    def linear(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights (R + 1, C) on the axes -> W (D, C) and b (C,) on the features as they came: x θ = features W + b."""
        weight = self.scale[:, None] * (self.rotation @ weights[:-1])
        return weight, weights[-1] - self.mean @ weight


def axes_of(features: np.ndarray) -> Axes:
    features = features.astype(np.float64)
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    moves = deviation > 1e-6 * np.abs(features).max(axis=0)  # float32 features that differ by less are the same
    scale = np.where(moves, 1 / np.where(moves, deviation, 1), 0)
    z = (features - mean) * scale
    if len(z) < z.shape[1]:
        square, u = np.linalg.eigh(z @ z.T)  # z = u √square rotationᵀ
        nonzero = square > 1e-10 * max(square[-1], 1e-300)
        rotation = z.T @ (u[:, nonzero] / np.sqrt(square[nonzero]))
    else:
        square, rotation = np.linalg.eigh(z.T @ z)
        rotation = rotation[:, square > 1e-10 * max(square[-1], 1e-300)]
    return Axes(np.hstack([z @ rotation, np.ones((len(z), 1))]), mean, scale, rotation)


def problem_of(x: np.ndarray, labels: np.ndarray, classes: int, l2: float) -> Problem:
    """The bias, which the last column of x stands for, has no penalty."""
    penalty = np.full((x.shape[1], 1), l2)
    penalty[-1] = 0
    return Problem(x, np.eye(classes)[labels], penalty)


def fold_numbers(labels: np.ndarray, seed: int, folds: int = FOLDS) -> np.ndarray:
    """Which fold each text is in, (N,): drawn at random, and every class is spread evenly over all of them."""
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    numbers = np.empty(len(labels), np.int64)
    numbers[order] = np.arange(len(labels)) % min(folds, len(labels))
    return numbers


class Validated(NamedTuple):
    """What cross-validation says of a strength of the penalty."""

    l2: float
    loss: float  # the mean of −log p(label) over all texts, each judged by weights that have not seen it
    accuracy: float


def cross_validate(
    x: np.ndarray, labels: np.ndarray, classes: int, folds: np.ndarray, l2s: Sequence[float] = L2S
) -> list[Validated]:
    """Strength after strength, each from the weights of the one before, until the loss rises: it falls, has one valley, and then rises.

    `folds` (N,) says which fold each text is in. The texts of one fold are judged by weights that were fitted to all others.
    """
    weights = [np.zeros((x.shape[1], classes)) for _ in range(folds.max() + 1)]
    found = []
    for l2 in l2s:
        logp = np.empty((len(x), classes))
        for fold in range(len(weights)):
            out = folds == fold
            weights[fold] = newton(problem_of(x[~out], labels[~out], classes, l2), weights[fold], 1e-4)
            logp[out] = log_softmax(x[out] @ weights[fold])
        right = logp[np.arange(len(x)), labels]
        found.append(Validated(l2, float(-right.mean()), float((logp.argmax(axis=1) == labels).mean())))
        if len(found) > 1 and found[-1].loss > found[-2].loss:
            break
    return found
