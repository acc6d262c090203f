"""Run a lesson in a Python of its own, as `python lessons/NN_name.py` would."""

import os
import subprocess
import sys
from pathlib import Path

from minillm.course.outline import ROOT, Outline


def run_lesson(
    outline: Outline,
    *,
    quick: bool = False,
    seed: int | None = None,
    out: Path | None = None,
    folder: Path | None = None,
) -> int:
    """The exit code. What the lesson prints goes where this process prints; for the parameters see `Lesson`."""
    options = ["--quick"] * quick
    options += [] if seed is None else ["--seed", str(seed)]
    options += [] if out is None else ["--out", str(out)]
    options += [] if folder is None else ["--folder", str(folder)]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen([sys.executable, str(outline.path), *options], env={**os.environ, "PYTHONPATH": paths})
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise
