"""Questions in SQuAD's form are read, and what is none is told with its place."""

import json
from pathlib import Path

import pytest

from minillm.errors import InputError
from minillm.finetuning.questions import read_questions

XQUAD = Path(__file__).parents[3] / "shared" / "data" / "xquad.en.json"


def asked(number: int = 1, **changes) -> dict:
    return {"id": f"q{number}", "question": "Who?", "answers": [{"text": "Ann", "answer_start": 0}]} | changes


def written(folder: Path, value: object) -> Path:
    path = folder / "questions.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def file_of(*qas: dict) -> dict:
    return {"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": "Ann ran.", "qas": list(qas)}]}]}


def test_all_questions_with_all_their_answers(tmp_path):
    two = asked(2, answers=[{"text": "ran"}, {"text": "Ann ran"}])
    found = read_questions(written(tmp_path, file_of(asked(), two)))
    assert found == (
        ["q1", "q2"],
        ["Who?", "Who?"],
        ["Ann ran."] * 2,
        [["Ann"], ["ran", "Ann ran"]],
        [[0], [None, None]],
    )
    assert not found.may_be_missing


def test_a_question_without_an_answer_is_answered_with_nothing(tmp_path):
    found = read_questions(written(tmp_path, file_of(asked(), asked(2, answers=[], is_impossible=True))))
    assert found.answers == [["Ann"], [""]] and found.may_be_missing


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ('{"data": [\n{"paragraphs": [}]}', "it is not JSON .line 2, column 17"),
        ("[" * 100_000, "it is nested too deeply"),
        ({"data": {}}, 'the file has no list "data"'),
        ({"data": ["text"]}, 'an article has no list "paragraphs"'),
        ({"data": [{"paragraphs": [{"context": "x"}]}]}, 'a paragraph has no list "qas"'),
        (file_of(asked(), asked(2, question=None)), 'question 2 has no string "question"'),
        (file_of(asked(answers=None)), 'question 1 has no list "answers"'),
        (file_of(asked(answers=["Ann"])), 'an answer to question 1 has no string "text"'),
        (file_of(asked(question=" \n")), "question 1 is empty"),
        (file_of(asked(answers=[{"text": "Ann", "answer_start": "0"}])), 'no whole number "answer_start"'),
        (file_of(asked(question="\ud800?")), "surrogate"),
        (file_of(asked(), asked()), "the id 'q1' is there twice"),
        (file_of(), "has no question"),
    ],
)
def test_what_is_none(tmp_path, value, wrong):
    with pytest.raises(InputError, match=wrong):
        read_questions(written(tmp_path, value))


@pytest.mark.skipif(not XQUAD.exists(), reason="XQuAD is not there")
def test_xquad():
    found = read_questions(XQUAD)
    assert len(found.ids) == 1190 and not found.may_be_missing
    assert all(
        answer in passage for answers, passage in zip(found.answers, found.passages, strict=True) for answer in answers
    )
