"""Lessons as notebooks: valid, with every cell of the script, and cells that run."""

import json

import pytest

from minillm.course.notebook import cells, to_notebook
from minillm.course.outline import outlines
from tests.course.conftest import LESSON

LESSONS = outlines()


def test_the_cells_of_a_small_lesson():
    title, words, code = cells(LESSON)
    assert title[0] == words[0] == "markdown" and title[1].startswith("# Lesson 01: Add two numbers")
    assert words[1] == "## A heading\nWords."
    assert code[0] == "code" and code[1].startswith("from minillm") and code[1].endswith("#> sum 4")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_valid_and_complete(lesson):
    nbformat = pytest.importorskip("nbformat")
    source = lesson.path.read_text(encoding="utf-8")
    notebook = nbformat.reads(to_notebook(source), as_version=4)
    nbformat.validate(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for line in source.splitlines():
        if line.startswith("#>"):
            assert line in code
    compile(code, lesson.path.name, "exec")


def test_the_code_cells_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ipykernel_launcher.py", "-f", "kernel.json"])  # as Jupyter starts Python
    names = {}
    for cell in json.loads(to_notebook(LESSON))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert capsys.readouterr().out == "sum 4\n" and names["lesson"].seed == 0
