import re
import subprocess
import sys

import pytest

from minillm import machine
from minillm.backend import CPU
from minillm.cli import doctor


@pytest.fixture
def quick(monkeypatch):
    """The speed test in a tenth of a second."""
    from minillm.pretraining import speed

    measure = speed.measure_speed
    monkeypatch.setattr(speed, "measure_speed", lambda: measure(0.05))


def test_every_line_says_what_was_looked_at_and_whether_all_is_well(call, quick):
    code, out, err = call("doctor")
    assert (code, err) == (0, "")
    *lines, verdict = out.splitlines()
    found = [re.fullmatch(r"\[(OK|LOOK)\] +(\S+) +(\S.*)", line) for line in lines]
    assert all(found), lines
    names = [match[2] for match in found]
    assert names == ["python", *doctor.PACKAGES, "disk", "blas", "gpu", "fonts", "speed"]
    assert verdict == ("All is well." if all(match[1] == "OK" for match in found) else verdict)
    assert re.search(r"\d+ GFLOP/s .* \d+ GB/s .* [\d,]+ tokens/s", lines[-1])


def test_what_is_missing_is_marked_and_the_remedy_said(call, quick, monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("numpy", "no-such-package"))
    code, out, _ = call("doctor")
    assert code == 0
    assert "[LOOK] no-such-package not installed: pip install -r requirements.txt" in out
    assert out.splitlines()[-1].startswith("Lines marked [LOOK]")


def test_missing_packages_are_told_by_every_command_and_all_of_them_by_doctor():
    code = "import sys\nfor name in ('numpy', 'matplotlib'): sys.modules[name] = None\n"
    code += "from minillm.cli import main; raise SystemExit(main(sys.argv[1:]))"
    run = lambda *argv: subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=False)  # noqa: E731
    answer = run("doctor")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert re.search(r"\[LOOK\] speed +cannot be told without numpy", answer.stdout)
    answer = run("generate", "--checkpoint=run")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.splitlines() == [
        "The package numpy is missing.",
        "Activate .venv (or: pip install -r requirements.txt).",
    ]


def test_threads_are_explained_only_where_they_are_not_chosen_yet(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert doctor.blas().endswith(", OPENBLAS_NUM_THREADS=1")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert doctor.blas().endswith("set OPENBLAS_NUM_THREADS to use fewer")


def test_a_folder_that_cannot_be_written_is_marked(call, quick, monkeypatch):
    def refuse(**kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(machine.tempfile, "TemporaryFile", refuse)
    assert re.search(r"\[LOOK\] disk .*Read-only file system", call("doctor")[1])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("580.65.06, NVIDIA H100\n", "cuda13"),
        ("535.54.03, NVIDIA T4\n", "cuda12"),
        ("No devices were found\n", "no GPU that answers"),
        ("[N/A], NVIDIA odd, thing\n", "no GPU that answers"),
        ("NVIDIA-SMI has failed because it could not talk to the driver, sorry\n", "no GPU that answers"),
    ],
)
def test_an_idle_gpu_is_told_with_the_package_that_wakes_it(monkeypatch, answer, words):
    monkeypatch.setattr("minillm.backend.choose_device", lambda name: CPU)
    monkeypatch.setattr(machine.shutil, "which", lambda name: "/bin/nvidia-smi")
    monkeypatch.setattr(
        machine.subprocess, "run", lambda *args, **kwargs: machine.subprocess.CompletedProcess(args, 0, answer, "")
    )
    assert words in doctor.gpu()
