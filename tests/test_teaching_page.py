"""The page for teachers: its times are those of the lessons and of their exercises, and its script runs on the folders of a class."""

import re
from pathlib import Path

import pytest

from minillm.course.desk import stub_path
from minillm.course.outline import find, outlines

PAGE = (Path(__file__).parents[1] / "docs" / "teaching.md").read_text(encoding="utf-8")
ROWS = {
    int(number): cells
    for number, *cells in re.findall(
        r"^\| (\d\d) [^|]*\| ([^|]+) \| ([^|]*)\| ([^|]*)\| ([^|]*)\|$", PAGE, re.MULTILINE
    )
}
PIECES = re.findall(r"^### (\d\d) ([^\n]+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)


def test_every_number_has_its_row():
    assert sorted(ROWS) == list(range(23))


@pytest.mark.parametrize("number", [number for number, cells in ROWS.items() if cells[1].strip()])
def test_the_times_of_a_row_are_those_that_the_lesson_and_its_exercises_state(number):
    outline = find(number)
    minutes = map(int, re.findall(r"about (\d+) minutes", stub_path(outline).read_text(encoding="utf-8")))
    assert [cell.strip() for cell in ROWS[number][2:]] == [f"{outline.seconds} s", f"{sum(minutes)} min"]


def test_each_lesson_that_is_asked_about_has_its_title_and_five_answered_questions():
    titles = {outline.name: outline.title.split(" (")[0] for outline in outlines()}
    assert [number for number, _, _ in PIECES] == [
        f"{number:02d}" for number, cells in ROWS.items() if cells[1].strip()
    ]
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
