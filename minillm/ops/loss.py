"""The loss: cross-entropy."""

from typing import NamedTuple

from minillm import kernels
from minillm.backend import Array, array_module
from minillm.ops.reductions import log_softmax, sum_last

IGNORE = -100  # a target that is not scored (PyTorch's convention)


class CrossEntropySaved(NamedTuple):
    logp: Array  # log softmax, (N, V): a row for each position
    places: tuple[Array, Array]  # row and target of every position
    weight: Array  # (N,): 1/count where scored, else 0
    label_smoothing: float
    shape: tuple[int, ...]  # of the logits


def cross_entropy(logits, targets, label_smoothing=0.0):
    """Mean over the scored targets of -log p(target), in nats.

    logits (..., V), targets (...) integers in [0, V), or IGNORE for a position that is not scored -> loss, a scalar

        loss_n = -Σ_v w_v log softmax(logits_n)_v        w = 1 - ε at the target, plus ε/V everywhere

    ε is `label_smoothing` (Szegedy et al. 2016, section 7). With no target to score the loss is zero.
    """
    xp, shape, vocab = array_module(logits), logits.shape, logits.shape[-1]
    logits, targets = logits.reshape(-1, vocab), targets.reshape(-1)
    scored = targets != IGNORE
    places = (xp.arange(len(targets)), xp.where(scored, targets, 0))
    count = xp.maximum(scored.sum(), 1).astype(logits.dtype)
    logp = log_softmax(logits)
    loss = -(1 - label_smoothing) * logp[places]
    if label_smoothing:
        loss -= label_smoothing / vocab * sum_last(logp)[:, 0]
    weight = scored.astype(logits.dtype) / count
    return xp.where(scored, loss, 0) @ weight, CrossEntropySaved(logp, places, weight, label_smoothing, shape)


def cross_entropy_backward(dloss, saved):
    """dloss, a scalar -> dlogits (..., V)

    d(-log p_t)/dlogits_v = p_v - 1[v = t]: every logit goes down by its probability, and the target's up by one.
    With smoothing, the logits go up by w instead. A position that is not scored has weight zero.
    """
    logp, places, weight, label_smoothing, shape = saved
    if kernels.fit(logp, weight):
        return kernels.cross_entropy_backward(logp, places[1], dloss * weight, label_smoothing).reshape(shape)
    dlogits = array_module(logp).exp(logp)  # p = exp(log softmax)
    if label_smoothing:
        dlogits -= label_smoothing / logp.shape[-1]  # loss = ... - ε/V Σ log p
    dlogits[places] -= 1 - label_smoothing  # loss = -(1 - ε) log p[target]
    dlogits *= (dloss * weight)[:, None]  # mean over the scored positions
    return dlogits.reshape(shape)
