"""Exercises of lesson 07: stack it.

Write what is missing, then: python -m minillm check 07
"""

import numpy as np


def layer_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float) -> np.ndarray:
    """Each row of x (N, D) with mean 0 and variance 1, times gamma (D,), plus beta (D,): (N, D).

        y = γ x̂ + β        x̂ = (x - mean) / √(variance + ε)

    The variance is the mean of the squared differences from the mean. For example the row (1, 2, 3), with γ = 1, β = 0 and ε = 0, gives
    (-1.225, 0, 1.225).

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    mean = x.mean(axis=1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=1, keepdims=True)
    xhat = (x - mean) / np.sqrt(variance + eps)
    return gamma * xhat + beta
    # end


def layer_norm_backward(
    dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients of `layer_norm`: dy (N, D) -> dx (N, D), dgamma (D,), dbeta (D,).

        dx = scale · ( g - mean(g) - x̂ · mean(g x̂) )        g = γ dy, scale = 1 / √(variance + ε), means over each row

    γ and β were read by every row, so their gradients are sums over the rows.

    Difficulty 4/5, about 20 minutes.
    """
    # solution
    mean = x.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + eps)
    xhat = (x - mean) * scale
    g = gamma * dy
    dx = scale * (g - g.mean(axis=1, keepdims=True) - xhat * (g * xhat).mean(axis=1, keepdims=True))
    return dx, (dy * xhat).sum(axis=0), dy.sum(axis=0)
    # end


def split_heads(x: np.ndarray, H: int) -> np.ndarray:
    """The D numbers of each word, cut into H heads of K = D/H: x (T, D) -> (H, T, K).

    Head 0 gets the first K numbers of every word, head 1 the next K, and so on. For example one word [1, 2, 3, 4] and H = 2 give
    [[[1, 2]], [[3, 4]]].

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    T, D = x.shape
    return x.reshape(T, H, D // H).transpose(1, 0, 2)
    # end
