"""Needles in the stories: where they lie, and that who finds them is told from who doesn't."""

import numpy as np

from minillm.course.needles import BEFORE, hide_needles, needles_found
from minillm.course.stories import write_stories


class Seeker:
    """Says what came after the word that was said so many words ago."""

    def __init__(self, back):
        self.back = back

    def forward(self, ids):
        logits = np.zeros((*ids.shape, 200))
        logits[np.arange(len(ids)), -1, ids[:, -self.back]] = 1
        return logits, None


def test_a_needle_is_said_once_and_its_first_word_again_at_the_end():
    texts, answers = hide_needles(50, words=200, seed=3, count=20)
    assert texts.shape == (20, BEFORE + 51)
    first = texts[:, -1]
    assert ((texts == first[:, None]).sum(axis=1) == 2).all() and (texts[:, BEFORE] == first).all()
    assert ((texts == answers[:, None]).sum(axis=1) == 1).all() and (texts[:, BEFORE + 1] == answers).all()
    stories = len({word for story in write_stories(400, seed=3) for word in story})
    assert (np.minimum(first, answers) >= stories).all() and texts.max() < 200
    assert (np.delete(texts, [BEFORE, BEFORE + 1, BEFORE + 50], axis=1) < stories).all()


def test_who_looks_back_as_far_as_it_takes_finds_them_all():
    found = [needles_found(Seeker(back), 500, words=200, count=20) for back in (499, 500, 501)]
    assert found == [0, 100, 0]
