"""A course of one small lesson, in a folder of its own."""

import pytest

from minillm.course import outline

LESSON = '''"""Lesson 01: Add two numbers

Question   What is two and two?
Time       3 s on 2 cores
Figures    01_sum.png, 01_sum.html
"""
# %% [markdown]
# ## A heading
# Words.

# %%
from minillm.course import Lesson

lesson = Lesson(1)
print("sum", 2 + 2)
#> sum 4
'''

SOLUTION = '''"""Exercises of lesson 01."""

import numpy as np


def scaled(x: np.ndarray, factor: float) -> np.ndarray:
    """x times factor."""
    # solution
    return x * factor
    # end


def pairs(words: list[str]) -> list[tuple[str, str]]:
    """Each word with the next."""
    # solution
    return list(zip(words, words[1:]))
    # end
'''

CHECKS = """
from minillm.course import Exercise, Mistake

EXERCISES = [
    Exercise(
        "scaled",
        lambda rng: [(rng.standard_normal((2, 3)), 2.5), (rng.standard_normal(4), -1.0)],
        ["First think.", "x * factor"],
        [
            Mistake("x * factor", "x / factor", "You divided by the factor."),
            Mistake("x * factor", "x + factor", "You added the factor."),
        ],
    ),
    Exercise("pairs", lambda rng: [(["a", "b", "c"],)], ["zip"], [Mistake("words[1:]", "words", "Each word beside itself.")]),
]
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The folder lessons/ of that course; a student's desk would be in the current folder, which is its parent."""
    folder = tmp_path / "lessons"
    for name, text in {
        "01_add.py": LESSON,
        "solutions/ex01.py": SOLUTION,
        "checks/check01.py": CHECKS,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(outline, "FOLDER", folder)
    monkeypatch.chdir(tmp_path)
    outline.outlines.cache_clear()
    (folder / "exercises").mkdir()
    from minillm.course.desk import stub_path
    from minillm.course.exercises import stub

    stub_path(outline.find(1)).write_text(stub(SOLUTION), encoding="utf-8")
    yield folder
    outline.outlines.cache_clear()
