"""Exercises of lesson 21: what it picked up.

Write what is missing, then: python -m minillm check 21
"""

import numpy as np


def exposure(logp: np.ndarray, code: int) -> float:
    """How many bits of a secret are known: the log-probabilities of all R codes that it could be, (R,), and the number of the true one.

        exposure = log2 R - log2 rank

    The likeliest code has rank 1. Of the other codes that are exactly as likely as the true one, half count as likelier: a model that
    says the same of all knows nothing. For example logp [-1, -3, -2, -4] and code 2 have rank 2: log2 4 - log2 2 = 1. And logp
    [-1, -1, -1] and code 0 have rank 2: log2 3 - log2 2 = 0.58.

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")


def equalise(a: np.ndarray, b: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make a pair of words, such as grandmother and grandfather, differ along a direction g and in nothing else.

    a, b and g (D,), each of length one -> the new vectors of both words, (D,) each:

    - what is not along g is the same in both: that of the mean of a and b;
    - both have length one, and lie equally far on the two sides of 0 along g;
    - the one that lay further along g still does.

    Any word that g was taken out of is then as near to the one as to the other. For example a [0.6, 0.8], b [-0.8, 0.6] and g [1, 0]
    give [0.71, 0.7] and [-0.71, 0.7].

    Difficulty 4/5, about 25 minutes. Not in the lesson: Bolukbasi et al. 2016 have it, but think first. How long is what both share, and
    what does that leave for g?
    """
    raise NotImplementedError("not written yet")


CHANGES = (
    "nothing changes, temperature 1",
    "temperature 1/2",
    "temperature 2",
    "greedy",
    "every story is told twice",
    "every story that says she is told twice",
    "doubled: each story once more with the other pronoun",
    "all pronouns are exchanged, nothing is doubled",
    "reweighed: trade and pronoun are independent, she and he are alike often in the town",
    "deduplicated: no two stories are the same",
    "deduplicated: the 80 are eight texts, ten times each, the 20 all differ",
)


def predict(change: str) -> str:
    """Predict, then run: of a hundred stories about a trade 80 say she. How often does the model say it, after a change of CHANGES?

    The model can say any share, and is trained to the end. At temperature 1, without a change, it says she in 80 of a hundred.
        "always"    in every case
        "more"      more often than the text
        "as often"  in 80 of a hundred
        "less"      less often, and in more than half of the cases
        "half"      in half of the cases
        "turned"    in less than half of the cases
    Write down all eleven before you run anything. Then run this file: it counts.

    Difficulty 2/5, about 10 minutes.
    """
    raise NotImplementedError("not written yet")


def try_out(change: str) -> str:
    """What really happens: one of the six answers."""
    she = np.arange(100) < 80  # a hundred stories
    text = np.arange(100)  # which text each has
    weights, temperature = np.ones(100), 1.0
    if change.startswith("temperature"):
        temperature = {"1/2": 0.5, "2": 2.0}[change.split()[1]]
    elif change == "greedy":
        temperature = 0.01
    elif change == "every story is told twice":
        weights = 2 * weights
    elif change == "every story that says she is told twice":
        weights = np.where(she, 2.0, 1.0)
    elif change.startswith("doubled"):
        she, weights = np.append(she, ~she), np.ones(200)
    elif change.startswith("all pronouns"):
        she = ~she
    elif change.startswith("reweighed"):
        weights = 0.5 / np.where(she, she.mean(), (~she).mean())
    elif change.startswith("deduplicated"):
        text = np.where(she & ("eight" in change), text % 8, text)
        weights = np.isin(np.arange(100), np.unique(text, return_index=True)[1]).astype(float)
    p = np.array([weights[~she].sum(), weights[she].sum()]) / weights.sum()
    p = p ** (1 / temperature) / (p ** (1 / temperature)).sum()
    for answer, low, high in (
        ("turned", 0, 0.49),
        ("half", 0.49, 0.51),
        ("less", 0.51, 0.79),
        ("as often", 0.79, 0.81),
    ):
        if low <= p[1] < high:
            return answer
    return "more" if p[1] < 0.999 else "always"


if __name__ == "__main__":
    for change in CHANGES:
        print(f"{change:<86} you: {predict(change):<9} it is: {try_out(change)}")
