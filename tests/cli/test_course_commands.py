"""python -m minillm lesson and check, on a course of one small lesson."""

import json

import pytest

from minillm.cli import main
from minillm.course.outline import outlines
from tests.course.conftest import SOLUTION, course

__all__ = ["course"]


def call(capsys, *argv) -> tuple[int, str, str]:
    code = main([str(word) for word in argv])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_list(course, capsys):
    code, out, _ = call(capsys, "lesson")
    assert code == 0 and "01  Add two numbers" in out and "3 s   0 of 2 exercises" in out and "✓ 01" not in out


def test_a_run_is_ticked_and_a_quick_one_is_not(course, capfd):
    assert call(capfd, "lesson", "1", "--quick")[:2] == (0, "sum 4\n")
    assert "✓ 01" not in call(capfd, "lesson")[1]
    assert call(capfd, "lesson", "01")[:2] == (0, "sum 4\n")
    assert "✓ 01" in call(capfd, "lesson")[1]


def test_a_lesson_that_fails_is_said(course, capfd):
    (course / "01_add.py").write_text('"""Lesson 01: Add\n\nTime  1 s\n"""\nraise SystemExit(3)\n', encoding="utf-8")
    code, _, err = call(capfd, "lesson", "--all")
    assert code == 3 and "Lesson 01 ended with exit code 3." in err


def test_notebook(course, capsys):
    assert call(capsys, "lesson", "01", "--to", "ipynb")[:2] == (0, "01_add.ipynb\n")
    assert json.loads((course.parent / "01_add.ipynb").read_text(encoding="utf-8"))["nbformat"] == 4
    code, _, err = call(capsys, "lesson", "01", "--to", "ipynb")
    assert code == 2 and "your own work" in err
    folder = course.parent / "notebooks"
    folder.mkdir()
    assert call(capsys, "lesson", "01", "--to", "ipynb", "--out", folder)[:2] == (0, f"{folder / '01_add.ipynb'}\n")
    assert call(capsys, "lesson", "01", "--to", "ipynb", "--out", folder)[0] == 2


def test_check_from_stub_to_solution(course, capsys):
    mine = course.parent / "my_exercises" / "ex01.py"
    code, out, err = call(capsys, "check", "01")
    assert code == 1 and out.count("not written yet") == 2 and "0 of 2 exercises" in out and "is yours now" in err
    mine.write_text(
        mine.read_text(encoding="utf-8").replace(
            'raise NotImplementedError("not written yet")', "return x / factor", 1
        ),
        encoding="utf-8",
    )
    code, out, err = call(capsys, "check", "01")
    assert code == 1 and "✗ scaled: You divided by the factor." in out and "yours now" not in err
    mine.write_text(SOLUTION, encoding="utf-8")
    code, out, _ = call(capsys, "check", "01")
    assert code == 0 and "✓ scaled" in out and "2 of 2 exercises solved" in out
    assert "2 of 2 exercises" in call(capsys, "lesson")[1]
    code, _, err = call(capsys, "check", "--next")
    assert code == 2 and "Every exercise" in err


def test_what_breaks_again_is_not_solved_any_more(course, capsys):
    mine = course.parent / "my_exercises" / "ex01.py"
    mine.parent.mkdir()
    mine.write_text(SOLUTION, encoding="utf-8")
    call(capsys, "check", "01")
    mine.write_text(SOLUTION.replace("x * factor", "x"), encoding="utf-8")
    call(capsys, "check", "01")
    assert "1 of 2 exercises" in call(capsys, "lesson")[1]
    assert "lesson 01" in call(capsys, "check", "--next")[1]


def test_a_copy_is_never_overwritten(course, capsys):
    mine = course.parent / "my_exercises" / "ex01.py"
    mine.parent.mkdir()
    mine.write_text("# mine\n", encoding="utf-8")
    code, out, _ = call(capsys, "check", "01")
    assert code == 1 and mine.read_text(encoding="utf-8") == "# mine\n" and "no function scaled" in out


