"""Each lesson runs as a student runs it, and prints and draws what it promises. No network, and a warning is an error."""

import ast
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from minillm.course.desk import solution_of
from minillm.course.expected import broken, promises
from minillm.course.outline import ROOT, outlines


def text_of(lesson) -> str:
    return lesson.path.read_text(encoding="utf-8")


LESSONS = outlines()
SHORTENED = [lesson for lesson in LESSONS if "lesson.quick" in text_of(lesson)]
NO_NETWORK = """
import socket

def refuse(*arguments, **options):
    raise OSError("a lesson wants the network")

socket.socket.connect = socket.getaddrinfo = refuse
"""


def run(lesson, folder, *options) -> str:
    """What the lesson prints; its figures are in the folder."""
    (folder / "usercustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    environment = {
        **os.environ,
        "MPLBACKEND": "Agg",
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
        "PYTHONIOENCODING": "utf-8",
    }
    # NumPy's matrix products now and then warn of an overflow that never was.
    strict = ["-W", "error", "-W", "ignore:divide by zero encountered in matmul:RuntimeWarning"]
    strict += ["-W", "ignore:overflow encountered in matmul:RuntimeWarning"]
    strict += ["-W", "ignore:invalid value encountered in matmul:RuntimeWarning"]
    code = "import usercustomize, runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    done = subprocess.run(
        [sys.executable, *strict, "-c", code, str(lesson.path), *options, "--out", str(folder)],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def figures_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix in (".png", ".html"))


def check_figures(lesson, folder) -> None:
    """They are those of the lesson's header, none of them blank, and the index has them all."""
    from matplotlib.image import imread

    assert figures_in(folder) == sorted(lesson.figures)
    for path in folder.glob("*.png"):
        assert np.std(imread(path)[..., :3]) > 0.02, f"{path.name} is blank"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert all(path.name in index for path in folder.glob("*.png"))


@pytest.mark.parametrize("lesson", SHORTENED, ids=lambda lesson: lesson.name)
def test_a_quick_run_prints_the_same_words_and_draws_the_same_figures(lesson, tmp_path):
    printed = run(lesson, tmp_path, "--quick")
    assert not broken(promises(text_of(lesson)), printed, numbers=False)
    check_figures(lesson, tmp_path)


@pytest.mark.parametrize(
    ("lesson", "seed"),
    [
        pytest.param(lesson, seed, id=f"{lesson.name}-{seed}", marks=() if quick else pytest.mark.slow)
        for lesson in LESSONS
        for seed in range(3)
        for quick in [seed == 0 and lesson.seconds <= 15]
    ],
)
def test_the_numbers_hold(lesson, seed, tmp_path):
    printed = run(lesson, tmp_path, "--seed", str(seed))
    assert not broken(promises(text_of(lesson)), printed)
    check_figures(lesson, tmp_path)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
class TestText:
    """What every lesson's text has."""

    def test_header(self, lesson):
        assert (
            lesson.title
            and {"Question", "You build", "You need", "Time", "Figures", "Run", "Check"} <= lesson.fields.keys()
        )
        assert 1 <= lesson.seconds <= (120 if lesson.number <= 12 else 360) and lesson.figures
        assert lesson.path.name in lesson.fields["Run"] and f"check {lesson.name}" in lesson.fields["Check"]
        assert all(name.startswith(lesson.name) for name in lesson.figures)

    def test_sections(self, lesson):
        text = text_of(lesson)
        for heading in ("What breaks if", "Takeaways", "Exercises", "In practice", "Reading"):
            assert f"## {heading}" in text or f". {heading}" in text, heading
        assert text.count("\n#>") >= 5 and text.count("assert") >= 1

    def test_its_figures_are_committed(self, lesson):
        for name in lesson.figures:
            assert (ROOT / "figures" / name).stat().st_size > 5000


def test_the_numbers_of_the_lessons_have_no_gap():
    assert [lesson.number for lesson in LESSONS] == list(range(23))


def test_a_gpt_is_compared_with_the_losses_that_the_lesson_on_embeddings_promises():
    embeddings, gpt = (
        next(lesson for lesson in LESSONS if lesson.number == number).path.read_text(encoding="utf-8")
        for number in (4, 8)
    )
    promised = re.search(r"^#> held-out loss: counted ([\d.]+) ± [\d.]+, network ([\d.]+) ±", embeddings, re.MULTILINE)
    assert f"COUNTED, WINDOW = {promised[1]}, {promised[2]} " in gpt


def test_the_step_of_adamw_has_the_same_defaults_in_the_lesson_and_in_its_exercise():
    lesson = next(lesson for lesson in LESSONS if lesson.number == 9)
    steps = [
        next(node for node in ast.parse(source).body if getattr(node, "name", "") == "adamw_step")
        for source in (lesson.path.read_text(encoding="utf-8"), solution_of(lesson))
    ]
    defaults = [[ast.literal_eval(value) for value in step.args.defaults] for step in steps]
    assert defaults[0] == defaults[1] and len(defaults[0]) == 3


def test_the_lessons_on_language_models_fit_the_time():
    assert sum(lesson.seconds for lesson in LESSONS if lesson.number <= 12) <= 8 * 60
