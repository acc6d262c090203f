"""Answers to questions about passages of any length, as they stand there: a question answerer reads windows of a passage, and points."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minillm.models import QuestionAnswering, finite_on_host
from minillm.models.question_answering import best_spans
from minillm.objectives.rows import Rows, by_length
from minillm.text import Tokenizer, with_cls_and_sep
from minillm.text.basic import BasicTokenizer

QUESTION = 64  # tokens of a question that are read, as in BERT's run_squad.py
TOGETHER = 16  # windows

_basic = BasicTokenizer()


class Window(NamedTuple):
    """A question with a part of its passage, as the model reads them."""

    question: int  # its number
    ids: np.ndarray  # (T,)
    types: np.ndarray  # (T,), 1 in the passage
    places: np.ndarray  # (T, 2): where the word of a token begins and ends in the passage; -1 elsewhere


class Found(NamedTuple):
    """The best answer in the windows read so far."""

    score: float
    text: str


def find_answers(
    model: QuestionAnswering,
    tokenizer: Tokenizer,
    questions: Sequence[str],
    passages: Sequence[str],
    *,
    longest: int = 30,
    may_be_missing: bool = False,
) -> list[str]:
    """The answer to each question, whole words of its passage: of all spans of at most `longest` tokens the one with the highest
    start + end. Devlin et al. 2019, section 4.2.

    A passage that is longer than the context is read in windows that overlap by half. With `may_be_missing` the answer is empty where no
    span beats start + end at [CLS] in any window (section 4.3). A passage without a token has an empty answer.
    """
    windows = [
        window
        for number, texts in enumerate(zip(questions, passages, strict=True))
        for window in windows_of(number, *texts, tokenizer, model.config.body.context)
    ]
    found, missing = [Found(-np.inf, "")] * len(questions), np.full(len(questions), np.inf)
    for chosen in by_length([window.ids for window in windows], TOGETHER):
        read = [windows[i] for i in chosen]
        ids = Rows.joined([window.ids for window in read])
        mask, types = ids.real(), Rows.joined([window.types for window in read]).padded(0)
        scores, _ = model.forward(ids.padded(0), mask=mask, token_types=types)
        scores = finite_on_host(scores)
        places = Rows.joined([window.places[:, 0] for window in read]).padded(-1)
        for window, score, span, sum_ in zip(read, scores, *best_spans(scores, places >= 0, longest), strict=True):
            first, last = window.places[span]
            text = passages[window.question][first[0] : last[1]]
            found[window.question] = max(found[window.question], Found(float(sum_), text), key=lambda each: each.score)
            missing[window.question] = min(missing[window.question], score[:, 0].sum())
    return [
        "" if may_be_missing and none > best.score else best.text for best, none in zip(found, missing, strict=True)
    ]


def windows_of(number: int, question: str, passage: str, tokenizer: Tokenizer, context: int) -> Iterator[Window]:
    """[CLS] question [SEP] passage [SEP], as much of the passage as fits in, until all of it was there."""
    asked = tokenizer.encode(question)[: min(QUESTION, context // 2)]
    words = [(first, last, tokenizer.encode(passage[before:last])) for before, first, last in words_of(passage)]
    ids = np.concatenate([np.zeros(0, np.int64), *(word[2] for word in words)]).astype(np.int64)
    places = np.array([word[:2] for word in words for _ in word[2]]).reshape(-1, 2)
    room = context - len(asked) - 3
    start = 0
    while start < len(ids):
        part = slice(start, start + room)
        read, types = with_cls_and_sep(tokenizer, asked, ids[part])
        outside = np.full((len(read), 2), -1)
        outside[len(asked) + 2 : -1] = places[part]
        yield Window(number, read, types, outside)
        if start + room >= len(ids):
            return
        start += max(room // 2, 1)


def words_of(text: str) -> Iterator[tuple[int, int, int]]:
    """The words of a text as BERT cuts it: where the white space before each begins, its first character, and its last one + 1.

    So the words can be read one by one, with the same tokens as the whole text.
    """
    before, first = 0, None
    for place, character in enumerate(text):
        parts = parts_with(character)
        if parts > 1 and first is not None:
            yield before, first, place
            before, first = place, None
        if parts == 3:
            yield before, place, place + 1
            before = place + 1
        elif parts == 1 and first is None:
            first = place
    if first is not None:
        yield before, first, len(text)


@lru_cache(maxsize=2**16)
def parts_with(character: str) -> int:
    """Into how many words BERT cuts two letters with this character between them: 1 inside of a word, 2 at white space, 3 where the
    character is a word by itself, as punctuation marks and Chinese characters are.
    """
    return len(_basic.words(f"a{character}a"))