def test_hints(course, capsys):
    assert "hint 1 of 2 for scaled: First think." in call(capsys, "check", "01", "--hint")[1]
    assert "hint 2 of 2 for scaled: x * factor" in call(capsys, "check", "01", "--hint", "2")[1]
    code, _, err = call(capsys, "check", "01", "--hint", "3")
    assert code == 2 and "There is no hint 3 for scaled." in err


def test_a_hint_for_any_exercise_by_its_name_checks_nothing(course, capsys):
    assert call(capsys, "check", "--hint", "pairs")[:2] == (0, "\nhint 1 of 1 for pairs: zip\n")
    assert call(capsys, "check", "01", "--hint", "scaled", "2")[1] == "\nhint 2 of 2 for scaled: x * factor\n"
    assert not (course.parent / "my_exercises").exists()
    code, _, err = call(capsys, "check", "--hint", "pair")
    assert code == 2 and err == "There is no exercise 'pair'.\nDid you mean pairs?\n"
    (course / "02_again.py").write_text((course / "01_add.py").read_text(encoding="utf-8"), encoding="utf-8")
    (course / "checks" / "check02.py").write_bytes((course / "checks" / "check01.py").read_bytes())
    outlines.cache_clear()
    code, _, err = call(capsys, "check", "--hint", "pairs")
    assert code == 2 and err.splitlines()[0] == "pairs is in lessons 01 and 02."
    assert call(capsys, "check", "2", "--hint", "pairs")[0] == 0


def test_all_verdicts_for_a_teacher(course, capsys):
    folder = course.parent / "anna"
    code, out, _ = call(capsys, "check", "--all", "--json", "--folder", folder)
    assert code == 1 and {row["diagnosis"] for row in json.loads(out)} == {f"There is no {folder / 'ex01.py'}."}
    assert not folder.exists(), "a teacher's check puts nothing there"
    folder.mkdir()
    (folder / "ex01.py").write_text(SOLUTION.replace("x * factor", "x / factor"), encoding="utf-8")
    code, out, _ = call(capsys, "check", "--all", "--json", "--seed", "3", "--folder", folder)
    first, second = json.loads(out)
    assert code == 1 and 0 < first.pop("seconds") < 5
    assert first == {"lesson": "01", "exercise": "scaled", "passed": False, "diagnosis": "You divided by the factor."}
    assert second["passed"] and second["diagnosis"] == "" and list(folder.iterdir()) == [folder / "ex01.py"]
    assert json.loads(call(capsys, "check", "01", "--json", "--folder", folder)[1])[1]["passed"]
    code, out, err = call(capsys, "check", "--all", "--folder", folder)
    assert "✗ scaled: You divided by the factor." in out and err == "1 of 2 exercises solved\n"
    (folder / "ex01.py").write_text("def f(:\n", encoding="utf-8")
    rows = json.loads(call(capsys, "check", "--all", "--json", "--folder", folder)[1])
    assert [row["diagnosis"] for row in rows] == [f"{folder / 'ex01.py'} line 1: invalid syntax."] * 2


def test_what_a_student_prints_is_shown_and_cut(course, capsys):
    mine = course.parent / "my_exercises" / "ex01.py"
    mine.parent.mkdir()
    mine.write_text(SOLUTION.replace("    return x *", "    print('a\\n' * 30)\n    return x *"), encoding="utf-8")
    _, out, err = call(capsys, "check", "01")
    assert "✓ scaled" in out and err.count("    | a\n") == 10 and "(scaled printed more)" in err


def test_nothing_that_a_student_raises_controls_the_terminal(course, capsys):
    mine = course.parent / "my_exercises" / "ex01.py"
    mine.parent.mkdir()
    mine.write_text(
        SOLUTION.replace("    return x *", "    raise ValueError('\\x1b[2J')\n    return x *"), encoding="utf-8"
    )
    out = call(capsys, "check", "01")[1]
    assert "✗ scaled: it raises ValueError: U+001B[2J (line " in out


