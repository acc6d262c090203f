"""A student's function, tried in a process of its own: it may hang, crash or print without end, and the check goes on.

`attempt` starts the process and reads what it left; `python -m minillm.course.attempt` is that process, which does what `calling` says.
"""

import contextlib
import faulthandler
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from minillm.course.answers import Failure
from minillm.course.calling import SECONDS, Attempt, attempt_of, guarded, report, report_repair
from minillm.course.outline import ROOT, Outline, read_outline

MEMORY = 4 * 2**30  # bytes of address space, of which Python with NumPy takes an eighth
START = 60  # seconds that Python itself may take to start, on a busy machine
LARGEST = 2**25  # characters of answers that are read


def attempt(outline: Outline, path: Path, name: str, seed: int = 0, seconds: float = SECONDS) -> Attempt:
    """Call the function of this name in a student's file, in a process that is stopped when its time is up."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        code = _run("answers", outline, path, name, seed, seconds, folder)
        return _what_is_left(Path(folder), code, path.name, seconds)


def repair_of(outline: Outline, path: Path, name: str, seed: int = 0, seconds: float = SECONDS) -> str:
    """The one change that would make this function right, in words; empty if none is found in time. In a process of its own as well."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _run("repair", outline, path, name, seed, seconds, folder)
        with contextlib.suppress(ValueError):  # there is no answer, or a part of one
            return json.loads(_text(Path(folder) / "answers"))["repair"]
    return ""


def _run(task: str, outline: Outline, path: Path, name: str, seed: int, seconds: float, folder: str) -> int | None:
    """Start the process and wait for its end: the exit code, or None where it had to be stopped."""
    command = [sys.executable, "-m", __name__, *map(str, (task, outline.path, path, name, seed, seconds, folder))]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    nowhere = subprocess.DEVNULL
    streams = {"stdin": nowhere, "stdout": nowhere, "stderr": nowhere}
    process = subprocess.Popen(command, env=environment, **streams, start_new_session=True)
    try:
        return process.wait(START + 2 * seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        end(process)


def end(process: subprocess.Popen) -> None:
    """End a process that leads a session, and those that it started and left behind, where the system can: not on Windows."""
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS says so by the second
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _what_is_left(folder: Path, code: int | None, file: str, seconds: float) -> Attempt:
    """The attempt, from the files that its process wrote until it ended, with this exit code, or was stopped (None)."""
    trace = _text(folder / "trace")
    place = re.search(rf'File "{re.escape(file)}", line (\d+)', trace)
    late = code is None or trace.startswith("Timeout")
    message = f"{seconds:g} s" if late else f"exit code {code}"
    end = Failure("Timeout" if late else "Crash", message, place and int(place[1]))
    return attempt_of(_text(folder / "answers").splitlines(), _text(folder / "printed"), end, seconds)


def _text(path: Path) -> str:
    if not path.exists():
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(LARGEST)


def limit_memory() -> None:
    """Where the system can: on Linux. What asks for more then gets a MemoryError."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # Windows has none

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))


def main(task: str, lesson: str, path: str, name: str, seed: str, seconds: str, folder: str) -> None:
    """The process: what the student's function answers goes into files of the folder."""
    leave, files, own = os._exit, Path(folder), os.getpid()
    with contextlib.ExitStack() as stack:
        answers_file, trace, printed = (
            stack.enter_context(open(files / each, "w", encoding="utf-8", errors="replace"))
            for each in ("answers", "trace", "printed")
        )
        faulthandler.enable(trace)
        stack.enter_context(guarded(printed))
        limit_memory()
        alarm = partial(faulthandler.dump_traceback_later, exit=True, file=trace)  # it waits for no turn of Python's
        work = report_repair if task == "repair" else report
        for line in work(read_outline(Path(lesson)), Path(path), name, int(seed), float(seconds), alarm):
            if os.getpid() != own:  # a copy of this process, that a student's fork made, would answer as well
                leave(0)
            print(json.dumps(line), file=answers_file, flush=True)
        faulthandler.cancel_dump_traceback_later()
    leave(0)  # threads that a student started do not matter


if __name__ == "__main__":
    main(*sys.argv[1:])
