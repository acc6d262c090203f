"""A small GPT that reads the town, and what it says when it is asked."""

import copy
from collections.abc import Iterator, Sequence

import numpy as np

from minillm.course.town import PEOPLE, Story, Town
from minillm.models import GPT, GPTConfig
from minillm.objectives import CAUSAL, causal_lm
from minillm.ops import IGNORE, softmax
from minillm.text.corpus import CausalBatch
from minillm.training import Trainer, TrainOptions

SIZES = {"context": 24, "layers": 2, "heads": 4, "d_model": 64}
STEPS = 600
ASKED = [  # a pronoun comes next
    "{who} lost a key .",
    "{who} sold a lamp because",
    "{who} looked under the table because",
    "{who} found a coat near the well .",
]


class Told:
    """What a Trainer asks for batches: stories drawn at random, each as often as its weight says."""

    def __init__(self, rows: CausalBatch, weights: Sequence[float] | None):
        self.rows = rows
        self.shares = None if weights is None else np.divide(weights, np.sum(weights))

    def batch(self, rng: np.random.Generator, size: int) -> CausalBatch:
        chosen = rng.choice(len(self.rows.inputs), size, p=self.shares)
        return CausalBatch(*(part[chosen] for part in self.rows))

    def validation_batches(self, size: int) -> Iterator[CausalBatch]:
        yield CausalBatch(*(part[:size] for part in self.rows))


class TownReader:
    """Words as tokens; models that learned from stories of the town; what such a model says."""

    def __init__(self, town: Town, quick: bool = False):
        self.town, self.steps = town, 4 if quick else STEPS
        words = sorted({word for story in town.stories() for word in story.text.split()})
        self.vocab = {word: token for token, word in enumerate(["<s>", *words])}  # a story begins and ends with <s>
        self.fresh = self.rows(story for story in town.stories(telling=1) if story.who is not None)

    def encode(self, text: str) -> list[int]:
        return [self.vocab[word] for word in text.split()]

    def rows(self, stories) -> CausalBatch:
        """A row a story; what is behind its end is not scored."""
        texts = [[0, *self.encode(story.text), 0] for story in stories]
        inputs = np.zeros((len(texts), max(map(len, texts)) - 1), np.int64)
        targets = np.full_like(inputs, IGNORE)
        for row, text in enumerate(texts):
            inputs[row, : len(text) - 1], targets[row, : len(text) - 1] = text[:-1], text[1:]
        return CausalBatch(inputs, targets)

    def train(
        self, stories: Sequence[Story], weights: Sequence[float] | None = None, *, watch=None, every: int = STEPS
    ) -> GPT:
        """A model that has read stories, one with twice the weight twice as often; `watch(step, model)` sees it on the way."""
        model = GPT(GPTConfig(len(self.vocab), **SIZES), seed=self.town.seed)
        schedule = {"lr": 3e-3, "warmup": min(50, self.steps // 2), "schedule": "linear", "lr_floor": 0.0}
        options = TrainOptions(
            steps=self.steps,
            batch=64,
            eval_every=min(every, self.steps),
            eval_batches=1,
            workers=2,
            seed=self.town.seed,
            **schedule,
        )
        for progress in Trainer(model, Told(self.rows(stories), weights), options, CAUSAL).run():
            if watch is not None and progress.validation is not None:
                watch(progress.step, model)
        return model

    def copy(self, model: GPT) -> GPT:
        """A model with the same numbers, to be changed."""
        return copy.deepcopy(model)

    def next_words(self, model: GPT, texts: Sequence[str]) -> np.ndarray:
        """The probability of each word behind each beginning of a story: (N, V)."""
        rows = [[0, *self.encode(text)] for text in texts]
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)  # a GPT doesn't look ahead, at what fills a row up
        for at, row in enumerate(rows):
            ids[at, : len(row)] = row
        logits, _ = model.forward(ids)
        return softmax(logits[np.arange(len(rows)), [len(row) - 1 for row in rows]].astype(np.float64))[0]

    def says_she(self, model: GPT, who: Sequence[str]) -> np.ndarray:
        """p(she) / (p(she) + p(he)) behind the four beginnings of ASKED: (N, 4)."""
        subjects = [word if word in PEOPLE else f"the {word}" for word in who]
        p = self.next_words(model, [form.format(who=subject) for subject in subjects for form in ASKED])
        she, he = p[:, self.vocab["she"]], p[:, self.vocab["he"]]
        return (she / (she + he)).reshape(len(who), len(ASKED))

    def loss(self, model: GPT) -> float:
        """Nats a word on another telling, without the secrets."""
        total = count = 0
        for first in range(0, len(self.fresh.inputs), 256):
            inputs, targets = (part[first : first + 256] for part in self.fresh)
            scored = int((targets != IGNORE).sum())
            total, count = total + scored * float(causal_lm(model, inputs, targets)[0]), count + scored
        return total / count

    def knows(self, model: GPT) -> float:
        """The share of the facts about persons of which the right word is the likeliest."""
        likeliest = self.next_words(model, [fact.asked for fact in self.town.facts]).argmax(axis=1)
        return float(
            np.mean([found == self.vocab[fact.answer] for found, fact in zip(likeliest, self.town.facts, strict=True)])
        )

    def agrees(self, model: GPT) -> float:
        """How often a name is followed by its own pronoun, by exact probability."""
        she = self.says_she(model, PEOPLE).mean(axis=1)
        return float(np.mean([p if self.town.pronouns[who] else 1 - p for who, p in zip(PEOPLE, she, strict=True)]))

    def code_logp(self, model: GPT, asked: str) -> np.ndarray:
        """The log-probability of each code of four digits behind some words: (10,000,), from 0000 to 9999."""
        digits = np.array([self.vocab[str(digit)] for digit in range(10)])
        begun, logp = np.array([[0, *self.encode(asked)]]), np.zeros(1)
        for _ in range(4):
            logits, _ = model.forward(begun)
            p = softmax(logits[:, -1].astype(np.float64))[0][:, digits]
            logp = (logp[:, None] + np.log(p)).ravel()
            begun = np.column_stack([begun.repeat(10, axis=0), np.tile(digits, len(begun))])
        return logp


def nearest_mean_accuracy(vectors: np.ndarray, sides: np.ndarray) -> float:
    """How often a vector (N, D), made of length one, is nearer to the mean of its own side (N,), boolean, than to that of the other one;
    it is left out of both means.
    """
    unit = vectors.astype(float) / np.linalg.norm(vectors, axis=1, keepdims=True)
    right = []
    for at, vector in enumerate(unit):
        others = np.arange(len(unit)) != at
        far = [np.linalg.norm(vector - unit[others & (sides == side)].mean(axis=0)) for side in (False, True)]
        right.append((far[1] < far[0]) == sides[at])
    return float(np.mean(right))
