"""What a lesson's exercise says would happen does happen."""

import pytest

from minillm.course import outline
from minillm.course.desk import solution_of, stub_path
from minillm.course.exercises import load, read


@pytest.mark.parametrize(("number", "cases"), [(13, "CHANGES"), (17, "OBJECTIVES"), (18, "CHANGES")])
def test_each_case_comes_out_as_the_solution_predicts(number, cases):
    lesson = outline.find(number)
    solved = load(solution_of(lesson), f"ex{number}.py")
    cases = getattr(solved, cases)
    assert {case: solved.predict(case) for case in cases} == {case: solved.try_out(case) for case in cases}
    assert "def try_out" in read(stub_path(lesson))
