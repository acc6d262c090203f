"""Exercises of lesson 19: long texts, many languages.

Write what is missing, then: python -m minillm check 19
"""

from collections.abc import Sequence

import numpy as np


def streamed(q: np.ndarray, pieces: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
    """Attention of one query over a text that comes in pieces: q (K,) -> (V,), softmax(q · keys) times the values of all pieces.

    Each piece is (keys (S, K), values (S, V), may_look (S,)): keys that it may not look at count nothing. S differs from piece to piece. A
    piece may have no key at all that it may look at; at least one piece has one. Scores may be as large as 1000, and their exponentials
    must not overflow. Only one piece may be used at a time: keep a maximum, a sum and a weighted sum.

    Difficulty 4/5, about 20 minutes.
    """
    # solution
    peak, total, y = -np.inf, 0.0, 0.0
    for keys, values, may_look in pieces:
        if not may_look.any():
            continue
        scores = np.where(may_look, keys @ q, -np.inf)
        higher = max(peak, scores.max())
        weights, shrink = np.exp(scores - higher), np.exp(peak - higher)
        total = total * shrink + weights.sum()
        y = y * shrink + weights @ values
        peak = higher
    return y / total
    # end


def shared_heads_backward(dy: np.ndarray, kv_heads: int) -> np.ndarray:
    """What shared heads of keys receive: dy (B, H, S, K) -> dx (B, G, S, K), with G = kv_heads.

    Forward, each of the G heads of x was used by H/G heads of queries, neighbours: heads 0 to H/G - 1 used head 0, the next H/G head 1, and
    so on. In NumPy: y = np.repeat(x, H // G, axis=1).

    Difficulty 3/5, about 10 minutes. Not in the lesson.
    """
    # solution
    batch, heads, length, width = dy.shape
    return dy.reshape(batch, kv_heads, heads // kv_heads, length, width).sum(axis=2)
    # end


CHANGES = (
    "both words five places later",
    "only the query five places later",
    "query and key change places",
    "all angles divided by four, and both words four times as far from the beginning",
    "queries and keys turned the other way round",
    "only the keys turned the other way round",
    "the values turned as well",
)


def predict(change: str) -> bool:
    """Predict, then run: does the score of one query and one key stay as it is (True), or does it change (False)?

    The query stands at place 9, the key at place 4, and both are turned by rotary positions: the score is turn(q, 9 ω) · turn(k, 4 ω). The
    changes are those in CHANGES. "Query and key change places" moves the query to place 4 and the key to place 9; q and k are what they
    were. "Turned the other way round" is by -t ω in place of t ω.
    Write down all seven before you run anything. Then run this file: it tries them, and shows what happens.

    Difficulty 3/5, about 10 minutes.
    """
    # solution
    return {
        "both words five places later": True,
        "only the query five places later": False,
        "query and key change places": False,
        "all angles divided by four, and both words four times as far from the beginning": True,
        "queries and keys turned the other way round": False,
        "only the keys turned the other way round": False,
        "the values turned as well": True,
    }[change]
    # end


def try_out(change: str) -> bool:
    """Whether the score really stays."""
    rng = np.random.default_rng(0)
    q, k = rng.standard_normal((2, 8))
    omega = 10000.0 ** (-np.arange(0, 8, 2) / 8)

    def turn(x: np.ndarray, angles: np.ndarray) -> np.ndarray:
        a, b = x[:4], x[4:]
        return np.concatenate([a * np.cos(angles) - b * np.sin(angles), a * np.sin(angles) + b * np.cos(angles)])

    def score(query_at: float, key_at: float, query_speed: float = 1.0, key_speed: float = 1.0) -> float:
        return float(turn(q, query_at * query_speed * omega) @ turn(k, key_at * key_speed * omega))

    after = {
        "both words five places later": lambda: score(14, 9),
        "only the query five places later": lambda: score(14, 4),
        "query and key change places": lambda: score(4, 9),
        "all angles divided by four, and both words four times as far from the beginning": lambda: score(
            36, 16, 0.25, 0.25
        ),
        "queries and keys turned the other way round": lambda: score(9, 4, -1, -1),
        "only the keys turned the other way round": lambda: score(9, 4, 1, -1),
        "the values turned as well": lambda: score(9, 4),  # no score reads a value
    }[change]()
    return abs(after - score(9, 4)) < 1e-9


if __name__ == "__main__":
    for change in CHANGES:
        print(f"{change:<80} you: {predict(change)!s:<6} it is: {try_out(change)}")
