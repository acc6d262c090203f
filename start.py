"""Set minillm up and run it, from a fresh clone, with nothing but Python 3.10 or later.

    python3 start.py          read a tale; then pretrain a small GPT on real text, let it write, draw its attention
    python3 start.py test     run the tests

(On Windows: py start.py.) Both make a virtual environment in .venv and install requirements.txt and minillm itself there, once.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
RUN = "runs/first"
TALES = "minillm/weights/tales"
# A paragraph, and no more than the model sees at once.
TALE = ("--prompt", "Once upon a time", "--max-tokens", "120", "--temperature", "0.6", "--stop", "\\n")


def main() -> int:
    # Whatever Python is there runs this file, also one that is too old.
    if sys.version_info < (3, 10):  # noqa: UP036
        print(
            f"minillm needs Python 3.10 or later, and this is {sys.version.split()[0]}.\nInstall a newer one, then run it again."
        )
        return 2
    if sys.argv[1:] not in ([], ["test"]):
        print("Usage: python3 start.py [test]")
        return 2
    try:
        code = set_up()
    except KeyboardInterrupt:
        print("\nInterrupted. The next start sets up what is missing.")
        return 130
    if code:
        return code
    return call("-m", "pytest", "-n", "auto", "--dist", "worksteal") if sys.argv[1:] else main_job()


def main_job() -> int:
    """Let a model write that comes with minillm. Pretrain (or finish the run that is there), then write and draw. The first run is kept:
    delete its folder for another.
    """
    if (HERE / TALES / "model.safetensors").exists():
        print("--- By the model `tales`, which comes with minillm:\n", flush=True)
        code = call("-m", "minillm", "generate", "--checkpoint", "tales", *TALE)
        if code:
            return code
        print("\n--- And now one of your own, from nothing:\n", flush=True)
    if not (HERE / RUN / "trainer.safetensors").exists():
        code = call("-m", "minillm", "pretrain", "--out", RUN)
    else:
        code = call("-m", "minillm", "pretrain", "--resume", "--out", RUN)
    if code:
        return code
    print("\n--- A continuation of “The value of”:\n", flush=True)
    return call("-m", "minillm", "generate", "--checkpoint", RUN, "--prompt", "The value of") or call(
        "-m",
        "minillm",
        "attention",
        "--checkpoint",
        RUN,
        "--text",
        "The value of the name",
        "--out",
        f"{RUN}/attention.png",
    )


def set_up() -> int:
    """The virtual environment with what requirements.txt asks for. Nothing is done when it is there already."""
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    stamp = VENV / "minillm-requirements.sha256"
    if PYTHON.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return 0
    print("Setting up .venv (once; a minute or so) ...", flush=True)
    if not has_pip() and not succeeds(sys.executable, "-m", "venv", "--clear", str(VENV), show=True):
        print(
            "Python could not make a virtual environment.\nOn Debian and Ubuntu: sudo apt install python3-venv, then run this again."
        )
        return 2
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["-r", str(HERE / "requirements.txt"), "-e", str(HERE)]  # -e: the scripts in lessons/ can import minillm
    if not succeeds(str(PYTHON), *install, show=True):
        print("Installing requirements.txt failed.\nIs this machine online? The lines above say what pip met.")
        return 2
    stamp.write_text(wanted, encoding="utf-8")
    return 0


def has_pip() -> bool:
    """Whether the environment is whole: a set-up that was cut short leaves a Python without pip."""
    return PYTHON.exists() and succeeds(str(PYTHON), "-m", "pip", "--version")


def succeeds(*command: str, show: bool = False) -> bool:
    """Run a step of the set-up. What it says is kept back, or with `show` printed if it fails."""
    answer = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    if show and answer.returncode:
        print(answer.stdout)
    return answer.returncode == 0


def call(*arguments: str) -> int:
    """Run the environment's Python from the project's folder; its exit code. Ctrl-C is left to the program that runs."""
    process = subprocess.Popen([str(PYTHON), *arguments], cwd=HERE)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


if __name__ == "__main__":
    raise SystemExit(main())
