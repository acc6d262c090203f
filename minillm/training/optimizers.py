"""Optimisers: how a gradient becomes a change of the weights. Each works on the one vector that holds all parameters."""

import math
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from minillm import kernels
from minillm.backend import Array, array_module
from minillm.layers import ParameterVector
from minillm.models import Model
from minillm.training.workers import Alone

CHUNK = 1 << 14  # numbers updated at a time: the eight passes over them then stay in the processor's cache


class Factors(NamedTuple):
    """The numbers that change from step to step: Python's, or scalars on the device, where a CUDA graph reads them anew."""

    lr: Array | float
    shrink: Array | float  # 1 - lr λ
    unbias: Array | float  # 1 / √(1 - β2ᵗ)
    length: Array | float  # lr / (1 - β1ᵗ)


class AdamW:
    """Adam with decoupled weight decay. Loshchilov & Hutter 2019, algorithm 2; Kingma & Ba 2015.

        m = β1 m + (1 - β1) g                      a running mean of the gradient
        v = β2 v + (1 - β2) g²                     ... and of its square
        w = w - lr λ w - lr m̂ / (√v̂ + ε)           with m̂ = m / (1 - β1ᵗ), v̂ = v / (1 - β2ᵗ)

    The decay λ shrinks matrices only: a bias or a gain has no reason to be small. Frozen parameters are left exactly as they are.
    """

    def __init__(
        self,
        vector: ParameterVector,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.99),
        eps: float = 1e-8,
        weight_decay: float = 0.1,
    ):
        self.vector = vector
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        xp = array_module(vector.data)
        self.first_moment = xp.zeros_like(vector.data)
        self.second_moment = xp.zeros_like(vector.data)
        self.steps = 0

    def step(self, lr: float | None = None, workers: Alone | None = None) -> None:
        """One update from the gradients as they stand, at the learning rate `lr` if given. It is too little work to share."""
        self.update(self.factors(self.lr if lr is None else lr), workers)
        self.steps += 1

    def factors(self, lr: float) -> Factors:
        """Those of the next step."""
        beta1, beta2 = self.betas
        step = self.steps + 1
        unbias, length = 1 / math.sqrt(1 - beta2**step), lr / (1 - beta1**step)
        return Factors(lr, 1 - lr * self.weight_decay, unbias, length)

    def update(self, factors: Factors, workers: Alone | None = None) -> None:
        """Change the weights, and don't count it. On a GPU it can be captured in a CUDA graph, if the factors are on the device."""
        for run, matrices in self.vector.trainable_slices():
            self._update_run(run, factors, matrices)

    def _update_run(self, run: slice, factors: Factors, decays: bool) -> None:
        shrink = factors.shrink if decays and self.weight_decay else None
        chunk = CHUNK if array_module(self.vector.data) is np else run.stop - run.start
        for start in range(run.start, run.stop, chunk):
            self._update(slice(start, min(start + chunk, run.stop)), shrink, factors.unbias, factors.length)

    def _update(self, piece: slice, shrink: Array | float | None, unbias: Array | float, length: Array | float) -> None:
        xp = array_module(self.vector.data)
        w, g = self.vector.data[piece], self.vector.grad[piece]
        m, v = self.first_moment[piece], self.second_moment[piece]
        beta1, beta2 = self.betas
        if kernels.fit(w, g, m, v):
            kernels.adamw(w, g, m, v, (1.0 if shrink is None else shrink, unbias, length), self.betas, self.eps)
            return
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        change = g * g
        change *= 1 - beta2
        v += change
        if shrink is not None:
            w *= shrink
        xp.sqrt(v, out=change)
        change *= unbias  # √v̂
        change += self.eps
        xp.divide(m, change, out=change)
        change *= length
        w -= change


