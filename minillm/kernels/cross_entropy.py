"""Cross-entropy on a GPU: `cross_entropy.cu`."""

import numpy as np

from minillm.backend import Array, array_module
from minillm.kernels.launching import check_shape, launch, row_threads

FILE = "cross_entropy.cu"


def log_softmax(logits: Array) -> Array:
    """logits (..., V) -> log p (..., V), as `ops.log_softmax`."""
    logp, vocab = array_module(logits).empty_like(logits), logits.shape[-1]
    launch(FILE, "log_softmax", (logits.size // vocab,), (row_threads(vocab),), logits, logp, vocab)
    return logp


def cross_entropy_backward(logp: Array, targets: Array, shares: Array, label_smoothing: float) -> Array:
    """log p (N, V), targets (N,), each position's share in the mean times dloss (N,) -> dlogits (N, V)."""
    dlogits, (rows, vocab) = array_module(logp).empty_like(logp), logp.shape
    check_shape((rows,), targets, shares)
    shares = shares.astype(logp.dtype, copy=False)  # a dloss of float64 makes them float64
    arguments = logp, targets.astype(np.int32), shares, dlogits, vocab, float(label_smoothing)
    launch(FILE, "cross_entropy_backward", (rows,), (row_threads(vocab),), *arguments)
    return dlogits
