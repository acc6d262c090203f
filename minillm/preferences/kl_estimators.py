"""KL(p ‖ q) from samples of p: three estimates of one token or one answer each. Schulman 2020, "Approximating KL divergence".

Each takes log p and log q of what was sampled, any shape, and returns the estimate and its derivative with respect to log p. A good value
need not have a good gradient, because the samples come from p itself. Where the vocabulary is small `minillm.ops.kl_divergence` is exact.
"""

from minillm.backend import Array, array_module


def k1(logp: Array, ref_logp: Array) -> tuple[Array, Array]:
    """log p - log q. Unbiased, of large variance, negative at times. As a loss it is useless: E[∇ log p] = 0. In a reward it is right."""
    difference = logp - ref_logp
    return difference, array_module(logp).ones_like(difference)


def k2(logp: Array, ref_logp: Array) -> tuple[Array, Array]:
    """½ (log p - log q)². Biased, but as a loss its gradient is that of KL(p ‖ q) in expectation."""
    difference = logp - ref_logp
    return difference * difference / 2, difference


def k3(logp: Array, ref_logp: Array) -> tuple[Array, Array]:
    """q/p - 1 - log(q/p). Unbiased, never negative, of small variance. As a loss, as in GRPO, its gradient is in expectation that of
    KL(q ‖ p), the other way round.
    """
    back = ref_logp - logp
    more = array_module(logp).expm1(back)
    return more - back, -more
