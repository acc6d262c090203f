"""Learning a reward from preferences: of two answers, which would a person choose?"""

from minillm.backend import Array
from minillm.preferences.arithmetic import log_sigmoid, sigmoid


def bradley_terry(
    chosen: Array, rejected: Array, *, margin: float | Array = 0.0, centering: float = 0.0
) -> tuple[Array, Array, Array]:
    """Mean over the pairs of -log σ(r_w - r_l - m) + λ (r_w + r_l)², and its derivatives dchosen and drejected.

    chosen and rejected (B,): the rewards r_w and r_l of the two answers. p(w is chosen) = σ(r_w - r_l): Bradley & Terry 1952; as a loss
    Ouyang et al. 2022, eq. 1. A margin m says how much better the answer is to be, one for all or (B,) (Touvron et al. 2023). Since only
    differences count, rewards may drift; λ = `centering` keeps them about zero (Eisenstein et al. 2023). `trl` has neither by default.
    """
    u, total = chosen - rejected - margin, chosen + rejected
    loss = (centering * total * total - log_sigmoid(u)).mean()
    pull, slope = 2 * centering * total / len(u), sigmoid(-u) / len(u)
    return loss, pull - slope, pull + slope
