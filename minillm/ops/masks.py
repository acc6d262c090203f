"""Masks: which query may look at which key. Boolean, True = may look, broadcastable to (B, H, T, S)."""

import math
from functools import lru_cache

import numpy as np

from minillm.backend import Array, array_module, constant


def causal_mask(queries: int, keys: int, xp=np, *, window: int | None = None) -> Array:
    """(T, S), True where key j is not later than query i. The last query sees every key; if T < S, the earlier keys are a cache.

    With a `window` it sees that many: the last is its own (Beltagy et al. 2020, section 3.1; Jiang et al. 2023).
    """
    return _seen(queries, keys, keys - queries, window, xp)


def _seen(queries: int, keys: int, last_seen: int, window: int | None, xp) -> Array:
    """Query 0 may look at the keys up to `last_seen`, query 1 at one more ..."""
    own, key = xp.arange(last_seen, last_seen + queries)[:, None], xp.arange(keys)
    return key <= own if window is None else (key <= own) & (key > own - window)


def check_window(window: int | None, causal: bool) -> None:
    """Raise ValueError for a window in attention that looks both ways, or of no key."""
    if window is not None and (not causal or window < 1):
        raise ValueError(f"a window is of one key or more, in causal attention, got {window} with causal={causal}")


def padding_mask(lengths: Array, keys: int) -> Array:
    """(B, 1, 1, S), True where a key is a real token: lengths (B,) counts them, and they come first."""
    return (array_module(lengths).arange(keys) < lengths[:, None])[:, None, None, :]


def additive_mask(mask: Array, dtype: np.dtype) -> Array:
    """What a mask adds to the scores: 0 where it is True, -inf where it is False."""
    if mask.dtype != bool:
        raise TypeError(f"a mask is boolean, True = may look, and this one is {mask.dtype}")
    return array_module(mask).where(mask, dtype.type(0), dtype.type(-math.inf))


def mask_scores(scores: Array, mask: Array) -> Array:
    """scores where the boolean mask is True, -inf where it is False."""
    return scores + additive_mask(mask, scores.dtype)


@constant
@lru_cache(maxsize=8)
def causal_additive_mask(
    queries: int, keys: int, last_seen: int, dtype: np.dtype, xp, window: int | None = None
) -> Array:
    """What the causal mask adds to the scores (queries, keys). Query 0 may look at the keys up to `last_seen`, query 1 at one more ...

    With last_seen = S - T the last query sees every key. Every block of a model asks for the same few of these arrays: they are made once,
    and nobody may write into them.
    """
    return additive_mask(_seen(queries, keys, last_seen, window, xp), dtype)
