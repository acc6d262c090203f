"""A lesson as a page has all of the lesson, each piece once, and nothing of it is run."""

import ast
import re

import pytest

from minillm.course.chinese import prose_path
from minillm.course.desk import exercises_of
from minillm.course.outline import outlines, read_outline
from minillm.language import speaking
from minillm.site.lesson_page import READ_SO, lesson_page

LESSONS = outlines()
FENCED = re.compile(r"^( *)(`{3,})(.*?)\n(.*?)\n\1\2$", re.MULTILINE | re.DOTALL)


TRANSLATED = [lesson for lesson in LESSONS if prose_path(lesson).exists()]


@pytest.fixture(scope="module")
def pages():
    return {lesson.name: lesson_page(lesson) for lesson in LESSONS}


def fenced(page: str, kind: str) -> str:
    """What stands in fenced blocks of a kind, those of the solutions (they are indented) left out."""
    return "\n".join(text for blank, _, kinds, text in FENCED.findall(page) if kind in kinds and not blank)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_the_code_is_there_line_by_line_and_below_it_what_it_prints(lesson, pages):
    code, printed = [], []
    for part in lesson.path.read_text(encoding="utf-8").split("\n# %%")[1:]:
        marker, *lines = part.split("\n")
        if "[markdown]" not in marker:
            code += [line for line in lines if line and not line.startswith("#>")]
            printed += [line[2:].strip() for line in lines if line.startswith("#>")]
    body = pages[lesson.name].partition("\n### `")[0]
    assert [line for line in fenced(body, " python").split("\n") if line] == code
    assert [line.strip() for line in fenced(body, ".output").split("\n") if line.strip()] == printed


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_every_figure_stands_there_once_and_says_what_it_shows(lesson, pages):
    pictures = re.findall(r"!\[(.+)\]\(\.\./figures/(.+)\)", pages[lesson.name])
    frames = re.findall(r'<iframe src="\.\./figures/(.+?)" title=".+?"', pages[lesson.name])
    assert sorted([*(name for _, name in pictures), *frames]) == sorted(lesson.figures)
    assert all(len(alt) > 40 for alt, _ in pictures)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_every_exercise_has_its_task_hints_and_solution_to_unfold(lesson, pages):
    page = pages[lesson.name]
    exercises = exercises_of(lesson)
    assert re.findall(r"^### `(\w+)`", page, re.MULTILINE) == [exercise.name for exercise in exercises]
    assert page.count('??? tip "Hint') == sum(len(exercise.hints) for exercise in exercises)
    assert page.count('??? success "Solution"') == len(exercises)
    for _, _, kind, text in FENCED.findall(page.partition("\n### `")[2]):
        if kind == " python" and "def " in text.split("\n")[0]:
            ast.parse(re.sub("^    ", "", text, flags=re.MULTILINE) if text.startswith("    ") else f"{text} ...")


def test_a_lesson_is_read_and_never_run(tmp_path):
    path = tmp_path / "05_boom.py"
    path.write_text(
        '"""Lesson 05: Boom\n\nQuestion   Does x_i run?\nRun        python lessons/05_boom.py\n"""\n\n'
        '# %%\nraise SystemExit("it runs")\nopen("05_was_here", "w")\n#> it runs\nprint("```")\n#> ```\n',
        encoding="utf-8",
    )
    page = lesson_page(read_outline(path))
    assert "Question\n:   Does x<sub>i</sub> run?" in page and "Run\n:   `python lessons/05_boom.py`" in page
    assert 'raise SystemExit("it runs")' in page and not (tmp_path / "05_was_here").exists()
    assert '```` python\nprint("```")\n````\n\n```` { .text .output }\n```\n````' in page


@pytest.mark.parametrize("lesson", TRANSLATED, ids=lambda lesson: lesson.name)
def test_in_chinese_the_code_and_the_figures_are_the_same_and_the_words_are_chinese(lesson, pages):
    with speaking("zh"):
        page = lesson_page(lesson)
    here, there = page.partition("\n### `")[0], pages[lesson.name].partition("\n### `")[0]
    assert fenced(here, " python") == fenced(there, " python") and fenced(here, ".output") == fenced(there, ".output")
    assert page.count("../figures/") == pages[lesson.name].count("../figures/")
    assert all(f'src="../figures/zh/{name}"' in page for name in lesson.figures if name.endswith(".html"))
    assert READ_SO not in page and "On a page of its own" not in page
    assert page.count('??? tip "提示') == pages[lesson.name].count('??? tip "Hint') > 0
    assert page.count('??? success "答案"') == len(exercises_of(lesson))
