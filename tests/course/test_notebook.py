"""Lessons as notebooks: valid, with every cell of the script, and cells that run."""

import json
import re
import sys
import types

import pytest

from minillm.course.lesson import Lesson
from minillm.course.notebook import cells, to_notebook, typeset
from minillm.course.outline import outlines
from minillm.plots import line_chart
from tests.course.conftest import LESSON

LESSONS = outlines()


def test_the_cells_of_a_small_lesson():
    title, words, code = cells(LESSON)
    assert title[0] == words[0] == "markdown" and title[1].startswith("# Lesson 01: Add two numbers")
    assert words[1] == "## A heading\nWords."
    assert code[0] == "code" and code[1].startswith("from minillm") and "#> sum 4" in code[1]


def test_a_missing_minillm_is_told_with_the_command_that_installs_it(monkeypatch, capsys):
    install = "".join(json.loads(to_notebook(LESSON))["cells"][1]["source"])
    exec(install, {})
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(install, {})
    assert f"{sys.executable} -m pip install" in capsys.readouterr().out


def test_a_notebook_for_a_new_machine_has_pip_install_what_was_named(monkeypatch):
    install = "".join(json.loads(to_notebook(LESSON, install="git+https://x.org/'y'"))["cells"][1]["source"])
    called = []
    monkeypatch.setattr("subprocess.run", lambda command, check: called.append((command, check)))
    exec(install, {})
    assert called == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(install, {})
    assert called == [([sys.executable, "-m", "pip", "install", "--quiet", "git+https://x.org/'y'"], True)]


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
    assert "#>" not in code
    compile(code, lesson.path.name, "exec")


def words_of(text: str) -> str:
    """A text without blanks, line breaks, and what typesetting puts in or takes away."""
    for mark, plain in {"```": "", "<sub>": "_", "</sub>": "", "<sup>": "^", "</sup>": "", "{": "", "}": ""}.items():
        text = text.replace(mark, plain)
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_no_text_is_lost_and_each_formula_of_its_own_line_keeps_its_columns(lesson):
    source = lesson.path.read_text(encoding="utf-8")
    prose = "\n\n".join(text for kind, text in cells(source)[1:] if kind == "markdown")
    comments = [
        line[1:].removeprefix(" ")
        for part in source.split("\n# %%")[1:]
        if part.startswith(" [markdown]")
        for line in part.splitlines()[1:]
    ]
    assert words_of(prose) == words_of("\n".join(comments))
    fenced = [
        line
        for block in re.findall(r"^ *```\n(.*?)\n *```$", prose, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]
    assert [line for line in fenced if line] == [line[4:] for line in comments if line.startswith("    ")]


@pytest.mark.parametrize(
    ("text", "typeset_text"),
    [
        ("W = W_q W_kᵀ, and x_cat.", "W = W<sub>q</sub> W<sub>k</sub>ᵀ, and x<sub>cat</sub>."),
        ("h_i = Σ_j α_ij x_j", "h<sub>i</sub> = Σ<sub>j</sub> α<sub>ij</sub> x<sub>j</sub>"),
        ("k · p_{n-1}), dx_t", "k · p<sub>n-1</sub>), dx<sub>t</sub>"),
        ("e^x_v, e^-0.2, u^(n-1)", "e<sup>x<sub>v</sub></sup>, e<sup>-0.2</sup>, u<sup>(n-1)</sup>"),
        ("e^((R - V)/β)", "e<sup>((R - V)/β)</sup>"),
        ("`x_i` and `a\nb_c` are code", "`x_i` and `a\nb_c` are code"),
        ("top_k_of, train_on, x_i_j, a_b(), __init__, 2 ^ 3", "top_k_of, train_on, x_i_j, a_b(), __init__, 2 ^ 3"),
        ("As:\n\n    y = x_i\n\n      + b\n\nSo", "As:\n\n```\ny = x_i\n\n  + b\n```\n\nSo"),
        ("- As:\n\n      y = b\n\n  So", "- As:\n\n  ```\n  y = b\n  ```\n\n  So"),
        ("- one\n    and the same", "- one\n    and the same"),
        ("```\na\n\n    x_i\n```\nx_i", "```\na\n\n    x_i\n```\nx<sub>i</sub>"),
        ("`` `x_i` `` and `y_i`", "`` `x_i` `` and `y_i`"),
    ],
)
def test_formulas_are_typeset_and_names_are_not(text, typeset_text):
    assert typeset(text) == typeset_text


def test_the_code_cells_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ipykernel_launcher.py", "-f", "kernel.json"])  # as Jupyter starts Python
    names = {}
    for cell in json.loads(to_notebook(LESSON))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert capsys.readouterr().out == "sum 4\n" and names["lesson"].seed == 0
