"""Learning from preferences without a reference model: means over the tokens in place of ratios.

chosen, rejected (B,): log p(answer | prompt), sums over the answer's tokens (`minillm.ops.sequence_logp`); their lengths (B,) in tokens, at
least one. ℓ = log p / |y| is the mean, so that long answers have no advantage. Returned are the mean over the pairs, and the derivatives
with respect to the sums.
"""

from minillm.backend import Array, array_module
from minillm.preferences.arithmetic import TINY, complement, log_sigmoid, per_token, sigmoid


def simpo(
    chosen: Array,
    rejected: Array,
    chosen_lengths: Array,
    rejected_lengths: Array,
    *,
    beta: float = 2.0,
    gamma: float = 1.0,
) -> tuple[Array, Array, Array]:
    """-log σ(β (ℓ_w - ℓ_l) - γ): Meng et al. 2024, eq. 6. γ is the margin that the better answer is to have.

    The authors take β from 2 to 10 and γ/β about 0.5. `trl` writes γ/β where this has γ, with β = 0.1 by default.
    """
    scale_w, scale_l = per_token(chosen, chosen_lengths), per_token(rejected, rejected_lengths)
    u = beta * (scale_w * chosen - scale_l * rejected) - gamma
    slope = -beta * sigmoid(-u) / len(u)
    return -log_sigmoid(u).mean(), slope * scale_w, -slope * scale_l


def odds_ratio(
    chosen: Array, rejected: Array, chosen_lengths: Array, rejected_lengths: Array
) -> tuple[Array, Array, Array]:
    """-log σ(log odds_w - log odds_l), odds = p / (1 - p) with p = e^ℓ.

    d log odds / dℓ = 1 + p / (1 - p) = 1 / (1 - p).
    """
    xp = array_module(chosen)
    scale_w, scale_l = per_token(chosen, chosen_lengths), per_token(rejected, rejected_lengths)
    mean_w, mean_l = scale_w * chosen, scale_l * rejected
    rest_w, rest_l = complement(mean_w), complement(mean_l)
    u = (mean_w - xp.log(rest_w)) - (mean_l - xp.log(rest_l))
    slope = -sigmoid(-u) / len(u)
    dchosen = slope * scale_w * xp.where(rest_w > TINY, 1 / rest_w, 1)
    drejected = -slope * scale_l * xp.where(rest_l > TINY, 1 / rest_l, 1)
    return -log_sigmoid(u).mean(), dchosen, drejected


def orpo(
    chosen: Array, rejected: Array, chosen_lengths: Array, rejected_lengths: Array, *, weight: float = 0.1
) -> tuple[Array, Array, Array]:
    """-ℓ_w + λ `odds_ratio`: fine-tuning on the better answers and preferring them, in one. Hong et al. 2024, eq. 6 and 7.

    λ = `weight` is called beta in `trl`, which also takes the first term's mean over all tokens of the batch; here, as in the paper, each
    answer counts alike.
    """
    ratio, dchosen, drejected = odds_ratio(chosen, rejected, chosen_lengths, rejected_lengths)
    share = per_token(chosen, chosen_lengths) / len(chosen)
    return weight * ratio - (share * chosen).sum(), weight * dchosen - share, weight * drejected
