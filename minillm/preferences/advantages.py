"""Was an answer better than expected? From rewards to advantages, which the policy gradient takes as constants."""

from minillm.backend import Array, array_module


def leave_one_out(rewards: Array, group: int) -> Array:
    """r_i - mean of the others' in its group, (B,) -> (B,): RLOO, Kool et al. 2019; Ahmadian et al. 2024.

    Every `group` rewards in a row are of answers to one prompt. The others' mean says what the prompt is worth, and doesn't depend on the
    answer itself, so that the policy gradient stays unbiased. Equals K/(K - 1) times (r - mean of all K).
    """
    rows = _grouped(rewards, group)
    others = (rows.sum(axis=1, keepdims=True) - rows) / (group - 1)
    return (rows - others).reshape(-1)


def group_advantages(rewards: Array, group: int, *, scale: bool = True, eps: float = 1e-4) -> Array:
    """(r_i - mean of its group) / (standard deviation + ε), (B,) -> (B,): GRPO, Shao et al. 2024, section 4.1.2.

    The standard deviation has K - 1 in its denominator (ddof = 1), as in `trl` and verl; ε is `trl`'s (verl: 1e-6). Without `scale` it is
    left out, as in Dr. GRPO (Liu et al. 2025): it makes much of groups whose rewards hardly differ.
    """
    rows = _grouped(rewards, group)
    advantages = rows - rows.mean(axis=1, keepdims=True)
    if scale:
        advantages = advantages / (rows.std(axis=1, ddof=1, keepdims=True) + eps)
    return advantages.reshape(-1)


def _grouped(rewards: Array, group: int) -> Array:
    if group < 2 or rewards.ndim != 1 or len(rewards) % group:
        raise ValueError(
            f"rewards {rewards.shape} don't fall into groups of {group}: two or more in each, and none over"
        )
    return rewards.reshape(-1, group)


def penalized_rewards(rewards: Array, logp: Array, ref_logp: Array, scored: Array, *, beta: float) -> Array:
    """The reward of every token, (B, T): at each scored place -β (log p - log q), and at the last of them the answer's reward (B,) too.

    So the sum over an answer is r - β (log p(y) - log q(y)): Ziegler et al. 2019; Ouyang et al. 2022, eq. 2. The estimate of the KL is k1
    (`minillm.preferences.k1`), as in `trl`. A constant: no gradient runs through it.
    """
    xp = array_module(logp)
    last = scored & (xp.cumsum(scored, axis=1) == scored.sum(axis=1)[:, None])
    penalty = xp.where(scored, -beta * (logp - ref_logp), 0)
    return penalty + xp.where(last, rewards[:, None], 0)


def gae(rewards: Array, values: Array, scored: Array, *, gamma: float = 1.0, lam: float = 0.95) -> tuple[Array, Array]:
    """Generalised advantage estimation: advantages and returns, (B, T), 0 where not scored. Schulman et al. 2016, eq. 16.

        δ_t = r_t + γ V_{t+1} - V_t        A_t = δ_t + γλ A_{t+1}        returns = A + V

    V_t is the value before token t is written. t + 1 is the next scored place, and after the last one everything is zero: what stands
    where nothing is scored doesn't matter. λ = 1 takes the rewards that really came, λ = 0 trusts the values.
    """
    xp = array_module(values)
    following, advantage, advantages = 0 * values[:, 0], 0 * values[:, 0], []
    for t in reversed(range(values.shape[1])):
        delta = rewards[:, t] + gamma * following - values[:, t]
        advantage = xp.where(scored[:, t], delta + gamma * lam * advantage, advantage)
        following = xp.where(scored[:, t], values[:, t], following)
        advantages.append(advantage)
    result = xp.where(scored, xp.stack(advantages[::-1], axis=1), 0)
    return result, xp.where(scored, result + values, 0)


def whiten(advantages: Array, scored: Array, *, eps: float = 1e-8) -> Array:
    """Mean 0 and variance 1 over the scored places, which are two or more; 0 elsewhere. As `trl`'s PPO does: variance with ddof = 1."""
    xp = array_module(advantages)
    count = scored.sum().astype(advantages.dtype)
    centered = xp.where(scored, advantages - xp.where(scored, advantages, 0).sum() / count, 0)
    return centered / xp.sqrt((centered * centered).sum() / (count - 1) + eps)
