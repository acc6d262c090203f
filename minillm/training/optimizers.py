"""Optimisers: how a gradient becomes a change of the weights. Each works on the one vector that holds all parameters."""

import math

import numpy as np

from minillm.backend import Array, array_module
from minillm.layers import ParameterVector

CHUNK = 1 << 14  # numbers updated at a time: the eight passes over them then stay in the processor's cache


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

    def step(self, lr: float | None = None) -> None:
        """One update from the gradients as they stand, at the learning rate `lr` if given."""
        lr = self.lr if lr is None else lr
        self.steps += 1
        for run, matrices in self.vector.trainable_slices():
            self._update_run(run, lr, self.weight_decay if matrices else 0.0)

    def _update_run(self, run: slice, lr: float, decay: float) -> None:
        chunk = CHUNK if array_module(self.vector.data) is np else run.stop - run.start
        for start in range(run.start, run.stop, chunk):
            self._update(slice(start, min(start + chunk, run.stop)), lr, decay)

    def _update(self, piece: slice, lr: float, decay: float) -> None:
        xp = array_module(self.vector.data)
        w, g = self.vector.data[piece], self.vector.grad[piece]
        m, v = self.first_moment[piece], self.second_moment[piece]
        beta1, beta2 = self.betas
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        change = g * g
        change *= 1 - beta2
        v += change
        if decay:
            w *= 1 - lr * decay
        xp.sqrt(v, out=change)
        change *= 1 / math.sqrt(1 - beta2**self.steps)  # √v̂
        change += self.eps
        xp.divide(m, change, out=change)
        change *= lr / (1 - beta1**self.steps)
        w -= change


class Muon(AdamW):
    """Momentum whose matrices are made orthogonal, for the matrices of the blocks; AdamW for embeddings, head, biases and norms.

        m = μ m + g                                a sum of gradients, older ones less
        u = g + μ m                                ... looking ahead (Nesterov)
        w = w - lr λ w - lr s orthogonal(u)        s = 0.2 √(larger side of w)

    A gradient matrix has a few large singular values; with all of them made 1, directions that are rarely asked for are learned as fast.
    Jordan et al. 2024, *Muon*; with s of Liu et al. 2025, eq. 4, a step is about as long as AdamW's: one rate and one decay serve both.
    Of g² it keeps AdamW's running mean as well, which says of a weight whether it ever had a gradient.
    """

    momentum = 0.95

    def step(self, lr: float | None = None) -> None:
        lr = self.lr if lr is None else lr
        self.steps += 1
        for name, parameter in self.vector.named.items():
            if not parameter.trainable:
                continue
            place, decay = self.vector.slices[name], self.weight_decay if parameter.data.ndim >= 2 else 0.0
            if parameter.data.ndim == 2 and "blocks" in name.split("."):
                self._update_matrix(place, parameter.data.shape, lr, decay)
            else:
                self._update_run(place, lr, decay)

    def _update_matrix(self, place: slice, shape: tuple[int, int], lr: float, decay: float) -> None:
        w, g, m = (x[place].reshape(shape) for x in (self.vector.data, self.vector.grad, self.first_moment))
        v = self.second_moment[place].reshape(shape)
        v *= self.betas[1]
        v += (1 - self.betas[1]) * g * g
        m *= self.momentum
        m += g
        w *= 1 - lr * decay
        w -= lr * 0.2 * math.sqrt(max(shape)) * orthogonal(g + self.momentum * m)


def orthogonal(matrix: Array) -> Array:
    """Nearly U Vᵀ of the matrix's U S Vᵀ: all singular values come to between about 0.7 and 1.2.

    Five steps of a Newton-Schulz iteration, X = a X + b (X Xᵀ) X + c (X Xᵀ)² X, which moves each singular value by the polynomial
    a s + b s³ + c s⁵ and needs products alone. The constants, of Jordan et al. 2024, are steep at 0: small values grow soonest.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix  # so that X Xᵀ is the smaller of the two
    x = x / (array_module(x).linalg.norm(x) + 1e-7)  # no singular value above 1
    for _ in range(5):
        square = x @ x.T
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.T if tall else x


OPTIMIZERS = {"adamw": AdamW, "muon": Muon}


def clip_grad_norm(vector: ParameterVector, max_norm: float) -> Array:
    """Scale the whole gradient down to length max_norm if it is longer; return the length it had, a scalar left on its device.

    Pascanu et al. 2013, algorithm 1. There is no `if`: a GPU would have to be waited for to answer it.
    """
    xp = array_module(vector.grad)
    norm = xp.sqrt(xp.dot(vector.grad, vector.grad))
    vector.grad *= xp.minimum(1, max_norm / (norm + 1e-6))
    return norm
