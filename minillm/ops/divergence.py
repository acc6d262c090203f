"""How far is one model from another? The Kullback-Leibler divergence, exact, at every position."""

from typing import NamedTuple

from minillm.backend import Array, array_module
from minillm.ops.reductions import log_softmax, sum_last


class KLSaved(NamedTuple):
    p: Array
    ratio: Array  # log p - log q
    kl: Array  # (..., 1)


def kl_divergence(logits, reference):
    """KL(p ‖ q) in nats, p = softmax(logits) and q = softmax(reference), both (..., V) -> kl (...)

        kl = Σ_v p_v (log p_v - log q_v)

    The sum runs over the whole vocabulary: nothing is estimated. The reference is a constant, so only the logits get a gradient.
    """
    logp = log_softmax(logits)
    ratio = logp - log_softmax(reference)
    p = array_module(logits).exp(logp)
    kl = sum_last(p * ratio)
    return kl[..., 0], KLSaved(p, ratio, kl)


def kl_divergence_backward(dkl, saved):
    """dkl (...) -> dlogits (..., V)

    d kl / d log p_v = p_v (log p_v - log q_v + 1) and d log p_u / dlogits_v = 1[u = v] - p_v, so
    d kl / dlogits_v = p_v (log p_v - log q_v - kl).
    """
    p, ratio, kl = saved
    return dkl[..., None] * p * (ratio - kl)  # kl = Σ p ratio
