"""From questions about passages to batches."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.finetuning.batches import LikeLengths
from minillm.finetuning.questions.examples import Questions, QuestionSplit
from minillm.generation.answering import tokens_of, windows_of
from minillm.objectives.rows import Rows, by_length
from minillm.text import Tokenizer
from minillm.units import count


class QuestionRows(NamedTuple):
    """Windows with a question and a part of its passage, and where the answer is in each.

    A span is the first and the last token of the answer, or 0, that is [CLS], twice where the window does not hold it.
    """

    ids: list[np.ndarray]  # (T,) of each, int32
    types: list[np.ndarray]  # (T,) of each, int32, 1 in the passage
    spans: np.ndarray  # (N, 2) int64
    lost: list[str]  # the ids of questions left out, since the answer has no token

    def longest(self) -> int:
        return max(map(len, self.ids))

    def described(self) -> Iterator[str]:
        """The windows without an answer, and what is left out, in words."""
        if away := int((self.spans[:, 0] == 0).sum()):
            yield f"{away:,} of {count(len(self.ids), 'window')} do not hold the answer, and point at [CLS]"
        if self.lost:
            yield f"{count(len(self.lost), 'question')} left out, since the answer has no token; the first is {self.lost[0]!r}"


def covering(places: np.ndarray, start: int, end: int) -> np.ndarray:
    """Which tokens have a part of the characters from start to end, by the places (T, 2) of their words."""
    return np.flatnonzero((places[:, 0] < end) & (places[:, 1] > start))


def tokenize_questions(questions: Questions, tokenizer: Tokenizer, context: int) -> QuestionRows:
    """Each question with its passage, in windows of at most `context` tokens that overlap by half. Of several answers the first counts.

    An answer takes the words that it has a part of. A window that has not all of them points at [CLS], as in BERT's run_squad.py, and so
    does a question without an answer. InputError if an answer does not stand in its passage, or if no window is left.
    """
    rows = QuestionRows([], [], np.zeros((0, 2), np.int64), [])
    spans = []
    for number, place in enumerate(questions.places()):
        passage = questions.passages[number]
        whole = 0 if place is None else len(covering(tokens_of(passage, tokenizer).places, *place))
        if place is not None and not whole:
            rows.lost.append(questions.ids[number])
            continue
        for window in windows_of(number, questions.questions[number], passage, tokenizer, context):
            inside = [] if place is None else covering(window.places, *place)
            rows.ids.append(window.ids)
            rows.types.append(window.types)
            spans.append((inside[0], inside[-1]) if whole and len(inside) == whole else (0, 0))
    if not spans:
        raise InputError(
            "No question can be learned from: the model's tokenizer knows nothing of the paragraphs.",
            "Use another model.",
        )
    return rows._replace(spans=np.array(spans, np.int64))


class QuestionParts(NamedTuple):
    """Windows to train on, and held-out ones."""

    training: QuestionRows
    held_out: QuestionRows

    def longest(self) -> int:
        return max(part.longest() for part in self)


def tokenize_question_split(split: QuestionSplit, tokenizer: Tokenizer, context: int) -> QuestionParts:
    return QuestionParts(*(tokenize_questions(part, tokenizer, context) for part in split))


class QuestionBatch(NamedTuple):
    """B windows, each with a question."""

    inputs: np.ndarray  # (B, T) int32
    mask: np.ndarray  # (B, T) boolean, True = real token
    token_types: np.ndarray  # (B, T) int32
    spans: np.ndarray  # (B, 2) int64


class QuestionData:
    """Batches for `question_answering`: windows drawn at random, those of a batch of a like length."""

    def __init__(self, training: QuestionRows, held_out: QuestionRows, pad: int):
        self.training, self.held_out, self.pad = training, held_out, pad
        self._drawn = LikeLengths([len(row) for row in training.ids])

    def batch(self, rng: np.random.Generator, size: int) -> QuestionBatch:
        return self._batch(self.training, self._drawn.draw(rng, size))

    def validation_batches(self, size: int) -> Iterator[QuestionBatch]:
        """All held-out windows, the shortest first."""
        for chosen in by_length(self.held_out.ids, size):
            yield self._batch(self.held_out, chosen)

    def _batch(self, rows: QuestionRows, chosen: np.ndarray) -> QuestionBatch:
        ids, types = (Rows.joined([side[i] for i in chosen]) for side in (rows.ids, rows.types))
        return QuestionBatch(ids.padded(self.pad), ids.real(), types.padded(0), rows.spans[chosen])
