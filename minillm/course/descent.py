"""A short training of a GPT, as lesson 09 has it, for lessons that train several to compare them."""

from collections.abc import Callable

import numpy as np

from minillm.models import GPT
from minillm.ops import cross_entropy, cross_entropy_backward
from minillm.training import AdamW

BatchOf = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


def descend(model: GPT, batch_of: BatchOf, steps: int, *, peak: float, seed: int = 0) -> None:
    """Train by AdamW on what `batch_of(rng)` gives: ids (B, T) to read and targets (B, T) to guess.

    The learning rate rises to `peak` within 50 steps, while it falls in a straight line to zero.
    """
    optimizer, rng = AdamW(model.vector), np.random.default_rng(seed)
    for step in range(steps):
        ids, targets = batch_of(rng)
        logits, saved = model.forward(ids)
        _, saved_loss = cross_entropy(logits, targets)
        model.vector.grad[...] = 0
        model.backward(cross_entropy_backward(1.0, saved_loss), saved)
        optimizer.step(peak * min(1, (step + 1) / 50) * (1 - step / steps))
