"""How likely is a text for a model? Log-probabilities, of which every objective of preferences is made."""

from typing import NamedTuple

from minillm.backend import Array, array_module
from minillm.ops.loss import IGNORE
from minillm.ops.reductions import log_softmax


class TokenLogpSaved(NamedTuple):
    rows: Array  # log softmax, (N, V): a row for each position
    places: tuple[Array, Array]  # row and target of every position
    scored: Array  # (N,), boolean
    shape: tuple[int, ...]  # of the logits


class SequenceLogpSaved(NamedTuple):
    tokens: TokenLogpSaved
    shape: tuple[int, ...]  # of the targets


def token_logp(logits, targets):
    """log p(target) at every position, in nats.

    logits (..., V), targets (...) integers in [0, V), or IGNORE for a position that is not scored -> logp (...), 0 where not scored

        logp_n = log softmax(logits_n)[target_n]
    """
    xp = array_module(logits)
    rows = log_softmax(logits).reshape(-1, logits.shape[-1])
    scored = (targets != IGNORE).reshape(-1)
    places = (xp.arange(len(rows)), xp.where(scored, targets.reshape(-1), 0))
    return xp.where(scored, rows[places], 0).reshape(targets.shape), TokenLogpSaved(rows, places, scored, logits.shape)


def token_logp_backward(dlogp, saved):
    """dlogp (...) -> dlogits (..., V)

    d log p_t / dlogits_v = 1[v = t] - p_v: cross-entropy's backward, with the weight -dlogp at every position. So an objective only
    says how its loss changes with each log-probability.
    """
    rows, places, scored, shape = saved
    xp = array_module(rows)
    weight = xp.where(scored, dlogp.reshape(-1), 0)
    dlogits = xp.exp(rows)  # p = exp(log softmax)
    dlogits *= -weight[:, None]  # log p_t = ... - log Σ exp(logits)
    dlogits[places] += weight  # log p_t = logits[target] - ...
    return dlogits.reshape(shape)


def sequence_logp(logits, targets):
    """log p(text) of every sequence, in nats: the sum over its scored positions, logits (B, T, V), targets (B, T) -> logp (B,).

    The sum is the logarithm of a probability; the mean over the positions is not. DPO's paper, its authors' code and `trl`
    take the sum. Objectives that want the mean (IPO in `trl`, ORPO, SimPO) divide by the lengths themselves.
    """
    logp, saved = token_logp(logits, targets)
    return logp.sum(axis=-1), SequenceLogpSaved(saved, targets.shape)


def sequence_logp_backward(dlogp, saved):
    """dlogp (B,) -> dlogits (B, T, V)"""
    tokens, shape = saved
    xp = array_module(dlogp)
    return token_logp_backward(xp.broadcast_to(dlogp[..., None], shape), tokens)  # logp = Σ over the positions
