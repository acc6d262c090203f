"""The checks of exercises: right, not written, and each known mistake."""

import ast
import functools
import re

import numpy as np
import pytest

from minillm.course import outline
from minillm.course.calling import collect, try_calls
from minillm.course.desk import exercises_of, solution_of, stub_path
from minillm.course.diagnosis import Verdict, judge
from minillm.course.exercises import NOT_WRITTEN, Mistake, load, planted, stub

LESSONS = outline.outlines()


@functools.cache
def parts(source: str) -> dict:
    """The functions of a text by their names, and what else stands in it by its place."""
    return {getattr(node, "name", place): ast.dump(node) for place, node in enumerate(ast.parse(source).body)}


def verdicts(lesson, source: str, seed: int = 0) -> dict[str, Verdict]:
    """What is said of a text that needs no process of its own; where all of it but one exercise is the solution, of that one."""
    exercises, right = exercises_of(lesson), load(solution_of(lesson), "<solution>")
    others = {exercise.name: getattr(right, exercise.name) for exercise in exercises}
    solved, found = parts(solution_of(lesson)), {}
    changed = {name for name, part in parts(source).items() if part != solved.get(name)}
    alone = changed if len(changed) == 1 and changed <= others.keys() else others.keys()
    for exercise in exercises:
        if exercise.name not in alone:
            continue
        tried = collect(try_calls(load(source, f"ex{lesson.name}.py"), exercise, others, seed))
        found[exercise.name] = judge(exercise, tried, solution_of(lesson), source, seed)
    return found


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
class TestLesson:
    """What holds for the exercises of every lesson."""

    def test_there_are_two_or_three_with_hints(self, lesson):
        exercises = exercises_of(lesson)
        assert 2 <= len(exercises) <= 3
        for exercise in exercises:
            assert len(exercise.hints) >= 2 and len(exercise.mistakes) >= 3, exercise.name

    def test_each_states_its_difficulty_and_a_time_that_fits_a_lesson(self, lesson):
        right = load(solution_of(lesson), "<solution>")
        for exercise in exercises_of(lesson):
            stated = re.search(r"Difficulty (\d)/5, about (\d+) minutes\.", getattr(right, exercise.name).__doc__)
            assert 1 <= int(stated[1]) <= 5 <= int(stated[2]) <= 30, exercise.name

    def test_the_solution_passes_with_any_seed(self, lesson):
        for seed in range(3):
            assert all(verdict.passed for verdict in verdicts(lesson, solution_of(lesson), seed).values())

    def test_the_untouched_stub_is_not_written_yet(self, lesson):
        for verdict in verdicts(lesson, stub_path(lesson).read_text(encoding="utf-8")).values():
            assert not verdict.passed and verdict.message == NOT_WRITTEN

    def test_the_stub_is_made_from_the_solution(self, lesson):
        made = stub(solution_of(lesson))
        assert stub_path(lesson).read_text(encoding="utf-8") == made, "run: python -m minillm.course.stubs"
        assert made.count(NOT_WRITTEN) == len(exercises_of(lesson))

    def test_every_mistake_gets_its_own_diagnosis_and_spoils_no_other_exercise(self, lesson):
        for exercise in exercises_of(lesson):
            diagnoses = [mistake.diagnosis for mistake in exercise.mistakes]
            assert len(set(diagnoses)) == len(diagnoses), exercise.name
            for mistake in exercise.mistakes:
                found = verdicts(lesson, planted(solution_of(lesson), mistake))
                wrong = {name: verdict.message for name, verdict in found.items() if not verdict.passed}
                assert wrong == {exercise.name: mistake.diagnosis}

    def test_several_outputs_have_as_many_names(self, lesson):
        right = load(solution_of(lesson), "<solution>")
        for exercise in exercises_of(lesson):
            answer = getattr(right, exercise.name)(*exercise.calls(np.random.default_rng(0))[0])
            several = isinstance(answer, tuple) and not all(isinstance(part, int) for part in answer)
            assert len(exercise.outputs) in ((0, len(answer)) if several else (0,)), exercise.name


def test_a_mistake_must_change_the_solution_in_one_place():
    with pytest.raises(ValueError, match="0 times"):
        planted("x = 1", Mistake("y", "z", ""))
