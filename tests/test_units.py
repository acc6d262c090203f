"""Numbers with their units, as a person reads them."""

import pytest

from minillm.units import count, duration, per_cent


def test_counts():
    assert (count(1, "layer"), count(2, "layer"), count(1000, "step")) == ("1 layer", "2 layers", "1,000 steps")


def test_shares():
    assert (per_cent(0.125), per_cent(1)) == ("12.5 %", "100.0 %")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (75, "1 min 15 s"), (7380, "2 h 03 min")]
)
def test_durations(seconds, words):
    assert duration(seconds) == words
