"""Questions about passages: a file in the form of SQuAD, which XQuAD, MLQA and CMRC have as well."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from minillm.errors import InputError
from minillm.files import parse_json, reading
from minillm.text import name_of, read_text

FORM = (
    'SQuAD\'s: {"data": [{"paragraphs": [{"context": "...", '
    '"qas": [{"id": "...", "question": "...", "answers": [{"text": "..."}]}]}]}]}.'
)


class Questions(NamedTuple):
    """Questions, in the order of the file."""

    ids: list[str]
    questions: list[str]
    passages: list[str]
    answers: list[list[str]]  # all that count as right; an empty one for a question that the passage does not answer

    @property
    def may_be_missing(self) -> bool:
        """Whether there are questions without an answer, as in SQuAD 2.0."""
        return any(answers == [""] for answers in self.answers)


def read_questions(path: str | Path) -> Questions:
    """The questions of a UTF-8 file of JSON; "-" is standard input. InputError, with the place, for one that is not in SQuAD's form."""
    found = Questions([], [], [], [])
    text, name = read_text(str(path)), name_of(path)
    with reading(name, "file of questions", f"The form is {FORM}"):
        for article in listed(parse_json(text), "data", "the file"):
            for passage in listed(article, "paragraphs", "an article"):
                for asked in listed(passage, "qas", "a paragraph"):
                    place = f"question {len(found.ids) + 1}"
                    answers = [
                        string(answer, "text", f"an answer to {place}") for answer in listed(asked, "answers", place)
                    ]
                    found.ids.append(string(asked, "id", place))
                    found.questions.append(string(asked, "question", place))
                    found.passages.append(string(passage, "context", f"the paragraph of {place}"))
                    found.answers.append(answers or [""])
        if twins := [each for each, times in Counter(found.ids).items() if times > 1]:
            raise ValueError(f"the id {twins[0]!r} is there twice")
    if not found.ids:
        raise InputError(f"{name} has no question.", f"The form is {FORM}")
    return found


def listed(value: object, name: str, where: str) -> list:
    """The list of this name in an object of the file."""
    if not isinstance(value, dict) or not isinstance(value.get(name), list):
        raise ValueError(f'{where} has no list "{name}"')
    return value[name]


def string(value: object, name: str, where: str) -> str:
    if not isinstance(value, dict) or not isinstance(value.get(name), str):
        raise ValueError(f'{where} has no string "{name}"')
    return value[name]
