"""Preferences while pretraining: the six objectives of Korbak et al. 2023, "Pretraining Language Models with Human Preferences".

Each takes log-probabilities of target tokens (`minillm.ops.token_logp`), any shape, usually (B, T), and of the same shape

    scored     boolean, True where there is a target to score
    rewards    the reward R of the segment that the target belongs to: 0 is faultless, and the worse the lower

and returns the loss and its derivative with respect to the log-probabilities, for `token_logp_backward`. Everything is that of the target:
nothing has to be moved on by one here. The means are over the scored tokens, as in the authors' code; the paper's equations are sums.
"""

import math

from minillm.backend import Array, array_module
from minillm.preferences.arithmetic import TINY, complement, mean_weights
from minillm.preferences.values import value_loss

LARGEST_WEIGHT = 1000.0  # of a token in RWR and AWR, as in the authors' code


def mle(logp: Array, scored: Array) -> tuple[Array, Array]:
    """Maximum likelihood, what pretraining does without preferences: -mean log p. Good and bad are imitated alike."""
    weight = mean_weights(scored, logp.dtype)
    return -(weight * logp).sum(), -weight


def filtering(logp: Array, scored: Array, document_rewards: Array, *, threshold: float) -> tuple[Array, Array]:
    """Maximum likelihood of the documents with an average reward above the threshold (eq. 4): logp (B, T), document_rewards (B,).

    The mean is over the tokens that are left, so that a batch weighs as much as before; of none left the loss is zero. The authors set
    the threshold to the median, and read what is left more often.
    """
    return mle(logp, scored & (document_rewards > threshold)[:, None])


def conditional(logp: Array, scored: Array, control: Array) -> tuple[Array, Array]:
    """Maximum likelihood of the text, given a control token <|good|> or <|bad|> in front of every segment (eq. 5).

    control is True where the target is a control token; it is read, but not scored: which segments are good is not for the model to guess,
    since whoever generates says it. Equation 5 and the authors' code score control tokens like any other; that is `mle` of the same text.
    """
    return mle(logp, scored & ~control)


def unlikelihood(
    logp: Array, scored: Array, rewards: Array, *, threshold: float = 0.0, alpha: float = 1.0
) -> tuple[Array, Array]:
    """Likely where it is good, unlikely where it is bad (eq. 6; Welleck et al. 2020): -mean(log p | -α log(1 - p) where R < threshold).

    A segment that reaches the threshold is good, as in the authors' code; the paper writes R > t, by which nothing is above a threshold
    of 0. d log(1 - p) / d log p = -p / (1 - p): grows without end as p nears 1, but times the softmax's own gradient it stays below α.
    """
    xp = array_module(logp)
    weight = mean_weights(scored, logp.dtype)
    good, rest = rewards >= threshold, complement(logp)
    losses = xp.where(good, -logp, -alpha * xp.log(rest))
    slopes = xp.where(good, -1, xp.where(rest > TINY, alpha * xp.exp(logp) / rest, 0))
    return (weight * losses).sum(), weight * slopes


def advantage_weights(advantages: Array, beta: float) -> Array:
    """exp(A/β), at most LARGEST_WEIGHT. A weight is a constant: nothing is learned through it."""
    return array_module(advantages).exp((advantages / beta).clip(None, math.log(LARGEST_WEIGHT)))


def weighted_mle(logp: Array, scored: Array, weights: Array) -> tuple[Array, Array]:
    """-mean(w log p), the mean over the scored places, whatever their weights."""
    weight = mean_weights(scored, logp.dtype) * weights
    return -(weight * logp).sum(), -weight


def rwr(logp: Array, scored: Array, rewards: Array, *, beta: float = 1.0) -> tuple[Array, Array]:
    """Reward-weighted regression: -mean(exp(R/β) log p) (eq. 7; Peters & Schaal 2007).

    Rewards are to be of order one: with the authors' β = 10 and rewards of a hundredth all weights are 1, and this is `mle`. Their code
    runs AWR with α = 1 and an untrained value head in its place: all weights are e^(0.5/β) times these.
    """
    return weighted_mle(logp, scored, advantage_weights(rewards, beta))


def awr(
    logp: Array, values: Array, scored: Array, rewards: Array, *, alpha: float = 0.5, beta: float = 1.0
) -> tuple[Array, Array, Array]:
    """Advantage-weighted regression (eq. 8; Peng et al. 2019): the loss, dlogp and dvalues.

        -α mean(exp(A/β) log p) + (1 - α) mean((V - R)²)        A = R - V

    values: what a value head on the same trunk expects, from the tokens before the target. It learns from the second term only: A is a
    constant of the first, or else the values would learn to make the weights small.
    """
    policy, dlogp = weighted_mle(logp, scored, advantage_weights(rewards - values, beta))
    value, dvalues = value_loss(values, rewards, scored)
    return alpha * policy + (1 - alpha) * value, alpha * dlogp, (1 - alpha) * dvalues
