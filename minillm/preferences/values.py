"""The value head's loss: guess the reward that is to come."""

from minillm.backend import Array, array_module
from minillm.preferences.arithmetic import mean_weights


def value_loss(values: Array, returns: Array, scored: Array) -> tuple[Array, Array]:
    """Mean over the scored places of (V - R)², and dvalues. All three arrays have one shape; scored is boolean."""
    weight = mean_weights(scored, values.dtype)
    error = values - returns
    return (weight * error * error).sum(), 2 * weight * error


def clipped_value_loss(
    values: Array, old_values: Array, returns: Array, scored: Array, *, clip: float = 0.2
) -> tuple[Array, Array]:
    """PPO's: mean over the scored places of ½ max((V - R)², (V' - R)²), V' = V kept within `clip` of its old value; and dvalues.

    The larger of the two errors counts, so moving far in one round brings nothing. `trl` and OpenAI's `baselines`; not in the paper.
    """
    xp = array_module(values)
    weight = mean_weights(scored, values.dtype)
    error = values - returns
    clipped = xp.clip(values, old_values - clip, old_values + clip) - returns
    moved_too_far = clipped * clipped > error * error  # there V' stands still: no gradient
    loss = (weight * xp.maximum(error * error, clipped * clipped)).sum() / 2
    return loss, weight * xp.where(moved_too_far, 0, error)
