"""Attention over training: one map at several steps, as a strip of film."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.checked_weights import checked_weights
from minillm.plots.style import house_style
from minillm.plots.weights import weight_maps


@house_style()
def attention_over_training(
    weights: np.ndarray,
    steps: Sequence[int],
    queries: Sequence[str],
    keys: Sequence[str] | None = None,
    *,
    causal: bool = False,
    title: str | None = None,
) -> Figure:
    """One head at N steps of its training: weights (N, T, S), all on one scale; tokens and `causal` as for the heatmap.

    Steps that grow by a factor, as 0, 10, 100, 1000, show more than steps at equal distances.
    """
    weights = checked_weights(weights, "NTS", queries, keys, causal)
    if len(steps) != len(weights):
        raise InputError(
            f"Attention is {weights.shape} but there are {len(steps)} steps: (N, T, S) needs {len(weights)}.",
            "Give the step at which each map was taken.",
        )
    return weight_maps(weights, [f"step {step}" for step in steps], queries, keys, title=title)
