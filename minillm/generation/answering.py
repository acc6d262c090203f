"""Answers to questions about passages of any length, as they stand there: a question answerer reads windows of a passage, and points."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.models import Model, QuestionAnswering, finite_on_host
from minillm.models.question_answering import best_spans
from minillm.objectives.rows import Rows, by_length
from minillm.ops import log_softmax, mask_scores
from minillm.text import Tokenizer, with_cls_and_sep
from minillm.text.basic import BasicTokenizer
from minillm.text.characters import check_text

QUESTION = 64  # tokens of a question that are read, as in BERT's run_squad.py
TOGETHER = 16  # windows
SHORTEST = 7  # tokens of a context in which there is room for a passage beside a long question

_basic = BasicTokenizer()


class AnswerSpan(NamedTuple):
    """An answer, and where it stands: `text` is passage[start:end]. It is empty where there is none, and start and end are 0 then."""

    text: str
    start: int
    end: int
    # Of its first token times that of its last, each among all tokens of its window; where there is no answer, of [CLS] twice.
    probability: float


class PassageTokens(NamedTuple):
    """The tokens of a passage, and of which word each is a part."""

    ids: np.ndarray  # (T,)
    places: np.ndarray  # (T, 2): where the word of a token begins and ends in the passage


class Window(NamedTuple):
    """A question with a part of its passage, as the model reads them."""

    question: int  # its number
    ids: np.ndarray  # (T,)
    types: np.ndarray  # (T,), 1 in the passage
    places: np.ndarray  # (T, 2): where the word of a token begins and ends in the passage; -1 elsewhere


def check_answers(model: Model, tokenizer: Tokenizer) -> None:
    """InputError unless the model points at answers, and can read a question and a passage together."""
    if not isinstance(model, QuestionAnswering):
        raise InputError(
            f"This is {model.config.name}, which does not answer questions.",
            "Use a question answerer: python -m minillm finetune --task answer makes one from questions with their answers.",
        )
    check_reads(model.config.body.context, tokenizer)


def check_reads(context: int, tokenizer: Tokenizer) -> None:
    """InputError unless a question and a passage fit into one text of so many tokens."""
    if None in (tokenizer.role("cls_token"), tokenizer.role("sep_token")):
        raise InputError(
            "The model's tokenizer has no [CLS] and [SEP], which stand around a question and a passage.",
            "Use a model that was pretrained with `objective` masked, or a BERT.",
        )
    if context < SHORTEST:
        raise InputError(
            f"The model reads {context} tokens at once, too few for a question and a passage.",
            "Pretrain one of a longer `context`.",
        )


def answer(
    model: QuestionAnswering, tokenizer: Tokenizer, question: str, passage: str, *, longest: int = 30
) -> AnswerSpan:
    """The answer to a question about a passage of any length, in whole words of the passage, or none.

    Of all spans of at most `longest` tokens it is the one with the highest start + end; there is none where [CLS] has a higher one in every
    window of the passage (Devlin et al. 2019, sections 4.2 and 4.3). A model that has seen questions without an answer can tell that.
    """
    check_answers(model, tokenizer)
    if longest < 1:
        raise InputError(f"`longest` must be at least 1, got {longest}.", "It is a number of tokens; 30 is usual.")
    for what, text in (("question", question), ("passage", passage)):
        check_text(text)
        if not text.strip():
            raise InputError(f"The {what} is empty.", f"Give a {what}.")
    (found,) = answer_spans(model, tokenizer, [question], [passage], longest=longest, may_be_missing=True)
    return found


def find_answers(
    model: QuestionAnswering, tokenizer: Tokenizer, questions: Sequence[str], passages: Sequence[str], **settings
) -> list[str]:
    """The texts of `answer_spans`, which says more; its `settings`."""
    return [found.text for found in answer_spans(model, tokenizer, questions, passages, **settings)]


def answer_spans(
    model: QuestionAnswering,
    tokenizer: Tokenizer,
    questions: Sequence[str],
    passages: Sequence[str],
    *,
    longest: int = 30,
    may_be_missing: bool = False,
) -> list[AnswerSpan]:
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
    # For each question: start + end, and the answer. The best span of all windows, and the window where [CLS] fits least.
    none = AnswerSpan("", 0, 0, 1.0)
    best, missing = [(-np.inf, none)] * len(questions), [(np.inf, none)] * len(questions)
    for chosen in by_length([window.ids for window in windows], TOGETHER):
        read = [windows[i] for i in chosen]
        ids = Rows.joined([window.ids for window in read])
        mask, types = ids.real(), Rows.joined([window.types for window in read]).padded(0)
        scores, _ = model.forward(ids.padded(0), mask=mask, token_types=types)
        scores = finite_on_host(scores)
        logp = log_softmax(mask_scores(scores, mask[:, None]))
        places = Rows.joined([window.places[:, 0] for window in read]).padded(-1)
        spans, sums = best_spans(scores, places >= 0, longest)
        for window, score, log_p, span, sum_ in zip(read, scores, logp, spans, sums, strict=True):
            start, end = int(window.places[span[0], 0]), int(window.places[span[1], 1])
            text = passages[window.question][start:end]
            found = AnswerSpan(text, start, end, float(np.exp(log_p[[0, 1], span].sum())))
            best[window.question] = max(best[window.question], (float(sum_), found), key=lambda each: each[0])
            absent = none._replace(probability=float(np.exp(log_p[:, 0].sum())))
            least = missing[window.question], (float(score[:, 0].sum()), absent)
            missing[window.question] = min(least, key=lambda each: each[0])
    return [
        absent[1] if may_be_missing and absent[0] > found[0] else found[1]
        for found, absent in zip(best, missing, strict=True)
    ]


def windows_of(number: int, question: str, passage: str, tokenizer: Tokenizer, context: int) -> Iterator[Window]:
    """[CLS] question [SEP] passage [SEP], as much of the passage as fits in, until all of it was there."""
    asked = tokenizer.encode(tokenizer.readable(question))[: min(QUESTION, context // 2)]
    ids, places = tokens_of(passage, tokenizer)
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


@lru_cache(maxsize=1)
def tokens_of(passage: str, tokenizer: Tokenizer) -> PassageTokens:
    """Word by word. The questions on a passage follow each other, so the last one is kept."""
    words = [
        (first, last, tokenizer.encode(tokenizer.readable(passage[before:last])))
        for before, first, last in words_of(passage)
    ]
    ids = np.concatenate([np.zeros(0, np.int64), *(word[2] for word in words)]).astype(np.int64)
    return PassageTokens(ids, np.array([word[:2] for word in words for _ in word[2]], np.int64).reshape(-1, 2))


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
