"""Chants ask for what was said one round ago, and for nothing that nobody can know."""

import numpy as np

from minillm.course.chants import chanted_on, write_chants
from minillm.ops import IGNORE


def test_each_target_was_said_one_round_ago_and_the_first_round_is_not_asked():
    ids, targets = write_chants(np.random.default_rng(0), 20, words=30, length=24, shortest=4, longest=9)
    for said, asked in zip(ids, targets, strict=True):
        period = len(set(said))
        assert 4 <= period <= 9 and (asked[:period] == IGNORE).all()
        assert (asked[period:] == said[1 : 1 + 24 - period]).all()


class Chanter:
    """Says again what it heard `back` words before the word that comes now, as a model that scores every word."""

    def __init__(self, back):
        self.back = back

    def forward(self, ids):
        return np.eye(30)[np.roll(ids, self.back - 1, axis=1)], None


def test_who_says_what_was_said_one_round_ago_chants_on_and_nobody_else():
    assert chanted_on(Chanter(12), 12, words=30) == 100
    assert chanted_on(Chanter(11), 12, words=30) == chanted_on(Chanter(13), 12, words=30) == 0
