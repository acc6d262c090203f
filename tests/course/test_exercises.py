"""The checks of exercises: right, not written, each known mistake, and every other way to be wrong."""

import numpy as np
import pytest

from minillm.course import outline
from minillm.course.desk import exercises_of, solution_of, stub_path
from minillm.course.exercises import NOT_WRITTEN, Mistake, check, load, planted, same, stub

LESSONS = outline.outlines()


def verdicts(lesson, source: str) -> dict:
    theirs = load(source, f"ex{lesson.name}.py")
    return {exercise.name: check(exercise, theirs, solution_of(lesson)) for exercise in exercises_of(lesson)}


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
class TestLesson:
    """What holds for the exercises of every lesson."""

    def test_there_are_two_or_three_with_hints(self, lesson):
        exercises = exercises_of(lesson)
        assert 2 <= len(exercises) <= 3
        for exercise in exercises:
            assert len(exercise.hints) >= 2 and len(exercise.mistakes) >= 3, exercise.name

    def test_the_solution_passes_with_any_seed(self, lesson):
        theirs = load(solution_of(lesson), f"ex{lesson.name}.py")
        for exercise in exercises_of(lesson):
            for seed in range(3):
                assert check(exercise, theirs, solution_of(lesson), seed).passed

    def test_the_untouched_stub_is_not_written_yet(self, lesson):
        for verdict in verdicts(lesson, stub_path(lesson).read_text(encoding="utf-8")).values():
            assert not verdict.passed and verdict.message == NOT_WRITTEN

    def test_the_stub_is_made_from_the_solution(self, lesson):
        made = stub(solution_of(lesson))
        assert stub_path(lesson).read_text(encoding="utf-8") == made, "run: python -m minillm.course.stubs"
        assert made.count(NOT_WRITTEN) == len(exercises_of(lesson))

    def test_every_mistake_gets_its_own_diagnosis(self, lesson):
        for exercise in exercises_of(lesson):
            diagnoses = [mistake.diagnosis for mistake in exercise.mistakes]
            assert len(set(diagnoses)) == len(diagnoses), exercise.name
            for mistake in exercise.mistakes:
                found = verdicts(lesson, planted(solution_of(lesson), mistake))[exercise.name]
                assert not found.passed and found.message == mistake.diagnosis, exercise.name

    def test_a_mistake_spoils_no_exercise_before_it(self, lesson):
        for exercise in exercises_of(lesson):
            for mistake in exercise.mistakes:
                found = verdicts(lesson, planted(solution_of(lesson), mistake))
                assert next(name for name, verdict in found.items() if not verdict.passed) == exercise.name


def one(course, body: str):
    """The verdict on a `scaled` with this body."""
    lesson = outline.find(1)
    theirs = load(f"import numpy as np\ndef scaled(x, factor):\n    {body}\n", "ex01.py")
    return check(exercises_of(lesson)[0], theirs, solution_of(lesson))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return factor * x", ""),
        ("return x / factor", "You divided by the factor."),
        ("pass", "it returns None"),
        ("return (x * factor)[0]", "its shape is (3,), and should be (2, 3)"),
        ("return x * np.nan", "100% of it is NaN"),
        ("return x * factor + (np.arange(x.size).reshape(x.shape) == 2)", "at (0, 2), where it differs most"),
        ("return 1 / 0", "it raises ZeroDivisionError: division by zero (line 3: return 1 / 0)"),
        ("return 'seven'", "it returns str, and should return numbers"),
        ("x *= factor; return x", "it writes into what it was given"),
        ("raise NotImplementedError('later')", NOT_WRITTEN),
    ],
)
def test_what_is_said(course, body, message):
    verdict = one(course, body)
    assert verdict.passed == (message == "") and message in verdict.message


def test_a_missing_function_is_named(course):
    lesson = outline.find(1)
    verdict = check(exercises_of(lesson)[1], load("x = 1", "ex01.py"), solution_of(lesson))
    assert verdict.message == "there is no function pairs in the file"


def test_a_list_of_the_wrong_length_is_shown(course):
    lesson = outline.find(1)
    verdict = check(exercises_of(lesson)[1], load("def pairs(w): return w[:1]", "ex01.py"), solution_of(lesson))
    assert verdict.message == "yours ['a'], right [('a', 'b'), ('b', 'c')]"


def test_a_mistake_must_change_the_solution_in_one_place():
    with pytest.raises(ValueError, match="0 times"):
        planted("x = 1", Mistake("y", "z", ""))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (np.ones(3), np.ones(3) + 1e-9, True),
        (np.ones(3), np.ones(3) + 1e-3, False),
        (np.ones(3), np.ones((3, 1)), False),
        ([1, 2], (1, 2), True),
        ((np.ones(2), "a"), (np.ones(2), "b"), False),
        ({"a": 1.0}, {"a": 1.0}, True),
        ({"a": 1.0}, {"b": 1.0}, False),
        (np.array([np.nan, 1]), np.array([np.nan, 1]), True),
        (np.array([-np.inf, 1]), np.array([-np.inf, 1]), True),
        (True, 1.0, True),
        ("1", 1.0, False),
        (None, 1.0, False),
    ],
)
def test_same(one, other, equal):
    assert same(one, other) == equal
