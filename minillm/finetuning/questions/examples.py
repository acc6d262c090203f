"""Questions about passages: a file in the form of SQuAD, which XQuAD, MLQA and CMRC have as well."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.files import parse_json, reading
from minillm.finetuning.held_out import tenth_of
from minillm.text import name_of, read_text
from minillm.text.characters import check_text
from minillm.training.record import sha256_of
from minillm.visible import visible

FORM = (
    'SQuAD\'s: {"data": [{"paragraphs": [{"context": "...", '
    '"qas": [{"id": "...", "question": "...", "answers": [{"text": "...", "answer_start": 0}]}]}]}]}.'
)


class Questions(NamedTuple):
    """Questions, in the order of the file."""

    ids: list[str]
    questions: list[str]
    passages: list[str]
    answers: list[list[str]]  # all that count as right; an empty one for a question that the passage does not answer
    starts: list[list[int | None]]  # the character at which each begins in its passage; None where the file is silent

    @property
    def may_be_missing(self) -> bool:
        """Whether there are questions without an answer, as in SQuAD 2.0."""
        return any(answers == [""] for answers in self.answers)

    def chosen(self, numbers: Sequence[int] | np.ndarray) -> "Questions":
        return Questions(*([column[i] for i in numbers] for column in self))

    def places(self) -> list[tuple[int, int] | None]:
        """Where the first answer to each question begins and ends in its passage, or None if there is none.

        Without a start it is the first place that has it. InputError if it does not stand where the start says, or nowhere.
        """
        return [
            place_of(f"question {identity!r}", passage, answers[0], starts[0])
            for identity, passage, answers, starts in zip(
                self.ids, self.passages, self.answers, self.starts, strict=True
            )
        ]


class QuestionSplit(NamedTuple):
    """Questions to train on, and held-out ones."""

    training: Questions
    held_out: Questions

    def words(self) -> str:
        """A held-out question, to try a model on."""
        return visible(" ".join(self.held_out.questions[0].split()))

    def sha256(self) -> str:
        return sha256_of(json.dumps(self, ensure_ascii=False))


def place_of(question: str, passage: str, answer: str, start: int | None) -> tuple[int, int] | None:
    """Where an answer begins and ends in its passage. InputError unless it stands there."""
    if not answer:
        return None
    first = passage.find(answer)
    if first < 0:
        raise InputError(
            f"The answer {answer[:60]!r} to {question} is not in its paragraph.",
            "An answer to learn from is a piece of the paragraph, character by character.",
        )
    start = first if start is None else start
    if start < 0 or not passage.startswith(answer, start):
        raise InputError(
            f"The answer {answer[:60]!r} to {question} does not begin at character {start} of its paragraph, but at {first}.",
            "Correct its answer_start, which counts from 0, or leave it out: the first place is taken then.",
        )
    return start, start + len(answer)


def read_questions(path: str | Path) -> Questions:
    """The questions of a UTF-8 file of JSON; "-" is standard input. InputError, with the place, for one that is not in SQuAD's form."""
    found = Questions([], [], [], [], [])
    text, name = read_text(str(path)), name_of(path)
    with reading(name, "file of questions", f"The form is {FORM}"):
        for article in listed(parse_json(text), "data", "the file"):
            for passage in listed(article, "paragraphs", "an article"):
                for asked in listed(passage, "qas", "a paragraph"):
                    place = f"question {len(found.ids) + 1}"
                    answers = listed(asked, "answers", place)
                    texts = [string(answer, "text", f"an answer to {place}") for answer in answers]
                    starts = [start_of(answer, f"an answer to {place}") for answer in answers]
                    question = string(asked, "question", place)
                    if not question.strip():
                        raise ValueError(f"{place} is empty")
                    found.ids.append(string(asked, "id", place))
                    found.questions.append(question)
                    found.passages.append(string(passage, "context", f"the paragraph of {place}"))
                    found.answers.append(texts or [""])
                    found.starts.append(starts or [None])
        if twins := [each for each, times in Counter(found.ids).items() if times > 1]:
            raise ValueError(f"the id {twins[0]!r} is there twice")
    if not found.ids:
        raise InputError(f"{name} has no question.", f"The form is {FORM}")
    return found


def split_questions(questions: Questions, seed: int, path: str | Path) -> QuestionSplit:
    """The questions to train on, and those on a tenth of the passages, drawn at random from the seed. `path` is what messages call them.

    A passage is on one side only: else a model could know the answer to one question from another.
    """
    remedy = "Give more of them, or held-out questions of their own: `dev` FILE.json."
    held = tenth_of(questions.passages, seed, path, "paragraph", remedy)
    return QuestionSplit(questions.chosen(np.flatnonzero(~held)), questions.chosen(np.flatnonzero(held)))


def read_question_split(path: str | Path, dev: str | Path | None = None, seed: int = 0) -> QuestionSplit:
    """The questions of a file, with those of the file `dev` as held-out ones, or without it those on a tenth of its passages."""
    questions = read_questions(path)
    if dev is None:
        return split_questions(questions, seed, name_of(path))
    return QuestionSplit(questions, read_questions(dev))


def listed(value: object, name: str, where: str) -> list:
    """The list of this name in an object of the file."""
    if not isinstance(value, dict) or not isinstance(value.get(name), list):
        raise ValueError(f'{where} has no list "{name}"')
    return value[name]


def string(value: object, name: str, where: str) -> str:
    if not isinstance(value, dict) or not isinstance(value.get(name), str):
        raise ValueError(f'{where} has no string "{name}"')
    check_text(value[name])
    return value[name]


def start_of(answer: dict, where: str) -> int | None:
    start = answer.get("answer_start")
    if not (start is None or type(start) is int):
        raise ValueError(f'{where} has no whole number "answer_start"')
    return start
