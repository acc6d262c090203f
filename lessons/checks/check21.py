"""Checks of lesson 21."""

import numpy as np

from minillm.course import Exercise, Mistake


def unit(rng: np.random.Generator, size: int) -> np.ndarray:
    """A vector of length one."""
    vector = rng.standard_normal(size)
    return vector / np.linalg.norm(vector)


def pair(rng: np.random.Generator, size: int, side: int) -> tuple:
    """Arguments of equalise: two words that have much in common; the first lies further along g if `side` is 1, and less far if -1."""
    g, common = unit(rng, size), 2 * unit(rng, size)
    a, b = (common + unit(rng, size) + shift * side * g for shift in (0.8, -0.3))
    return a / np.linalg.norm(a), b / np.linalg.norm(b), g


def codes(rng: np.random.Generator, count: int) -> tuple:
    """Arguments of exposure: log-probabilities, some of which are equal, and a code that is neither the first nor the last by rank."""
    logp = np.log(rng.dirichlet(np.ones(count)))
    order = np.argsort(-logp)
    code = int(order[count // 3])
    logp[order[[0, 1]]] = logp[order[0]] + 0.5
    logp[order[[count // 3 + 1, count // 3 + 2]]] = logp[code]
    return logp, code


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

LIKELIER, ALIKE = "likelier = (logp > logp[code]).sum()", "alike = (logp == logp[code]).sum() - 1"
RANK, BITS = "rank = 1 + likelier + alike / 2", "return np.log2(len(logp)) - np.log2(rank)"
MEAN, SHARED = "mean = (a + b) / 2", "shared = mean - (mean @ g) * g"
ALONG = "along = np.sqrt(1 - shared @ shared) * np.sign((a - b) @ g)"
BOTH = "return shared + along * g, shared - along * g"

EXERCISES = [
    Exercise(
        "exposure",
        lambda rng: [(np.array([-1.0, -3, -2, -4]), 2), codes(rng, 12), codes(rng, 30), (np.full(6, -1.5), 3)],
        [
            "Count the codes with a higher log-probability than logp[code]. How many are exactly as likely, the code itself left out?",
            "The rank is 1, and one more for each likelier code, and a half more for each that is as likely.",
            "return np.log2(len(logp)) - np.log2(1 + likelier + alike / 2)",
        ],
        [
            Mistake(
                BITS,
                "return np.log(len(logp)) - np.log(rank)",
                "You have nats: exposure is in bits, so it takes np.log2.",
            ),
            Mistake(
                BITS,
                "return np.log2(rank) - np.log2(len(logp))",
                "The sign is turned round: log2 R comes first, and the rank is taken off.",
            ),
            Mistake(
                BITS,
                "return -np.log2(rank)",
                "log2 R is missing: what is known is counted from R codes down to the rank.",
            ),
            Mistake(BITS, "return len(logp) - rank", "You counted codes. Bits are logarithms: log2 R - log2 rank."),
            Mistake(
                BITS, "return np.log2(len(logp) - rank)", "log2 of a difference: it is the difference of two log2."
            ),
            Mistake(
                BITS,
                "return np.log2(len(logp)) / np.log2(rank + 1e-300)",
                "You divided the logarithms: log2 R - log2 rank is a difference.",
            ),
            Mistake(
                RANK,
                "rank = likelier + alike / 2 + 1e-300",
                "Ranks begin with 1: the likeliest code has rank 1, and log2 1 = 0.",
            ),
            Mistake(
                RANK,
                "rank = 1 + likelier",
                "Codes that are exactly as likely don't count in your rank: half of them do.",
            ),
            Mistake(
                RANK,
                "rank = 1 + likelier + alike // 2",
                "Of an odd number you took the half without its remainder: a rank may be 2.5. It is alike / 2.",
            ),
            Mistake(
                RANK,
                "rank = 1 + likelier + alike",
                "All codes that are exactly as likely count in your rank: only half of them do.",
            ),
            Mistake(
                ALIKE,
                "alike = (logp == logp[code]).sum()",
                "The true code counts as one that is as likely as itself: leave it out.",
            ),
            Mistake(
                LIKELIER,
                "likelier = (logp < logp[code]).sum()",
                "You counted the less likely codes: rank 1 is the likeliest.",
            ),
            Mistake(
                BITS,
                "return -logp[code] / np.log(2)",
                "That is the surprise of the code, -log2 p. A model that finds all codes unlikely may still find this one the likeliest: take its rank.",
            ),
            Mistake(
                BITS,
                "return np.log2(len(logp)) + logp[code] / np.log(2)",
                "You compared p of the code with 1 / R. Exposure asks for its rank among all codes.",
            ),
            Mistake(
                BITS,
                "return np.log2(len(logp)) - np.log2(1 + np.argsort(-logp)[code])",
                "np.argsort(-logp) says which code is at each rank, and not which rank each code has. Count instead.",
            ),
        ],
    ),
    Exercise(
        "equalise",
        lambda rng: [
            (np.array([0.6, 0.8]), np.array([-0.8, 0.6]), np.array([1.0, 0])),
            pair(rng, 5, 1),
            pair(rng, 4, -1),
            (np.array([0.6, 0.8]), np.array([0.8, 0.6]), np.array([1.0, 0])),  # both on one side of 0 along g
        ],
        [
            "Take g out of the mean of a and b, as the lesson takes it out of a word: both new vectors have that in common.",
            "Common part and g are at right angles, so their squared lengths add up: |shared|² + along² = 1.",
            "Which of the two lies further along g? The sign of (a - b) @ g tells.",
            "along = np.sqrt(1 - shared @ shared) * np.sign((a - b) @ g), and then shared + along * g, shared - along * g",
        ],
        [
            Mistake(
                SHARED,
                "shared = mean",
                "g is still in what both share: take it out of the mean, or the two don't lie equally far on both sides.",
            ),
            Mistake(
                SHARED, "shared = mean - mean @ g", "mean @ g is a number: what is taken off is that number times g."
            ),
            Mistake(SHARED, "shared = mean + (mean @ g) * g", "You put g in twice: it is taken off the mean."),
            Mistake(
                SHARED,
                "shared = (mean @ g) * g",
                "You kept what is along g, and dropped what both share: it is the other way round.",
            ),
            Mistake(MEAN, "mean = a + b", "The mean is half of the sum."),
            Mistake(MEAN, "mean = a", "What both share is that of their mean, and not of a alone."),
            Mistake(
                ALONG,
                "along = (1 - shared @ shared) * np.sign((a - b) @ g)",
                "The square root is missing: |shared|² + along² = 1.",
            ),
            Mistake(
                ALONG,
                "along = (1 - np.sqrt(shared @ shared)) * np.sign((a - b) @ g)",
                "Lengths at right angles don't add up, their squares do: along = √(1 - |shared|²).",
            ),
            Mistake(
                ALONG,
                "along = np.sqrt(1 - mean @ mean) * np.sign((a - b) @ g)",
                "What is left for g is 1 - |shared|²: without what the mean had along g.",
            ),
            Mistake(
                ALONG,
                "along = np.sqrt(1 - shared @ shared)",
                "The one that lay further along g must still do so: you gave that place to a in any case.",
            ),
            Mistake(
                ALONG,
                "along = np.sqrt(1 - shared @ shared) * np.sign(a @ g)",
                "You looked at the side of 0 on which a lies. Both may lie on the same: which of the two lies further, (a - b) @ g tells.",
            ),
            Mistake(
                ALONG,
                "along = -np.sqrt(1 - shared @ shared) * np.sign((a - b) @ g)",
                "The two have changed sides along g.",
            ),
            Mistake(
                ALONG,
                "along = (a - b) @ g / 2",
                "You kept how far apart they lay along g. Both are to have length one.",
            ),
            Mistake(
                ALONG,
                "along = 0.0",
                "Both are the same now: g is taken out of words that should be neutral, while a pair keeps its difference along g.",
            ),
            Mistake(
                ALONG,
                "along = np.sign((a - b) @ g)",
                "Along g they are 1 from the middle, and so longer than one altogether.",
            ),
            Mistake(
                BOTH,
                "return shared + along * g, b",
                "Only the first has changed: the two must have the same part that is not along g.",
            ),
            Mistake(
                BOTH,
                "return tuple(v / np.linalg.norm(v) for v in (shared + (a - b) @ g / 2 * g, shared - (a - b) @ g / 2 * g))",
                "You brought both to length one by scaling them, and that changed what they share. Only what is along g may give way.",
            ),
        ],
        outputs=("the new a", "the new b"),
    ),
    Exercise(
        "predict",
        lambda rng: [(change,) for change in CHANGES],
        [
            "Write the share as a fraction: 80 / (80 + 20). What does the change make of each of the three numbers?",
            "Temperature: 0.8^(1/τ) against 0.2^(1/τ), brought to a sum of one.",
            "Deduplicated: how many stories of each kind are left?",
        ],
        [
            Mistake(
                '"nothing changes, temperature 1": "as often"',
                '"nothing changes, temperature 1": "more"',
                "Nothing changes: the loss is lowest where the model says what the text says. It amplifies nothing at temperature 1.",
            ),
            Mistake(
                '"temperature 1/2": "more"',
                '"temperature 1/2": "less"',
                "Temperature 1/2: 0.64 against 0.04, which is 94 %.",
            ),
            Mistake(
                '"temperature 2": "less"',
                '"temperature 2": "half"',
                "Temperature 2: √0.8 against √0.2, 0.89 against 0.45, which is 67 %.",
            ),
            Mistake('"greedy": "always"', '"greedy": "more"', "Greedy: the likelier word is taken every time."),
            Mistake(
                '"every story is told twice": "as often"',
                '"every story is told twice": "more"',
                "Every story twice: 160 of 200 are 80 of 100.",
            ),
            Mistake(
                '"every story that says she is told twice": "more"',
                '"every story that says she is told twice": "as often"',
                "Every story that says she twice: 160 of 180, which is 89 %.",
            ),
            Mistake(
                '"doubled: each story once more with the other pronoun": "half"',
                '"doubled: each story once more with the other pronoun": "less"',
                "Doubled: 80 + 20 stories say she, and 20 + 80 say he.",
            ),
            Mistake(
                '"all pronouns are exchanged, nothing is doubled": "turned"',
                '"all pronouns are exchanged, nothing is doubled": "half"',
                "All pronouns exchanged: 20 of a hundred say she now. It takes both versions to come to a half.",
            ),
            Mistake(
                'alike often in the town": "half"',
                'alike often in the town": "less"',
                "Reweighed: 80 stories of 0.5 / 0.8 and 20 of 0.5 / 0.2 weigh 50 each.",
            ),
            Mistake(
                '"deduplicated: no two stories are the same": "as often"',
                '"deduplicated: no two stories are the same": "half"',
                "Deduplicated, no two the same: nothing is left out.",
            ),
            Mistake(
                'the 20 all differ": "turned"',
                'the 20 all differ": "as often"',
                "Deduplicated, eight texts: 8 stories that say she are left beside 20, which is 29 %. What is repeated may be so for a reason.",
            ),
        ],
    ),
]
