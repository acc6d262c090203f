"""The benchmark's clock: evaluations cost nothing, and the time to a loss is that of the first evaluation that found it."""

import pytest

from benchmarks import time_to_loss
from benchmarks.time_to_loss import Outcome, clocked, ratios, table


@pytest.fixture
def run(monkeypatch):
    """run(losses, steps, every, target): a step takes a second, an evaluation a hundred; what the clock said, and the steps taken."""

    def run(losses, steps, every, target):
        now, taken, losses = 0.0, 0, iter(losses)

        def step():
            nonlocal now, taken
            now, taken = now + 1, taken + 1

        def evaluate():
            nonlocal now
            now += 100
            return next(losses)

        monkeypatch.setattr(time_to_loss.time, "perf_counter", lambda: now)
        return *clocked(step, evaluate, steps, every, target), taken, list(losses)

    return run


def test_evaluations_are_left_out(run):
    assert run([3.0, 2.0, 1.5], 30, 10, 2.0) == (1.5, 30.0, 20.0, 30, [])


def test_the_first_time_counts_and_the_last_loss(run):
    assert run([1.0, 3.0], 20, 10, 2.0) == (3.0, 20.0, 10.0, 20, [])


@pytest.mark.parametrize("every", [7, 25, 40])
def test_every_step_is_taken_and_the_end_evaluated(run, every):
    stops = -(-25 // every)
    assert run([3.0] * stops, 25, every, 2.0) == (3.0, 25.0, None, 25, [])


def test_the_table_and_its_ratios():
    theirs, late = Outcome("PyTorch", 0, 800_000, 2000, 1.88, 80.0, 64.0), Outcome("minillm", 1, 9, 600, 2.0, 9.0, None)
    ours = Outcome("minillm", 0, 440_000, 600, 1.861, 12.0, 8.0)
    assert ratios(theirs, ours) == (0.1, 0.125)
    assert ratios(theirs._replace(seconds_to_target=None), ours) == (0.1, None)
    assert ratios(theirs, late) == (None, None)
    rows = table([theirs, ours, late]).splitlines()
    assert rows[2] == "| PyTorch | 0 | 800,000 | 2,000 | 1.880 | 80.0 | 64.0 |  |  |"
    assert rows[3] == "| minillm | 0 | 440,000 | 600 | 1.861 | 12.0 | 8.0 | 0.100 | 0.125 |"
    assert rows[4].endswith("| not reached | none | none |")
    assert len({row.count("|") for row in rows}) == 1
