"""Attention rollout: what each token has read in the end, through all layers together.

Source: Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from minillm.errors import InputError
from minillm.plots.checked_weights import checked_weights
from minillm.plots.style import house_style
from minillm.plots.weights import weight_maps


def attention_rollout(weights: np.ndarray) -> np.ndarray:
    """The shares (T, T) in which the last layer's tokens are made of the first layer's: weights (L, H, T, T), layer 0 first.

    A layer passes on half of what it reads through attention, the mean of its heads, and half unchanged, through the
    residual connection: A_l = (mean_h W_lh + I) / 2, each row scaled to sum to 1. The rollout is A_{L-1} ... A_1 A_0.
    """
    weights = np.asarray(weights, dtype=float)
    if weights.ndim != 4 or 0 in weights.shape or weights.shape[2] != weights.shape[3]:
        raise InputError(
            f"Attention is {weights.shape} but a rollout needs (L, H, T, T).",
            "Give the maps of all layers and heads in which the same tokens look at themselves.",
        )
    rollout = identity = np.eye(weights.shape[-1])
    for layer in weights.mean(axis=1):
        passed_on = layer + identity
        rollout = passed_on / passed_on.sum(axis=-1, keepdims=True) @ rollout
    return rollout


@house_style()
def rollout_maps(
    weights: np.ndarray, tokens: Sequence[str], *, causal: bool = False, title: str | None = None
) -> Figure:
    """The last layer of weights (L, H, T, T), as the mean of its heads, beside the rollout of all layers.

    With `causal`, later tokens are drawn as missing in both: what no layer may see, no token is made of.
    """
    rollout = attention_rollout(weights)
    layers, heads = np.shape(weights)[:2]
    last = checked_weights(weights, "LHTT", tokens, causal=causal)[-1].mean(axis=0)
    maps = np.ma.array([last, rollout], mask=np.broadcast_to(np.ma.getmaskarray(last), (2, *last.shape)))
    names = [
        "last layer" if heads == 1 else f"last layer,\nmean of {heads} heads",
        f"rollout through\n{layers} layer{'s' if layers > 1 else ''}",
    ]
    return weight_maps(maps, names, tokens, title=title, label="share")
