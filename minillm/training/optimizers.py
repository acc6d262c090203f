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
        on_host = array_module(self.vector.data) is np
        for run, matrices in self.vector.trainable_slices():
            chunk = CHUNK if on_host else run.stop - run.start
            for start in range(run.start, run.stop, chunk):
                piece = slice(start, min(start + chunk, run.stop))
                self._update(piece, lr, self.weight_decay if matrices else 0.0)

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


def clip_grad_norm(vector: ParameterVector, max_norm: float) -> Array:
    """Scale the whole gradient down to length max_norm if it is longer; return the length it had, a scalar left on its device.

    Pascanu et al. 2013, algorithm 1. There is no `if`: a GPU would have to be waited for to answer it.
    """
    xp = array_module(vector.grad)
    norm = xp.sqrt(xp.dot(vector.grad, vector.grad))
    vector.grad *= xp.minimum(1, max_norm / (norm + 1e-6))
    return norm
