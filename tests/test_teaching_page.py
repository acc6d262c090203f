"""The page for teachers: its minutes are about those of the lessons, and its script runs on the folders of a class."""

import re
from pathlib import Path

import pytest

from minillm.course.desk import stub_path
from minillm.course.outline import find, outlines

PAGE = (Path(__file__).parents[1] / "docs" / "teaching.md").read_text(encoding="utf-8")
ROWS = {
    int(number): (int(read or 0), int(exercises or 0))
    for number, read, exercises in re.findall(
        r"^\| (\d\d) (?:[^|]*\|){2}(?: (\d+) min)? \|(?: (\d+) min)? \|$", PAGE, re.MULTILINE
    )
}
WRITTEN = [number for number, (read, _) in ROWS.items() if read]
PIECES = re.findall(r"^### (\d\d) ([^\n]+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)


def test_every_number_has_its_row():
    assert sorted(ROWS) == list(range(23))


@pytest.mark.parametrize("number", WRITTEN)
def test_the_minutes_are_about_those_of_its_text_and_of_its_stubs(number):
    outline = find(number)
    lines = outline.path.read_text(encoding="utf-8").split("# %%", 1)[1].splitlines()
    words = sum(len(line.split()) for line in lines if line.startswith("# ") and not line.startswith("# %%"))
    code = sum(bool(line.strip()) and not line.startswith("#") for line in lines)
    exercises = sum(map(int, re.findall(r"about (\d+) minutes", stub_path(outline).read_text(encoding="utf-8"))))
    assert abs(ROWS[number][0] - (words / 120 + code / 6)) <= 15 and abs(ROWS[number][1] - exercises) <= 10


def test_each_lesson_that_is_asked_about_has_its_title_and_five_answered_questions():
    titles = {outline.name: outline.title.split(" (")[0] for outline in outlines()}
    assert [number for number, _, _ in PIECES] == [f"{number:02d}" for number in WRITTEN]
    for number, title, text in PIECES:
        assert title == titles[number]
        questions = re.findall(r"^(\d)\. \*\*(.+?\?)\*\* (.+?)(?=^\d\. |\Z)", text, re.MULTILINE | re.DOTALL)
        assert [asked for asked, _, _ in questions] == list("12345"), number


def test_the_script_for_a_class_counts_what_each_student_has_solved(tmp_path, monkeypatch, capsys):
    script = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    solution = find(0).path.parent / "solutions" / "ex00.py"
    (tmp_path / "handed_in" / "anna").mkdir(parents=True)
    (tmp_path / "handed_in" / "bo").mkdir()
    (tmp_path / "handed_in" / "anna" / "ex00.py").write_bytes(solution.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("minillm.course.checking.outlines", lambda: [find(0)])
    exec(script, {})
    assert capsys.readouterr().out.splitlines() == [
        "anna: 3 of 3 solved; left: ",
        "bo: 0 of 3 solved; left: 00 centred, 00 distances, 00 similarities",
    ]
