"""What a lesson's exercise says would happen does happen."""

import numpy as np
import pytest

from minillm.course import outline
from minillm.course.desk import solution_of, stub_path
from minillm.course.exercises import load, read
from minillm.metrics import BLEU, measure


@pytest.mark.parametrize(("number", "cases"), [(13, "CHANGES"), (14, "CHANGES"), (17, "OBJECTIVES"), (18, "CHANGES")])
def test_each_case_comes_out_as_the_solution_predicts(number, cases):
    lesson = outline.find(number)
    solved = load(solution_of(lesson), f"ex{number}.py")
    cases = getattr(solved, cases)
    assert {case: solved.predict(case) for case in cases} == {case: solved.try_out(case) for case in cases}
    assert "def try_out" in read(stub_path(lesson))


def test_the_bleu_of_several_references_is_the_librarys():
    solved, rng = load(solution_of(outline.find(14)), "ex14.py"), np.random.default_rng(0)
    texts = [[[*rng.choice(list("abc"), rng.integers(6, 12))] for _ in range(4)] for _ in range(20)]
    candidates, references = [several[0] for several in texts], [several[1:] for several in texts]
    joined = [[" ".join(text) for text in several] for several in references]
    measured = measure(BLEU("none"), [" ".join(text) for text in candidates], joined)
    assert solved.corpus_bleu(candidates, references) == pytest.approx(measured.value)
