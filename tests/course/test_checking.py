"""Checking, running and listing lessons from a program: values, no words."""

import numpy as np
import pytest

from minillm.course.checking import check_lesson, to_draw
from minillm.course.desk import Desk, exercises_of
from minillm.course.diagnosis import Verdict
from minillm.course.exercises import solution_text
from minillm.course.notebook import write_notebook
from minillm.course.outline import find
from minillm.course.running import run_lesson
from minillm.errors import InputError
from tests.course.conftest import SOLUTION


@pytest.fixture
def desk(course, tmp_path) -> Desk:
    return Desk(tmp_path / "desk")


def test_the_verdicts_of_a_lesson_are_values_and_what_is_solved_is_noted(desk):
    first = check_lesson(find(1), desk)
    assert first.new and first.path.exists() and [each.name for each in first.left] == ["scaled", "pairs"]
    first.path.write_text(SOLUTION.replace("x * factor", "x + factor"), encoding="utf-8")
    reported = []
    second = check_lesson(find(1), desk, report=reported.append)
    assert reported == second.verdicts
    assert not second.new and [each.name for each in second.left] == ["scaled"]
    assert [(each.passed, each.message) for each in second.verdicts] == [(False, "You added the factor."), (True, "")]
    assert desk.done() == {"01": ["pairs"]}
    first.path.write_text(SOLUTION.replace("words[1:]", "words"), encoding="utf-8")
    check_lesson(find(1), desk)
    assert desk.done() == {"01": ["scaled"]}, "what breaks again is not solved any more"


def test_what_is_drawn_is_the_first_output_that_is_wrong():
    one, two, three = np.zeros((2, 3)), np.ones((2, 3)), np.full((2, 2, 3), 2)
    verdict = Verdict("f", False, "", yours=(one, one, 1.0), target=(one, two, 1.0))
    assert [array.tolist() for array in to_draw(verdict)] == [two.tolist(), one.tolist()]
    assert to_draw(Verdict("f", True, "", yours=3, target=4)) == (None, None)
    assert to_draw(Verdict("f", True, "", yours=three, target=three))[0].shape == (2, 3)


def test_the_progress_in_a_lesson_is_what_was_run_and_solved(desk):
    desk.note("01", ["run", "pairs"])
    (lesson,) = desk.progress()
    assert (lesson.outline.number, lesson.ran, lesson.solved, lesson.exercises) == (1, True, 1, 2)


def test_the_solution_of_one_exercise_is_its_function_without_the_markers():
    assert solution_text(SOLUTION, "scaled").splitlines()[-1].strip() == "return x * factor"
    assert "# solution" not in solution_text(SOLUTION) and "def pairs" in solution_text(SOLUTION)


def test_a_lesson_runs_by_itself_with_the_options_of_its_script(course, tmp_path, capfd):
    find(1).path.write_text("import sys\nprint(sys.argv[1:])\nraise SystemExit(4)\n", encoding="utf-8")
    assert run_lesson(find(1), quick=True, seed=3, out=tmp_path, folder=tmp_path) == 4
    given = ["--quick", "--seed", "3", "--out", str(tmp_path), "--folder", str(tmp_path)]
    assert capfd.readouterr().out == f"{given}\n"


def test_a_notebook_replaces_no_file(course, tmp_path):
    path = write_notebook(find(1), tmp_path / "mine.ipynb")
    assert path.exists()
    with pytest.raises(InputError, match="may hold your own work"):
        write_notebook(find(1), path)


def test_a_hint_is_asked_for_by_its_number(course):
    scaled = exercises_of(find(1))[0]
    assert scaled.hint(1) == "First think." and scaled.hint(2) == "x * factor"
    for number in (0, 3):
        with pytest.raises(InputError, match=f"no hint {number} for scaled"):
            scaled.hint(number)


def test_the_first_lesson_with_an_exercise_left(desk):
    assert desk.first_unsolved() == find(1)
    desk.note("01", ["scaled", "pairs"])
    with pytest.raises(InputError, match="Every exercise of every lesson is solved"):
        desk.first_unsolved()
