"""Learning from rewards of answers that the model wrote itself: REINFORCE, PPO, GRPO.

Log-probabilities are of sampled tokens, (B, T), or of whole answers, (B,). Advantages and the log-probabilities of earlier models are
constants. Returned are a loss whose descent raises the expected reward, and its derivative with respect to the log-probabilities.
"""

from minillm.backend import Array, array_module
from minillm.preferences.arithmetic import mean_weights
from minillm.preferences.kl_estimators import k3


def reinforce(logp: Array, advantages: Array) -> tuple[Array, Array]:
    """-mean(A log p(y)), logp (B,) the sums over the answers' tokens: Williams 1992. With `leave_one_out` advantages it is RLOO.

    Its value says nothing, its gradient everything: ∇ E[r] = E[r ∇ log p].
    """
    weight = advantages / len(logp)
    return -(weight * logp).sum(), -weight


def _clipped(logp: Array, old_logp: Array, advantages: Array, clip: float) -> tuple[Array, Array]:
    """min(ρA, clip(ρ, 1 - ε, 1 + ε) A), ρ = p / p_old, and its derivative with respect to log p."""
    xp = array_module(logp)
    ratio = xp.exp(logp - old_logp)
    gain, clipped = ratio * advantages, xp.clip(ratio, 1 - clip, 1 + clip) * advantages
    return xp.minimum(gain, clipped), xp.where(gain <= clipped, gain, 0)  # dρ = ρ dlogp; where clipped, it stands still


def ppo(logp: Array, old_logp: Array, advantages: Array, scored: Array, *, clip: float = 0.2) -> tuple[Array, Array]:
    """-mean over the scored tokens of min(ρA, clip(ρ, 1 - ε, 1 + ε) A), ρ = p / p_old: Schulman et al. 2017, eq. 7. All arrays (B, T).

    The same answers serve for several steps; a token whose probability has moved by more than ε in the wanted direction moves no further.
    """
    weight = mean_weights(scored, logp.dtype)
    gain, slope = _clipped(logp, old_logp, advantages, clip)
    return -(weight * gain).sum(), -weight * slope


def grpo(
    logp: Array,
    old_logp: Array,
    ref_logp: Array,
    advantages: Array,
    scored: Array,
    *,
    clip: float = 0.2,
    beta: float = 0.04,
) -> tuple[Array, Array]:
    """PPO's clipped gain with one advantage for each answer, (B,), less β times the estimate `k3` of the KL: Shao et al. 2024, eq. 3.

    The mean is over each answer's tokens, then over the answers, so a token of a long answer counts less. `trl` now divides by the tokens
    of the batch and takes β = 0 by default; Dr. GRPO divides by a fixed length.
    """
    xp = array_module(logp)
    lengths = xp.maximum(scored.sum(axis=-1, keepdims=True), 1).astype(logp.dtype)
    weight = scored.astype(logp.dtype) / lengths / len(logp)
    gain, slope = _clipped(logp, old_logp, advantages[:, None], clip)
    penalty, pull = k3(logp, ref_logp)
    return -(weight * (gain - beta * penalty)).sum(), -weight * (slope - beta * pull)
