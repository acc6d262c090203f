"""Learning-rate schedules: climb for a few steps, then come down slowly."""

import math

SCHEDULES = ("cosine", "linear", "constant")


def default_warmup(steps: int) -> int:
    """A tenth of the steps, at most 100."""
    return max(0, min(100, steps // 10))


def learning_rate(step: int, steps: int, *, peak: float, warmup: int, floor: float, schedule: str = "cosine") -> float:
    """The rate for update number `step` (from 0) of `steps`.

    It climbs linearly to `peak` over `warmup` updates, since Adam's averages know nothing at first, then falls to `floor` at the end:
    along half a cosine (Loshchilov & Hutter 2017, eq. 5), along a line, or not at all (`constant`).
    """
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    if schedule == "constant":
        return peak
    progress = min((step - warmup) / max(steps - warmup, 1), 1)
    share = (1 + math.cos(math.pi * progress)) / 2 if schedule == "cosine" else 1 - progress
    return floor + share * (peak - floor)
