"""An installed minillm has the lessons inside its package, and works in any folder."""

import os
import shutil
import subprocess
import sys

import pytest

from minillm.course.outline import INSIDE, ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the package as a wheel unpacks it, without the weights."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "minillm", site / "minillm", ignore=shutil.ignore_patterns("weights", "__pycache__"))
    shutil.copytree(ROOT / "lessons", site / INSIDE.relative_to(ROOT), ignore=shutil.ignore_patterns("__pycache__"))
    return site


@pytest.fixture
def minillm(installed, tmp_path):
    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(installed), "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-m", "minillm", *arguments]
        done = subprocess.run(
            command, capture_output=True, cwd=tmp_path, env=environment, encoding="utf-8", check=False
        )
        assert done.returncode in (0, 1), done.stderr[-2000:]  # 1: exercises that are not solved yet
        return done.stdout

    return run


def test_a_wheel_puts_the_lessons_where_the_course_looks_for_them():
    inside = INSIDE.relative_to(ROOT).as_posix()
    assert f'lessons = "{inside}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_a_lesson_runs_and_puts_figures_and_exercises_into_the_working_folder(minillm, tmp_path):
    assert "with keepdims" in minillm("lesson", "00")
    assert [path.name for path in (tmp_path / "figures").glob("*.png")]
    assert "0 of 3 exercises solved" in minillm("check", "00")
    assert (tmp_path / "my_exercises" / "ex00.py").exists()
    assert "✓ 00" in minillm("lesson")
