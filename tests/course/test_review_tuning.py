"""The ways that lesson 13 sets its last layer against."""

import numpy as np
import pytest

from minillm import finetuning
from minillm.course.review_body import ReviewBody
from minillm.course.review_tuning import ReviewTuning


@pytest.fixture(scope="module")
def tuning():
    return ReviewTuning(ReviewBody(1, quick=True), quick=True)


def test_rows_and_labels_are_those_of_the_reviews(tuning):
    world = tuning.world
    assert len(tuning.rows) == len(world.labelled) and len(tuning.judged_rows) == len(world.judged)
    assert [bool(label) for label in tuning.truth] == [review.praises for review in world.judged]


def test_a_classifier_learns_from_the_chosen_reviews_and_leaves_the_body_of_the_world_alone(tuning):
    before = tuning.world.model.vector.data.copy()
    classifier = tuning.tuned_by(finetuning.Method(), lr=1e-2)(np.arange(8), 0)
    assert not np.array_equal(classifier.body.embedding.weight.data, tuning.world.model.body.embedding.weight.data)
    assert np.array_equal(tuning.world.model.vector.data, before)
    assert 0 <= tuning.accuracy(classifier) <= 1


def test_a_bag_of_words_is_right_about_reviews_whose_words_it_has_seen(tuning):
    assert tuning.bag_of_words(np.arange(len(tuning.rows))) > 0.6
