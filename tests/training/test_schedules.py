import pytest

from minillm.training import learning_rate
from minillm.training.schedules import default_warmup


def rate(step, steps=110, warmup=10, schedule="cosine"):
    return learning_rate(step, steps, peak=1.0, warmup=warmup, floor=0.1, schedule=schedule)


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_the_warm_up_climbs_in_equal_parts_and_never_starts_at_zero(schedule):
    assert [rate(step, warmup=3, schedule=schedule) for step in range(4)] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert rate(0, warmup=0, schedule=schedule) == 1


def test_both_falls_reach_the_floor_and_stay_there():
    for schedule in ("cosine", "linear"):
        assert rate(10, schedule=schedule) == pytest.approx(1)
        assert rate(60, schedule=schedule) == pytest.approx(0.55), "half-way in time is half-way in height"
        assert rate(110, schedule=schedule) == pytest.approx(0.1)
        assert rate(1000, schedule=schedule) == pytest.approx(0.1)
        assert rate(1, steps=1, warmup=0, schedule=schedule) == pytest.approx(0.1), "of a run of a single step too"
    assert rate(35, schedule="linear") == pytest.approx(0.1 + 0.9 * 0.75)
    assert rate(35) == pytest.approx(0.1 + 0.9 * (1 + 0.5**0.5) / 2), "the cosine falls late"
    assert rate(1000, schedule="constant") == 1


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_short_runs(schedule):
    assert rate(0, steps=1, warmup=0, schedule=schedule) == 1
    assert rate(0, steps=1, warmup=1, schedule=schedule) == 0.5
    assert 0.1 - 1e-12 <= rate(5, steps=5, warmup=5, schedule=schedule) <= 1
    rates = [rate(step, steps=4, warmup=100, schedule=schedule) for step in range(4)]
    assert rates == sorted(rates), "a warm-up longer than the run only climbs"


def test_the_usual_climb_is_a_tenth_of_the_steps_and_at_most_100():
    assert [default_warmup(steps) for steps in (1, 39, 1000, 20000)] == [0, 3, 100, 100]