def test_solution_of_the_first_that_is_left(course, capsys):
    out = call(capsys, "check", "01", "--solution")[1]
    assert "return x * factor" in out and "zip" not in out and "# solution" not in out


def test_a_picture_of_the_users_own_is_not_drawn_over(course, capsys):
    mine = course.parent / "my_exercises"
    mine.mkdir()
    (mine / "ex01.py").write_text(SOLUTION.replace("x * factor", "x + factor"), encoding="utf-8")
    picture = mine / "01_scaled.png"
    picture.write_bytes(b"mine")
    code, _, err = call(capsys, "check", "01", "--figure")
    assert code == 2 and "01_scaled.png is there already" in err and "--folder" in err
    assert picture.read_bytes() == b"mine"


def test_figure(course, capsys):
    mine = course.parent / "my_exercises"
    mine.mkdir()
    (mine / "ex01.py").write_text(SOLUTION.replace("x * factor", "x + factor"), encoding="utf-8")
    _, _, err = call(capsys, "check", "01", "--figure")
    assert (mine / "01_scaled.png").stat().st_size > 2000 and "pairs: its answer is not an array" in err


@pytest.mark.parametrize(
    ("argv", "wrong"),
    [
        (["lesson", "44"], "There is no lesson 44."),
        (["check", "44"], "There is no lesson 44."),
        (["lesson", "--quick"], "Of which lesson?"),
        (["lesson", "1", "--to", "pdf"], "A lesson can't become 'pdf'."),
        (["lesson", "--all", "--to", "ipynb"], "One notebook holds one lesson."),
        (
            ["lesson", "1", "--to", "ipynb", "--folder", "mine"],
            "A notebook is written and not run: --quick, --seed and --folder have no meaning for it.",
        ),
        (["lesson", "1", "--install", "x"], "--install is for a notebook."),
        (["lesson", "1", "--all"], "--all runs all lessons."),
        (["check", "1", "--next"], "--next finds the lesson itself."),
        (["check", "1", "--all"], "--all checks all lessons."),
        (["check", "--all", "--hint"], "--all checks all lessons."),
        (["check", "1", "--json", "--figure"], "--json prints the verdicts alone."),
        (["check", "1", "--seed", "-1"], "--seed -1 is negative."),
        (["check", "--hint", "2", "01"], "--hint 2 01 is not understood."),
    ],
)
def test_bad_input(course, capsys, argv, wrong):
    code, _, err = call(capsys, *argv)
    assert code == 2 and err.splitlines()[0] == wrong and len(err.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("def f(:\n", "my_exercises/ex01.py line 1"),
        ("import nothing_like_it\n", "my_exercises/ex01.py line 1: ModuleNotFoundError"),
        (
            "x = 1\nraise SystemExit\n",
            "my_exercises/ex01.py: what stands outside of the functions ends Python (line 2: raise SystemExit)",
        ),
        ("(" * 1000, "my_exercises/ex01.py line 1: too many nested parentheses."),
        ("x = '\0'", "my_exercises/ex01.py"),
        (b"\xff\xfe\x00", "my_exercises/ex01.py is not UTF-8 text."),
    ],
)
def test_a_file_that_python_cannot_read(course, capsys, text, wrong):
    mine = course.parent / "my_exercises" / "ex01.py"
    mine.parent.mkdir()
    mine.write_bytes(text if isinstance(text, bytes) else text.encode())
    code, _, err = call(capsys, "check", "01")
    assert code == 2 and err.replace("\\", "/").startswith(wrong) and len(err.splitlines()) == 2


@pytest.mark.parametrize("note", ["[1", '{"01": [1]}', '{"01": [["run"]]}'])
def test_a_damaged_note_of_what_is_done(course, capsys, note):
    desk = course.parent / "my_exercises"
    desk.mkdir()
    (desk / "done.json").write_text(note, encoding="utf-8")
    code, _, err = call(capsys, "lesson")
    assert code == 2 and "done.json is damaged." in err
