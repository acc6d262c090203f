"""What lesson 13's exercise says would happen does happen."""

from minillm.course import outline
from minillm.course.desk import solution_of, stub_path
from minillm.course.exercises import load, read


def test_each_change_has_the_effect_that_the_solution_predicts():
    lesson = outline.find(13)
    solved = load(solution_of(lesson), "ex13.py")
    assert {change: solved.predict(change) for change in solved.CHANGES} == {
        change: solved.try_out(change) for change in solved.CHANGES
    }
    assert "def try_out" in read(stub_path(lesson))
