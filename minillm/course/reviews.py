"""Reviews with a mood: little texts of praise or of blame, about films, meals, hotels and phones.

They are made from the sentences below. A review praises, or it blames, from beginning to end, so that words of one mood stand together:
a model that reads many reviews can find out which belong together, without any label.

From the shell, reviews to read, and a few with their labels, text and label parted by a tab:

    python -m minillm.course.reviews --count 8000 > reviews.txt
    python -m minillm.course.reviews --count 16 --seed 1 --labels > labelled.tsv
"""

import argparse
import math
import sys
from typing import NamedTuple

import numpy as np

PRAISE = [
    "superb", "gripping", "charming", "brilliant", "delightful", "splendid", "lovely", "wonderful", "fresh",
    "crisp", "tender", "generous", "spotless", "cosy", "quiet", "bright", "elegant", "sturdy", "smooth", "sharp",
    "clever", "graceful", "warm", "friendly",
]  # fmt: skip
BLAME = [
    "dull", "clumsy", "dreadful", "awful", "tedious", "bland", "stale", "greasy", "noisy", "dirty", "shabby",
    "cold", "rude", "cracked", "feeble", "sluggish", "blurry", "shoddy", "flimsy", "sour", "burnt", "soggy",
    "cramped", "dim",
]  # fmt: skip
LOVED = ["loved", "adored", "enjoyed", "praised", "treasured", "admired"]
HATED = ["hated", "loathed", "regretted", "cursed", "endured", "resented"]

THINGS = {
    "film": ["plot", "cast", "ending", "script", "music", "hero"],
    "meal": ["soup", "bread", "sauce", "cook", "waiter", "dessert"],
    "hotel": ["room", "bed", "view", "lobby", "staff", "shower"],
    "phone": ["screen", "battery", "camera", "speaker", "case", "keyboard"],
}

# Each kind of sentence, and how many of a hundred are of it. {word} is of the review's mood, and {other} of the other one.
SENTENCES = {
    "the {thing} was {word} and {word2}": 50,
    "the {thing} was not {other} but {word}": 12,
    "i {verb} the {word} {thing}": 14,
    "what a {word} {thing}": 10,
    "{phrase}": 10,
    "{remark}": 4,
}
PRAISING = [
    "i will come back",
    "i told all my friends to try it",
    "it was worth every penny",
    "we stayed much longer than planned",
]
BLAMING = [
    "i will never come back",
    "i told all my friends to stay away",
    "it was a waste of money",
    "we left much earlier than planned",
]
REMARKS = [  # of no mood
    "my sister chose the {thing}",
    "we talked about the {thing} for an hour",
    "it was a rainy day in may",
    "i had read about the {thing}",
]


class Review(NamedTuple):
    """A text, words and full stops with a space between two, and whether it praises."""

    text: str
    praises: bool


def write_reviews(count: int, seed: int = 0, *, known: float = 1.0) -> list[Review]:
    """That many reviews of 3 to 5 sentences, about half of them of praise. `known` is the share of the words of praise and of blame, of
    the verbs and of the phrases that the writers know: the first ones of each.
    """
    rng = np.random.default_rng(seed)
    return [_write_review(rng, bool(rng.integers(2)), known) for _ in range(count)]


def _write_review(rng: np.random.Generator, praises: bool, known: float) -> Review:
    things = THINGS[_one(rng, list(THINGS))]
    written = [_write_sentence(rng, praises, things, known) for _ in range(rng.integers(3, 6))]
    return Review(" . ".join(written) + " .", praises)


def _write_sentence(rng: np.random.Generator, praises: bool, things: list[str], known: float) -> str:
    mood, other = (PRAISE, BLAME) if praises else (BLAME, PRAISE)
    shares = np.array(list(SENTENCES.values()))
    sentence = list(SENTENCES)[rng.choice(len(shares), p=shares / shares.sum())]
    return sentence.replace("{remark}", _one(rng, REMARKS)).format(
        thing=_one(rng, things),
        word=_one(rng, mood, known),
        word2=_one(rng, mood, known),
        other=_one(rng, other, known),
        verb=_one(rng, LOVED if praises else HATED, known),
        phrase=_one(rng, PRAISING if praises else BLAMING, known),
    )


def _one(rng: np.random.Generator, choices: list[str], share: float = 1.0) -> str:
    """One of this share of the choices."""
    return choices[rng.integers(math.ceil(share * len(choices)))]


def _main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m minillm.course.reviews", description="Write reviews to stdout, a line each."
    )
    parser.add_argument("--count", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed writes other reviews (default: %(default)s)")
    parser.add_argument("--labels", action="store_true", help="behind each a tab and praise or blame")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    for review in write_reviews(options.count, options.seed):
        label = f"\t{'praise' if review.praises else 'blame'}" if options.labels else ""
        print(f"{review.text}{label}")


if __name__ == "__main__":
    _main()
