"""Exercises of lesson 17: pretrain with preferences.

Write what is missing, then: python -m minillm check 17
"""

import numpy as np

IGNORE = -1  # a target that is not scored


def reward_weights(rewards: np.ndarray, beta: float, largest: float = 1000.0) -> np.ndarray:
    """How much each token counts in reward-weighted regression: rewards (T,) -> weights (T,).

    The weight is e^(R/β), but never more than `largest`. A token with the reward 0 counts 1; with β = 0.5 one with the reward -1 counts
    0.135.

    Difficulty 1/5, about 5 minutes.
    """
    # solution
    return np.minimum(np.exp(rewards / beta), largest)
    # end


def unlikelihood_loss(logp: np.ndarray, good: np.ndarray, alpha: float) -> tuple[float, np.ndarray]:
    """The loss, and its derivative with respect to the log-probabilities: logp (T,) and good (T,), boolean -> loss, dlogp (T,).

    A good token adds -log p, a bad one -α log(1 - p). The loss is the mean over all T tokens.

    Difficulty 4/5, about 20 minutes.
    """
    # solution
    p = np.exp(logp)
    losses = np.where(good, -logp, -alpha * np.log(1 - p))
    slopes = np.where(good, -1.0, alpha * p / (1 - p))
    return losses.mean(), slopes / len(logp)
    # end


def with_control_tokens(
    lines: list[list[int]], rewards: list[float], good: int, bad: int
) -> tuple[np.ndarray, np.ndarray]:
    """Announce every line: token ids of lines, and a reward for each -> ids (T,) to read and targets (T,), the next token of each place.

    In front of a line stands the token `good` if its reward is 0 or more, else `bad`. The last token of the text is only a target.
    Targets that are control tokens are IGNORE. For example [[5, 6], [7]] with rewards [0, -1], good 8 and bad 9 are the tokens
    8 5 6 9 7: ids [8, 5, 6, 9], targets [5, 6, IGNORE, 7].

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    text = []
    for line, reward in zip(lines, rewards, strict=True):
        text += [good if reward >= 0 else bad, *line]
    ids, targets = np.array(text[:-1]), np.array(text[1:])
    targets[np.isin(targets, [good, bad])] = IGNORE
    return ids, targets
    # end
