"""Exercises of lesson 09: an optimiser's step, the decoder's two sequences, and a fair score.

Write what is missing, then run: python -m minillm check 09
"""

import numpy as np

IGNORE = -100  # a target that is not scored


def adamw_step(
    w: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    lr: float,
    decay: np.ndarray,
    beta1: float = 0.9,
    beta2: float = 0.99,
    eps: float = 1e-8,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step number t = 1, 2, ... of AdamW: weights w, gradient g, running means m and v, all (N,) -> the new w, m, v.

    m is the running mean of g, and v that of g². Both started at 0, so for the step each is divided by what it lacks, 1 - β^t; what is
    returned is m and v before that division. eps is added to the root. decay (N,) is the strength of the weight decay of each weight:
    besides Adam's own step, w loses lr · decay · w (with the w from before the step). The decay does not enter m or v.

    With w = 1, g = 2, m = v = 0, t = 1, lr = 0.1 and decay = 0 the new w is 0.9: the first step is as long as lr, whatever g is.

    Difficulty 2/5, about 15 minutes.
    """
    # solution
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    w = w - lr * decay * w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w, m, v
    # end


def shift_targets(answers: np.ndarray, lengths: np.ndarray, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """answers (B, T), padded on the right, with lengths (B,) -> what the decoder reads, and the targets, both (B, T + 1).

    The decoder reads `start`, and then the answers as they stand, padding included. At each place it is asked for the token that it reads
    at the next place; after an answer's last real token it is asked for `end`; after that, for nothing (IGNORE).

    With answers [[5, 6, 0]], lengths [2], start 1 and end 2 the decoder reads [[1, 5, 6, 0]], and the targets are [[5, 6, 2, IGNORE]].

    Difficulty 2/5, about 10 minutes.
    """
    # solution
    rows, width = answers.shape
    reads = np.hstack([np.full((rows, 1), start), answers])
    places = np.arange(width + 1)
    ends = lengths[:, None]
    targets = np.hstack([answers, np.full((rows, 1), IGNORE)])
    targets = np.where(places == ends, end, targets)
    targets = np.where(places > ends, IGNORE, targets)
    return reads, targets
    # end


def exact_match(written: np.ndarray, right: np.ndarray, end: int) -> float:
    """written and right (B, T), token ids -> the share of the B answers that are right as a whole, a number from 0 to 1.

    An answer is its tokens up to and with the first `end`. What a row of `written` or `right` holds after its first `end` does not count.
    Each row of `right` has an `end` in it; a row of `written` may lack one, and is wrong then.

    With end = 0, written [[3, 4, 0, 7], [3, 4, 5, 0]] and right [[3, 4, 0, 9], [3, 4, 0, 0]] it is 0.5: the first is right, since what
    stands after its end does not count; the second went on where it should have ended.

    Difficulty 3/5, about 10 minutes.
    """
    # solution
    counts = np.cumsum(right == end, axis=1) - (right == end) == 0
    equal = (written == right) | ~counts
    return float(equal.all(axis=1).mean())
    # end
