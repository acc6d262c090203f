"""The options of a lesson script, and where its figures go."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minillm.course import Lesson
from minillm.course.desk import Desk
from minillm.course.lesson import INDEX, write_index
from minillm.course.outline import ROOT
from minillm.plots import loss_curve


def test_options():
    chosen = Lesson(1, ["--quick", "--seed", "3", "--out", "here"])
    assert chosen.quick and chosen.seed == 3 and str(chosen.out) == "here"


def test_only_the_run_of_the_text_draws_into_figures():
    assert Lesson(1, []).out == ROOT / "figures"
    assert Lesson(1, ["--seed", "0"]).out == ROOT / "figures"
    assert Lesson(1, ["--seed", "1"]).out == Lesson(1, ["--quick"]).out == ROOT / "runs" / "figures"


def test_another_program_s_arguments_are_not_read(monkeypatch):
    monkeypatch.setattr("sys.argv", ["ipykernel_launcher.py", "-f", "x.json"])
    assert not Lesson(1).quick
    monkeypatch.setattr("sys.argv", ["lessons/01_x.py", "--quick"])
    assert Lesson(1).quick and not Lesson(2).quick


@pytest.mark.parametrize("bad", [["--sed", "1"], ["--seed", "-1"], ["--seed", "one"], ["more"]])
def test_bad_options_end_with_a_line(bad, capsys):
    with pytest.raises(SystemExit) as end:
        Lesson(1, bad)
    assert end.value.code == 2 and "error" in capsys.readouterr().err


def test_random_numbers_come_from_the_seed():
    first, again, other = (Lesson(1, ["--seed", seed]).rng().random() for seed in "778")
    assert first == again != other


def test_figures_and_their_index(tmp_path):
    chosen = Lesson(4, ["--out", str(tmp_path)])
    for name in ("second", "first"):
        chosen.save(loss_curve([(0, 1.0)], []), name, alt=f"The {name} figure. Nothing to see.")
    assert (tmp_path / "04_first.png").exists()
    index = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert index.index("04_first.png") < index.index("04_second.png")
    assert "![The first figure. Nothing to see.](04_first.png)" in index


@pytest.mark.parametrize("name", ["04_x.png", "04_view.html", "README.md"])
def test_a_folder_with_files_of_the_users_own_is_refused_at_once(name, tmp_path, capsys):
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        Lesson(4, ["--out", str(tmp_path)])
    assert end.value.code == 2 and f"{name} is there already" in capsys.readouterr().err
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


def test_the_index_of_figures_says_what_the_files_carry(tmp_path):
    """Else the next lesson that is run writes another one."""
    folder = Path(shutil.copytree(ROOT / "figures", tmp_path / "figures"))
    before = (folder / INDEX).read_text(encoding="utf-8")
    write_index(folder)
    assert (folder / INDEX).read_text(encoding="utf-8") == before


def test_a_folder_with_figures_and_with_files_that_a_lesson_does_not_write_is_used_again(tmp_path):
    for name in ("05_x.png", "04_notes.txt", "readme.txt"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    for _ in range(2):
        Lesson(4, ["--out", str(tmp_path)]).save(loss_curve([(0, 1.0)], []), "x", alt="Nothing to see.")
    index = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "![Nothing to see.](04_x.png)" in index and "05_x.png" not in index


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a folder that is in use")
def test_a_working_folder_that_was_deleted(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    Lesson(4, ["--out", str(tmp_path / "there")]).save(loss_curve([(0, 1.0)], []), "x", alt="Nothing to see.")
    assert (tmp_path / "there" / "04_x.png").exists()


def test_a_figure_without_words_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="alternative text"):
        Lesson(4, ["--out", str(tmp_path)]).save(loss_curve([(0, 1.0)], []), "x", alt=" ")


def run_script(folder, end: str = "", *options: str) -> subprocess.CompletedProcess:
    """A lesson of two lines, run as `python 01_mine.py` in its folder."""
    (folder / "01_mine.py").write_text(
        f"from minillm.course import Lesson\nlesson = Lesson(1)\n{end}\n", encoding="utf-8"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "01_mine.py", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("end", "options", "noted"),
    [
        ("", [], {"01": ["run"]}),
        ("", ["--quick"], {}),
        ("1 / 0", [], {}),
        ("raise KeyboardInterrupt", [], {}),
        (
            "from minillm.plots import loss_curve\nlesson.save(loss_curve([(0, 1.0)], []), 'x', alt='')",
            ["--out", "out"],
            {},
        ),
    ],
)
def test_a_script_that_comes_to_its_end_is_ticked_in_the_list_of_lessons(end, options, noted, tmp_path):
    done = run_script(tmp_path, end, *options)
    assert Desk(tmp_path / "my_exercises").done() == noted and (done.returncode != 0) == bool(end), done.stderr


def test_a_note_that_cannot_be_written_is_told_and_the_lesson_has_run_all_the_same(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "done.json").write_text("[1", encoding="utf-8")
    done = run_script(tmp_path, "", "--folder", "mine")
    assert (
        done.returncode == 0
        and done.stderr.startswith("This run is not noted. ")
        and "done.json is damaged." in done.stderr
    )
