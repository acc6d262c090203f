"""The options of a lesson script, and where its figures go."""

import sys

import pytest

from minillm.course import Lesson, lesson
from minillm.plots import loss_curve


def test_options():
    chosen = Lesson(1, ["--quick", "--seed", "3", "--out", "here"])
    assert chosen.quick and chosen.seed == 3 and str(chosen.out) == "here"


def test_only_the_run_of_the_text_draws_into_figures():
    assert Lesson(1, []).out == lesson.ROOT / "figures"
    assert Lesson(1, ["--seed", "0"]).out == lesson.ROOT / "figures"
    assert Lesson(1, ["--seed", "1"]).out == Lesson(1, ["--quick"]).out == lesson.ROOT / "runs" / "figures"


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
