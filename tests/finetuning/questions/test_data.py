"""From questions to batches: the characters of an answer become tokens, in every window that has all of them."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.finetuning import Questions
from minillm.finetuning.questions.data import QuestionData, QuestionRows, tokenize_questions
from minillm.text import BPETokenizer, CharTokenizer, Tokenizer
from minillm.text.special_tokens import CLS, MASK, PAD, SEP
from tests.generation.test_answering import TOKENIZER
from tests.questions import questions, tokenizer

PASSAGE = "The owl, a (b) the owl abcd."
BYTES = BPETokenizer([], (PAD, MASK, CLS, SEP))


def asked(answer: str, start: int | None = None, passage: str = PASSAGE) -> Questions:
    return Questions(["1"], ["q"], [passage], [[answer]], [[start]])


def pointed_at(rows: QuestionRows, known: Tokenizer = TOKENIZER) -> list[str]:
    """What the tokens of each window's answer say."""
    return [known.decode(ids[first : last + 1]) for ids, (first, last) in zip(rows.ids, rows.spans, strict=True)]


@pytest.mark.parametrize(
    ("answer", "start", "tokens", "first"),
    [
        ("owl", 4, "owl", 4),
        ("owl", 19, "owl", 11),
        ("owl", None, "owl", 4),
        ("(b)", None, "(b)", 7),
        ("b", 12, "b", 8),
        ("b", 24, "abcd", 12),
        ("wl ab", None, "owl abcd", 11),
        ("abcd.", None, "abcd.", 12),
    ],
)
def test_an_answer_takes_the_words_that_it_has_a_part_of(answer, start, tokens, first):
    rows = tokenize_questions(asked(answer, start), TOKENIZER, 60)
    assert pointed_at(rows)[0].replace(" ", "") == tokens.replace(" ", "") and rows.spans[0, 0] == first


def test_bytes_of_a_word_are_its_tokens_with_the_space_before_it():
    rows = tokenize_questions(asked("é, Ω", passage="An é, Ωω!"), BYTES, 60)
    assert pointed_at(rows, BYTES) == [" é, Ωω"]


def test_a_window_without_the_whole_answer_points_at_cls():
    rows = tokenize_questions(asked("g h", passage="a b c d e f g h i j k l"), TOKENIZER, 10)
    windows = [TOKENIZER.decode(ids, special=False) for ids in rows.ids]
    assert windows == ["q a b c d e f", "q d e f g h i", "q g h i j k l"]
    assert pointed_at(rows) == ["[CLS]", "g h", "g h"] and rows.longest() == 10
    assert list(rows.described()) == ["1 of 3 windows do not hold the answer, and point at [CLS]"]
    cut = tokenize_questions(asked("f g h", passage="a b c d e f g h i j k l"), TOKENIZER, 10)
    assert pointed_at(cut) == ["[CLS]", "f g h", "[CLS]"], "the last one begins in the middle of the answer"


def test_a_question_without_an_answer_points_at_cls():
    assert pointed_at(tokenize_questions(asked(""), TOKENIZER, 60)) == ["[CLS]"]


def test_the_first_of_several_answers_is_learned():
    several = asked("owl")._replace(answers=[["abcd", "owl"]], starts=[[None, None]])
    assert pointed_at(tokenize_questions(several, TOKENIZER, 60)) == ["abcd"]


def test_an_answer_that_the_tokenizer_cannot_see_is_left_out_and_told():
    knows = CharTokenizer.train("the owl", (PAD, MASK, CLS, SEP))
    both = Questions(["x", "y"], ["q"] * 2, ["the猫 owl"] * 2, [["猫"], ["owl"]], [[3], [None]])
    rows = tokenize_questions(both, knows, 60)
    assert pointed_at(rows, knows) == [" owl"] and rows.lost == ["x"]
    assert list(rows.described()) == ["1 question left out, since the answer has no token; the first is 'x'"]
    with pytest.raises(InputError, match="No question can be learned from"):
        tokenize_questions(both.chosen([0]), knows, 60)


@pytest.mark.parametrize(
    ("answer", "start", "wrong"),
    [
        ("cat", 0, "The answer 'cat' to question '1' is not in its paragraph."),
        ("the owl", 4, "does not begin at character 4 of its paragraph, but at 15."),
        ("owl", -3, "does not begin at character -3 of its paragraph, but at 4."),
        ("owl", 99, "does not begin at character 99"),
    ],
)
def test_an_answer_must_stand_where_its_start_says(answer, start, wrong):
    with pytest.raises(InputError) as caught:
        tokenize_questions(asked(answer, start), TOKENIZER, 60)
    assert wrong in caught.value.wrong and "\n" not in str(caught.value.wrong)


def test_every_window_is_drawn_whole_with_its_own_answer():
    known, some = tokenizer(), questions(20)
    some.passages[:] = [passage + " went" * (number % 5) for number, passage in enumerate(some.passages)]
    rows = tokenize_questions(some, known, 24)
    data, rng, seen, padded = QuestionData(rows, rows, 0), np.random.default_rng(0), set(), False
    whole = {tuple(ids): span.tolist() for ids, span in zip(rows.ids, rows.spans, strict=True)}
    for _ in range(100):
        for ids, real, types, span in zip(*data.batch(rng, 4), strict=True):
            assert whole[tuple(ids[real])] == span.tolist() and not types[~real].any()
            assert known.role("sep_token") in ids[types == 1] and (types[1 : span[0]] == 0).any()
            seen.add(tuple(ids[real]))
            padded |= not real.all()
    assert len(seen) == len(whole) and padded


def test_validation_is_every_held_out_window_once_the_shortest_first():
    rows = tokenize_questions(questions(9), tokenizer(), 24)
    batches = list(QuestionData(rows, rows, 0).validation_batches(4))
    lengths = [int(real.sum()) for batch in batches for real in batch.mask]
    assert lengths == sorted(map(len, rows.ids)) and len(batches) == 7
