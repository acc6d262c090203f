"""Rotary positions (RoPE): queries and keys are turned by an angle that grows with their position."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minillm.backend import Array, array_module, constant


class RotarySaved(NamedTuple):
    cos: Array  # (T, K/2)
    sin: Array


def rotary_frequencies(
    width: int, theta: float = 10000.0, *, factor: float = 1.0, original_context: int = 0
) -> np.ndarray:
    """By what angle one step of position turns each pair of columns, (K/2,) on the host: ω_i = θ^(-2i/K), i = 0 ... K/2 - 1.

    Su et al. 2021, eq. 15. Position interpolation divides all of them by a `factor`, so that positions stand closer together: a model that
    was trained on texts of length L then reads `factor` L (Chen et al. 2023, eq. 4). With the `original_context` L it is Llama 3.1's: a
    pair that turns at least 4 times in L tokens stays as it is, one that does not turn once is divided, and there is a slope between.
    """
    frequencies = theta ** (-np.arange(0, width, 2) / width)
    if not original_context:
        return frequencies / factor
    turns = frequencies * original_context / (2 * math.pi)
    kept = np.clip((turns - 1) / (4 - 1), 0, 1)
    return kept * frequencies + (1 - kept) * frequencies / factor


@constant
@lru_cache(maxsize=8)
def rotary_angles(frequencies: tuple[float, ...], length: int, dtype: np.dtype, xp) -> tuple[Array, Array]:
    """cos and sin of position times frequency, (length, K/2) each. All blocks of a model read the same: nobody may write into them."""
    angles = np.outer(np.arange(length), frequencies)
    return xp.asarray(np.cos(angles).astype(dtype)), xp.asarray(np.sin(angles).astype(dtype))


def rotary(x, cos, sin):
    """Turn each pair of columns (x_i, x_{i + K/2}) of a row by the angle of its position.

    x (B, H, T, K), cos and sin (T, K/2) -> y (B, H, T, K)

        y_i = x_i cos - x_{i + K/2} sin        y_{i + K/2} = x_i sin + x_{i + K/2} cos

    Two turned vectors have a product that depends on their distance only: q turned by a, times k turned by b, is q times k turned by b - a.
    Su et al. 2021, eq. 34. Which columns make a pair is no matter: here, as in Llama's files at Hugging Face, they are half a row apart.
    """
    xp, half = array_module(x), x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return xp.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1), RotarySaved(cos, sin)


def rotary_backward(dy, saved):
    """dy (B, H, T, K) -> dx (B, H, T, K): turned back, since the inverse of a rotation is its transpose. The angles are not learned."""
    cos, sin = saved
    return rotary(dy, cos, -sin)[0]  # y = x turned by the angle
