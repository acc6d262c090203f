"""Exercises of lesson 17: pretrain with preferences.

Write what is missing, then: python -m minillm check 17
"""

import numpy as np

IGNORE = -1  # a target that is not scored


def awr_loss(
    logp: np.ndarray, values: np.ndarray, rewards: np.ndarray, alpha: float, beta: float, largest: float = 1000.0
) -> tuple[float, np.ndarray, np.ndarray]:
    """AWR: log-probabilities, what was expected, and the rewards of T tokens, (T,) each -> loss, dlogp, dvalues (T,).

        loss = α mean of -w log p  +  (1 - α) mean of (V - R)²        w = e^((R - V)/β), but never more than `largest`

    The weight w is a constant: the values learn from the second part alone.
    For example logp [-1], values [0], rewards [0], alpha 0.5 and beta 1 give 0.5, [-0.5], [0].

    Difficulty 4/5, about 20 minutes. The derivatives are not in the lesson.
    """
    # solution
    advantage = rewards - values
    weights = np.minimum(np.exp(advantage / beta), largest)
    loss = -alpha * (weights * logp).mean() + (1 - alpha) * (advantage * advantage).mean()
    return loss, -alpha * weights / len(logp), -2 * (1 - alpha) * advantage / len(logp)
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


OBJECTIVES = (
    "MLE",
    "filtering, the rude lines are thrown away",
    "RWR, beta = 0.5",
    "RWR, all rewards 1 higher",
    "RWR, beta = 1000",
    "AWR, V is what is told there on average",
    "unlikelihood, alpha = 0.01",
    "conditional, told <|good|>",
    "conditional, not told, every second token was left out",
)


def predict(objective: str) -> str:
    """Predict, then run: in one place of a text one of two lines was told, the kind one in six of ten cases, the rude one in four.

    A model that can give them any probabilities is trained to the end by an objective of OBJECTIVES. How often does it tell the rude one?
        "never"     with probability 0
        "less"      less often than the text
        "as often"  as often as the text, in four of ten cases, to a thousandth
        "more"      more often
    A kind line has the reward 0, a rude one -1. Write down all nine before you run anything. Then run this file: it tries them with your
    `awr_loss`, and shows what happens.

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    return {
        "MLE": "as often",
        "filtering, the rude lines are thrown away": "never",
        "RWR, beta = 0.5": "less",
        "RWR, all rewards 1 higher": "less",
        "RWR, beta = 1000": "as often",
        "AWR, V is what is told there on average": "less",
        "unlikelihood, alpha = 0.01": "never",
        "conditional, told <|good|>": "never",
        "conditional, not told, every second token was left out": "as often",
    }[objective]
    # end


def try_out(objective: str) -> str:
    """What really happens: one of the four answers."""
    rude = np.arange(10) < 4  # ten lines that were told in the same place
    rewards, zeros = np.where(rude, -1.0, 0.0), np.zeros(10)

    def weighted(logp: np.ndarray, told: np.ndarray, rewards: np.ndarray, values: np.ndarray, beta: float) -> float:
        return awr_loss(logp[told], values[told], rewards[told], 1.0, beta)[0]  # RWR is AWR that expects 0

    everywhere = rude | ~rude
    loss = {
        "MLE": lambda logp: weighted(logp, everywhere, zeros, zeros, 1.0),
        "filtering, the rude lines are thrown away": lambda logp: weighted(logp, ~rude, zeros, zeros, 1.0),
        "RWR, beta = 0.5": lambda logp: weighted(logp, everywhere, rewards, zeros, 0.5),
        "RWR, all rewards 1 higher": lambda logp: weighted(logp, everywhere, rewards + 1, zeros, 0.5),
        "RWR, beta = 1000": lambda logp: weighted(logp, everywhere, rewards, zeros, 1000.0),
        "AWR, V is what is told there on average": lambda logp: weighted(logp, everywhere, rewards, zeros - 0.4, 0.5),
        "unlikelihood, alpha = 0.01": lambda logp: np.where(rude, -0.01 * np.log(1 - np.exp(logp)), -logp).mean(),
        "conditional, told <|good|>": lambda logp: weighted(logp, ~rude, zeros, zeros, 1.0),
        "conditional, not told, every second token was left out": lambda logp: weighted(
            logp, everywhere, zeros, zeros, 1.0
        ),
    }[objective]
    choices = np.linspace(0.001, 0.999, 999)  # probabilities of the rude line
    best = choices[np.argmin([loss(np.where(rude, np.log(p), np.log(1 - p))) for p in choices])]
    if abs(best - 0.4) < 0.002:
        return "as often"
    return "never" if best < 0.002 else "less" if best < 0.4 else "more"


if __name__ == "__main__":
    for objective in OBJECTIVES:
        print(f"{objective:<56} you: {predict(objective):<9} it is: {try_out(objective)}")
