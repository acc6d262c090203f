"""Exercises of lesson 14: translate.

Write what is missing, then: python -m minillm check 14
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np


def beam_step(
    totals: np.ndarray, ended: np.ndarray, logp: np.ndarray, beams: int, end: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One step of a beam search in which a text that has ended stays among the others.

    totals (K,): the log-probability of each of K beginnings; ended (K,), boolean: which of them are finished; logp (K, V): the
    log-probabilities of the token that comes next -> rows, tokens, totals, (beams,) each: the best texts after this step, best first. Each
    is written on from the beginning rows[i], by tokens[i].
    A beginning that has ended is written on with `end` alone, which costs nothing: it keeps its total, whatever its logp says.
    For example totals [-1, -2], ended [False, True], logp [[-2, -0.5], [-0.1, -3]], beams 2 and end 0 give rows [0, 1], tokens [1, 0]
    and totals [-1.5, -2].
    There are at least `beams` texts to choose from, and no two have the same total.

    Difficulty 3/5, about 15 minutes.
    """
    # solution
    logp = np.where(ended[:, None], -np.inf, logp)
    logp[ended, end] = 0
    sums = totals[:, None] + logp
    best = np.argsort(-sums, axis=None)[:beams]
    rows, tokens = np.divmod(best, sums.shape[1])
    return rows, tokens, sums[rows, tokens]
    # end


def ngrams(tokens: Sequence[str], n: int) -> Counter:
    """How often each n-gram stands in a text: Counter({("the", "cat"): 1, ...})."""
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def corpus_bleu(candidates: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]) -> float:
    """BLEU, from 0 to 100, of several texts that have one reference each or several.

    candidates: for each text its tokens; references: for each text a list of references, each of them tokens.
    As in the lesson: n-grams for n = 1 to 4, all counts added up over the texts before anything is divided, the geometric mean of the four
    shares, the brevity penalty exp(1 - r/c) where c < r; 0 if for some n no n-gram is found. And with several references:

    - an n-gram of a candidate counts at most as often as it stands in that one of its references in which it stands most often;
    - r adds up, for each text, the length of the reference that is nearest to the candidate's, and of two as near the shorter one.

    Difficulty 4/5, about 25 minutes. Several references are not in the lesson.
    """
    # solution
    found, written = np.zeros(4), np.zeros(4)
    length, target = 0, 0
    for candidate, several in zip(candidates, references, strict=True):
        length += len(candidate)
        target += min(map(len, several), key=lambda size: (abs(size - len(candidate)), size))
        for n in range(1, 5):
            counts, most = ngrams(candidate, n), Counter()
            for reference in several:
                most |= ngrams(reference, n)
            found[n - 1] += (counts & most).total()
            written[n - 1] += counts.total()
    if not found.all():
        return 0.0
    brevity = min(1.0, math.exp(1 - target / length))
    return float(100 * brevity * np.exp(np.log(found / written).mean()))
    # end


REFERENCE = "the nurse bought three new umbrellas at home last night ."
CHANGES = {  # what a system writes in place of the reference
    "three becomes four": "the nurse bought four new umbrellas at home last night .",
    "the time in front": "last night the nurse bought three new umbrellas at home .",
    "other words": "yesterday evening a nurse got herself three brand-new umbrellas at her place .",
    "turned round": ". night last home at umbrellas new three bought nurse the",
    "half of it": "the nurse bought three new",
    "said twice": f"{REFERENCE} {REFERENCE}",
    "every second word": "the bought new at last .",
    "only the first three words": "the nurse bought",
}


def predict(change: str) -> str:
    """Predict, then run: what BLEU does a single sentence get, by `corpus_bleu`, with REFERENCE as its one reference?

    The changes are those in CHANGES, which says what is written in each case. The answer is one of
        "0"         exactly 0
        "below 50"  more than 0, less than 50
        "above 50"  from 50 up
    Write down all of them before you run anything. Then run this file: it asks your `corpus_bleu`.

    Difficulty 2/5, about 10 minutes. Not in the lesson.
    """
    # solution
    return {
        "three becomes four": "above 50",
        "the time in front": "above 50",
        "other words": "0",
        "turned round": "0",
        "half of it": "below 50",
        "said twice": "below 50",
        "every second word": "0",
        "only the first three words": "0",
    }[change]
    # end


def try_out(change: str) -> str:
    """What really happens: one of the three answers."""
    score = corpus_bleu([CHANGES[change].split()], [[REFERENCE.split()]])
    return "0" if score == 0 else "below 50" if score < 50 else "above 50"


if __name__ == "__main__":
    for change in CHANGES:
        print(f"{change:<27} you: {predict(change):<9} it is: {try_out(change)}")
