"""Damaged files of every kind, against every command that reads them: each is read, or refused in two lines.

All follows from the seeds. MINILLM_FUZZ=20000 in the environment tries so many, and other ones than a smaller number does.
"""

import contextlib
import os
import signal
import sys

from minillm.cli import main
from tests.cli.fuzzing import damaged_folder, make_targets

SEEDS = int(os.environ.get("MINILLM_FUZZ", "600"))
SECONDS = 20  # of the processor, to a command
MOST = 2**30  # bytes, of all commands


class TooLongError(BaseException):
    """No `except Exception` stops it."""


def too_long(number, frame):
    raise TooLongError


@contextlib.contextmanager
def time_limit():
    """TooLongError for what takes too long: 20 s of the processor, or five minutes in which it may be waiting for a pipe."""
    if os.name != "posix":
        yield
        return
    before = {number: signal.signal(number, too_long) for number in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, 300)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def memory() -> int:
    """The most bytes that this process has had at once; 0 where nobody says."""
    if not sys.platform.startswith("linux"):
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_a_damaged_file_is_read_or_refused_in_two_lines(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("minillm.plots.save", lambda *args, **kwargs: None)  # drawing would take most of the time
    (tmp_path / "targets").mkdir()
    targets = make_targets(tmp_path / "targets")
    before = memory()
    for seed in range(SEEDS, 2 * SEEDS):
        case = damaged_folder(targets, tmp_path / "damaged", seed)
        capsys.readouterr()
        with time_limit():
            code = main(case.argv)
        told = capsys.readouterr().err
        assert code in (0, 2), f"{case.told}: exit code {code}\n{told}"
        assert all(line.isprintable() for line in told.replace("\t", " ").split("\n")), f"{case.told}: {told!r}"
        if code == 2:
            wrong, remedy = told.splitlines()[-2:]
            assert wrong and remedy and "Traceback" not in told, f"{case.told}: {told}"
    assert memory() - before < MOST
