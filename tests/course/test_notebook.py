"""Lessons as notebooks: valid, with every cell of the script, and cells that run."""

import json
import sys
import types

import pytest

from minillm.course.lesson import Lesson
from minillm.course.notebook import cells, to_notebook
from minillm.course.outline import outlines
from minillm.plots import line_chart
from tests.course.conftest import LESSON

LESSONS = outlines()


def test_the_cells_of_a_small_lesson():
    title, install, words, code = cells(LESSON)
    assert title[0] == words[0] == "markdown" and title[1].startswith("# Lesson 01: Add two numbers")
    assert install[0] == "code" and "pip install" in install[1]
    assert words[1] == "## A heading\nWords."
    assert code[0] == "code" and code[1].startswith("from minillm") and "sum" in code[1] and "#>" not in code[1]


def test_a_missing_minillm_is_told_with_the_command_that_installs_it(monkeypatch, capsys):
    _, (_, install), *_ = cells(LESSON)
    exec(install, {})
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(install, {})
    assert f"{sys.executable} -m pip install" in capsys.readouterr().out


def test_a_notebook_shows_the_figures_that_a_script_only_saves(monkeypatch, tmp_path, capsys):
    shown = []
    display = types.SimpleNamespace(Image=lambda path, alt: (path, alt), display=shown.append)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr("minillm.course.lesson._in_notebook", lambda: True)
    lesson = Lesson(1, ["--out", str(tmp_path)])
    lesson.save(line_chart({"a": [(0, 1), (1, 2)]}, xlabel="x", ylabel="y"), "curve", alt="A line.")
    assert shown == [(tmp_path / "01_curve.png", "A line.")] and capsys.readouterr().err == ""
    monkeypatch.undo()
    lesson.save(line_chart({"a": [(0, 1), (1, 2)]}, xlabel="x", ylabel="y"), "curve", alt="A line.")
    assert len(shown) == 1 and "01_curve.png" in capsys.readouterr().err


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_valid_and_complete(lesson):
    nbformat = pytest.importorskip("nbformat")
    source = lesson.path.read_text(encoding="utf-8")
    notebook = nbformat.reads(to_notebook(source), as_version=4)
    nbformat.validate(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for line in source.split("# %%", 1)[1].splitlines()[1:]:
        if line and not line.startswith("#"):
            assert line in code
    compile(code, lesson.path.name, "exec")


def test_the_code_cells_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ipykernel_launcher.py", "-f", "kernel.json"])  # as Jupyter starts Python
    names = {}
    for cell in json.loads(to_notebook(LESSON))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert capsys.readouterr().out == "sum 4\n" and names["lesson"].seed == 0
