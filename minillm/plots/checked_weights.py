"""Attention weights that fit their tokens."""

from collections.abc import Sequence

import numpy as np

from minillm.errors import InputError

AXES = {"N": "steps", "L": "layers", "H": "heads", "T": "queries", "S": "keys"}


def checked_weights(
    weights: np.ndarray, letters: str, queries: Sequence[str], keys: Sequence[str] | None = None, causal: bool = False
) -> np.ma.MaskedArray:
    """The weights (..., T, S) as a masked array, once they fit the tokens and can be attention at all.

    `letters` names the axes, as LHTS. With `causal` the keys later than the query are masked; a weight on one of them is refused.
    """
    weights = np.asarray(weights)
    shape = f"({', '.join(letters)})"
    if weights.ndim != len(letters) or 0 in weights.shape:
        raise InputError(
            f"Attention is {weights.shape} but this figure draws {shape}.",
            f"Give an array of {' × '.join(AXES[letter] for letter in letters)}, at least one of each.",
        )
    rows, columns = weights.shape[-2:]
    for count, tokens, kind in ((rows, queries, "query"), (columns, queries if keys is None else keys, "key")):
        if len(tokens) != count:
            raise InputError(
                f"Attention is {weights.shape} but there are {len(tokens)} {kind} tokens: {shape} needs {count}.",
                "Give one string for each query (T), and for each key (S) where the keys are other tokens.",
            )
    if not np.all((weights >= 0) & (weights <= 1.001)):  # a little over 1: the rounding of low precision
        raise InputError(
            "Attention weights lie between 0 and 1, and some of these do not.",
            "Give the weights after the softmax, not the scores before it.",
        )
    if not causal:
        return np.ma.array(weights)
    # The last query is the last key, also where the first keys come from a cache and S > T.
    later = ~np.tri(rows, columns, columns - rows, dtype=bool)
    if np.any(weights[..., later] > 0):
        raise InputError(
            "Attention is drawn as causal but some weight lies on a later key.",
            "Leave out causal=True, or look for the mask that was forgotten.",
        )
    return np.ma.array(weights, mask=np.broadcast_to(later, weights.shape))
