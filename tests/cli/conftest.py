"""A text, a run that was trained on it, and a way to call the program inside this process."""

import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from minillm.cli import main
from minillm.cli.curve import draw_curve
from tests.cli.labelled import lines
from tests.words import WORDS

ROOT = Path(__file__).resolve().parents[2]
TINY = ["--layers=2", "--heads=2", "--d-model=16", "--context=16", "--batch=4", "--steps=40", "--eval-every=20"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    """Whatever a command writes where it should not, it writes here."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for the interpreters that a test starts


@pytest.fixture(scope="session")
def text_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text(" ".join(np.random.default_rng(0).choice(WORDS, 500)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny(text_file) -> list[str]:
    """The arguments of a run that takes a blink: `pretrain` and all but --out."""
    return ["pretrain", f"--text={text_file}", *TINY]


@pytest.fixture(scope="session")
def finished_run(tiny, tmp_path_factory) -> Path:
    """A run that has ended. Only to be read."""
    directory = tmp_path_factory.mktemp("runs") / "finished"
    assert main([*tiny, f"--out={directory}"]) == 0
    return directory


@pytest.fixture
def run_copy(finished_run, tmp_path) -> Path:
    """The same, to be damaged."""
    return Path(shutil.copytree(finished_run, tmp_path / "run"))


@pytest.fixture(scope="session")
def labelled(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "labelled.tsv"
    path.write_text("\n".join(lines(60)) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def masked_run(text_file, tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("runs") / "masked"
    sizes = ["--layers=2", "--d-model=16", "--context=24", "--batch=4", "--steps=2", "--eval-every=2", "--merges=20"]
    argv = ["pretrain", "--objective=masked", "--preset=tiny", *sizes, f"--text={text_file}", f"--out={directory}"]
    assert main(argv) == 0
    return directory


@pytest.fixture(autouse=True)
def no_curves(monkeypatch):
    """Without loss.png, which takes most of the time of a run that is this short."""
    monkeypatch.setattr("minillm.cli.session.draw_curve", lambda job: None)


@pytest.fixture
def curves(no_curves, monkeypatch):
    """With it, for the tests that look at it."""
    monkeypatch.setattr("minillm.cli.session.draw_curve", draw_curve)


@pytest.fixture
def plain(monkeypatch):
    """Without the sample of every evaluation, which other tests look at."""
    monkeypatch.setattr("minillm.cli.session.report", lambda *args: "")


@pytest.fixture
def pipe(monkeypatch):
    """pipe(text): what standard input has."""

    def fill(content: str):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode()), encoding="utf-8"))

    return fill


@pytest.fixture
def call(capsys):
    """call("generate", ...) -> its exit code, stdout and stderr."""

    def run(*argv) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def refused(call):
    """refused("generate", ...) -> the two lines that say what is wrong and what to do; the exit code must be 2."""

    def run(*argv) -> tuple[str, str]:
        code, out, err = call(*argv)
        # What a run's folder names is told before it is read.
        lines = [line for line in err.splitlines() if not line.startswith("reads   ")]
        assert (code, out, len(lines)) == (2, "", 2), err
        assert not err.startswith("Traceback")
        wrong, remedy = lines
        assert wrong.endswith("."), wrong
        assert remedy[0] == remedy[0].upper() or remedy.startswith("minillm "), remedy
        return wrong, remedy

    return run


@pytest.fixture
def snapshot():
    """snapshot(folder) -> every path below it with its content: equal before and after, nothing was touched."""

    def take(folder: Path) -> dict:
        return {path: path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}

    return take
