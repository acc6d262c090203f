"""Chants ask for what was said one round ago, and for nothing that nobody can know."""

import numpy as np

from minillm.course import write_chants
from minillm.ops import IGNORE


def test_each_target_was_said_one_round_ago_and_the_first_round_is_not_asked():
    ids, targets = write_chants(np.random.default_rng(0), 20, words=30, length=24, shortest=4, longest=9)
    for said, asked in zip(ids, targets, strict=True):
        period = len(set(said))
        assert 4 <= period <= 9 and (asked[:period] == IGNORE).all()
        assert (asked[period:] == said[1 : 1 + 24 - period]).all()