class Muon(AdamW):
    """Momentum whose matrices are made orthogonal, for the matrices of the blocks; AdamW for embeddings, head, biases and norms.

        m = μ m + g                                a sum of gradients, older ones less
        u = g + μ m                                ... looking ahead (Nesterov)
        w = w - lr λ w - lr s orthogonal(u)        s = 0.2 √(larger side of w)

    A gradient matrix has a few large singular values; with all of them made 1, directions that are rarely asked for are learned as fast.
    Jordan et al. 2024, *Muon*; with s of Liu et al. 2025, eq. 4, a step is about as long as AdamW's: one rate and one decay serve both.
    """

    momentum = 0.95

    def update(self, factors: Factors, workers: Alone | None = None) -> None:
        """As AdamW's, but the workers share the matrices. Until these are orthogonal nothing is written: a worker may die over them."""
        trained = {name: parameter for name, parameter in self.vector.named.items() if parameter.trainable}
        matrices = [name for name in trained if trained[name].data.ndim == 2 and "blocks" in name.split(".")]
        ahead = [self._look_ahead(self.vector.slices[name], trained[name].data.shape) for name in matrices]
        directions = dict(zip(matrices, all_orthogonal(ahead, workers), strict=True))
        for name, parameter in trained.items():
            place = self.vector.slices[name]
            if name in directions:
                self._update_matrix(place, directions[name], factors)
            else:
                self._update_run(place, factors, parameter.data.ndim >= 2)

    def _look_ahead(self, place: slice, shape: tuple[int, int]) -> Array:
        """g + μ m, where m is what it will be after this step: μ m + g."""
        g, m, mu = self.vector.grad[place], self.first_moment[place], self.momentum
        return ((1 + mu) * g + mu * mu * m).reshape(shape)

    def _update_matrix(self, place: slice, direction: Array, factors: Factors) -> None:
        w, g, m = self.vector.data[place], self.vector.grad[place], self.first_moment[place]
        m *= self.momentum
        m += g
        w *= factors.shrink
        # Python's numbers by themselves: with those of a GPU they would be rounded otherwise in a CUDA graph than in a plain step.
        w -= factors.lr * (0.2 * math.sqrt(max(direction.shape)) * direction.ravel())


def all_orthogonal(matrices: Sequence[Array], workers: Alone | None = None) -> list[Array]:
    """Each matrix made orthogonal, in their order; the workers, if there are any, share them."""
    if workers is None or not matrices:
        return each_orthogonal(None, matrices)
    shares = shared_out([orthogonal_cost(matrix.shape) for matrix in matrices], workers.count)
    found = workers.run(each_orthogonal, [([matrices[i] for i in share],) for share in shares])
    by_number = dict(zip(chain(*shares), chain(*found), strict=True))
    return [by_number[i] for i in range(len(matrices))]


def each_orthogonal(model: Model | None, matrices: Sequence[Array]) -> list[Array]:
    """One worker's part, which needs no model."""
    return [orthogonal(matrix) for matrix in matrices]


def orthogonal_cost(shape: tuple[int, int]) -> int:
    """Multiplications in one step of the iteration: X Xᵀ and the product with X, and one square between them."""
    small, large = sorted(shape)
    return small * small * (2 * large + small)


def shared_out(costs: Sequence[int], count: int) -> list[list[int]]:
    """The numbers of the jobs in up to `count` parts of about equal cost: dearest first, each to whoever has least (Graham 1969)."""
    parts: list[list[int]] = [[] for _ in range(count)]
    for job in sorted(range(len(costs)), key=lambda job: -costs[job]):
        min(parts, key=lambda part: sum(costs[i] for i in part)).append(job)
    return [part for part in parts if part]


def orthogonal(matrix: Array) -> Array:
    """Nearly U Vᵀ of the matrix's U S Vᵀ: singular values above a fiftieth of (Σ s⁴)^¼ come to between about 0.7 and 1.2.

    Three steps of a Newton-Schulz iteration, X = a X + b (X Xᵀ) X + c (X Xᵀ)² X, which moves each singular value by the polynomial
    a s + b s³ + c s⁵ and needs products alone. The constants, of Jordan et al. 2024, are steep at 0: small values grow soonest. They take
    five steps, from X / √(Σ s²). The length (Σ s⁴)^¼ bounds the singular values too, and is up to r^¼ times smaller for rank r: it is why
    three steps train as well (benchmarks/speedrun.md).
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    xp, tall = array_module(matrix), matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix  # so that X Xᵀ is the smaller of the two
    square = x @ x.T
    length = xp.sqrt(xp.linalg.norm(square)) + 1e-7  # no singular value is above it
    x, square = x / length, square / length**2
    for steps_left in (2, 1, 0):
        x = a * x + (b * square + c * (square @ square)) @ x
        if steps_left:
            square = x @ x.T
    return x.T if tall else x


OPTIMIZERS = {"adamw": AdamW, "muon": Muon}


def clip_grad_norm(vector: ParameterVector, max_norm: float) -> Array:
    """Scale the whole gradient down to length max_norm if it is longer; return the length it had, a scalar left on its device.

    Pascanu et al. 2013, algorithm 1. There is no `if`: a GPU would have to be waited for to answer it.
    """
    xp = array_module(vector.grad)
    norm = xp.sqrt(vector.grad @ vector.grad)
    vector.grad *= xp.minimum(1, max_norm / (norm + 1e-6))
    return norm
