"""Learning from preferences without a reward model: DPO and its kin, which compare a model with a frozen reference.

chosen, rejected, ref_chosen, ref_rejected (B,): log p(answer | prompt) of the better and the worse answer under the model and under the
reference, sums over the answer's tokens (`minillm.ops.sequence_logp`), the prompt's not scored. The reference's are constants, to be
computed once. All losses are functions of

    h = (log p(y_w) - log q(y_w)) - (log p(y_l) - log q(y_l))

and return their mean over the pairs, and its derivatives dchosen and drejected, for `sequence_logp_backward`. Only the difference counts:
both answers may become less likely, the worse one faster, so look at both.
"""

from minillm.backend import Array, array_module
from minillm.preferences.arithmetic import log_sigmoid, per_token, sigmoid


def dpo(
    chosen: Array,
    rejected: Array,
    ref_chosen: Array,
    ref_rejected: Array,
    *,
    beta: float = 0.1,
    label_smoothing: float | Array = 0.0,
) -> tuple[Array, Array, Array]:
    """-(1 - ε) log σ(βh) - ε log σ(-βh): Rafailov et al. 2023, eq. 7.

    The reward is β (log p - log q), and preferences follow Bradley and Terry. It begins at ln 2, since there h = 0. With ε =
    `label_smoothing`, the probability that a pair is labelled the wrong way round, for all pairs or for each (B,), it is the conservative
    form (Mitchell 2023), which wants βh to be the log odds of 1 - ε, no more. `trl` and the authors' code take sums, as here.
    """
    u = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    loss = (1 - label_smoothing) * -log_sigmoid(u) + label_smoothing * -log_sigmoid(-u)
    slope = -beta * ((1 - label_smoothing) * sigmoid(-u) - label_smoothing * sigmoid(u)) / len(u)
    return loss.mean(), slope, -slope


def robust_dpo(
    chosen: Array, rejected: Array, ref_chosen: Array, ref_rejected: Array, *, beta: float = 0.1, flipped: float = 0.1
) -> tuple[Array, Array, Array]:
    """[-(1 - ε) log σ(βh) + ε log σ(-βh)] / (1 - 2ε): Chowdhury et al. 2024.

    If a share ε = `flipped` < ½ of the labels is flipped at random, its expectation is DPO's loss with the true labels. A single pair's
    loss may be negative.
    """
    u = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    loss = ((1 - flipped) * -log_sigmoid(u) - flipped * -log_sigmoid(-u)) / (1 - 2 * flipped)
    slope = -beta * ((1 - flipped) * sigmoid(-u) + flipped * sigmoid(u)) / (1 - 2 * flipped) / len(u)
    return loss.mean(), slope, -slope


def hinge(
    chosen: Array, rejected: Array, ref_chosen: Array, ref_rejected: Array, *, beta: float = 0.1
) -> tuple[Array, Array, Array]:
    """max(0, 1 - βh): beyond the margin nothing more is asked. Zhao et al. 2023 (SLiC-HF); with a reference Liu et al. 2024, and `trl`."""
    xp = array_module(chosen)
    u = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    slope = xp.where(u < 1, -beta / len(u), 0).astype(u.dtype)
    return xp.maximum(1 - u, 0).mean(), slope, -slope


def ipo(
    chosen: Array,
    rejected: Array,
    ref_chosen: Array,
    ref_rejected: Array,
    *,
    tau: float = 0.1,
    chosen_lengths: Array | None = None,
    rejected_lengths: Array | None = None,
) -> tuple[Array, Array, Array]:
    """(h - 1/(2τ))²: Azar et al. 2024, eq. 17. The margin is to be 1/(2τ), no less and no more, even where all labels agree.

    Paper and DPO's authors' code take sums. With the answers' lengths (B,) h is made of means over the tokens, as in `trl`, whose authors
    have it from IPO's: the same τ then asks for a margin longer by the length.
    """
    scale_w = 1 if chosen_lengths is None else per_token(chosen, chosen_lengths)
    scale_l = 1 if rejected_lengths is None else per_token(rejected, rejected_lengths)
    gap = scale_w * (chosen - ref_chosen) - scale_l * (rejected - ref_rejected) - 1 / (2 * tau)
    slope = 2 * gap / len(gap)
    return (gap * gap).mean(), slope * scale_w, -slope * scale_l


def kto(
    logp: Array,
    ref_logp: Array,
    desirable: Array,
    *,
    kl: float | Array,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
) -> tuple[Array, Array]:
    """For answers without a partner, each of them good or bad: the loss and dlogp. Ethayarajh et al. 2024.

        λ (1 - σ(s β (log p - log q - kl)))        s = 1 if desirable, else -1; λ the weight of its kind

    logp, ref_logp and desirable, boolean, (B,). kl: what gains and losses are measured from (`kto_kl`), a constant. Far from it the curve
    is flat both ways: hopeless answers are given up. The mean is over good and bad together, as in `trl`.
    """
    xp = array_module(logp)
    sign = xp.where(desirable, 1, -1).astype(logp.dtype)
    weight = xp.where(desirable, desirable_weight, undesirable_weight).astype(logp.dtype) / len(logp)
    u = sign * beta * (logp - ref_logp - kl)
    return (weight * sigmoid(-u)).sum(), -weight * sign * beta * sigmoid(u) * sigmoid(-u)


def kto_kl(logp: Array, ref_logp: Array) -> Array:
    """KTO's estimate of KL(p ‖ q), not below zero: mean(log p - log q) over answers (B,) to other prompts than their own.

    `trl` and the authors move the answers of a batch on by one to get such pairs. It is biased, but it costs no new samples.
    """
    return array_module(logp).maximum((logp - ref_logp).mean(), 0)
