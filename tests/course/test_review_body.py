"""The world of lesson 13: what is pretrained there, and how its losses are measured."""

import itertools
import math

import numpy as np
import pytest

from minillm.course.review_body import ReviewBody
from minillm.course.reviews import BLAME, PRAISE
from minillm.finetuning import new_classifier
from minillm.objectives import MASKED


@pytest.fixture(scope="module")
def world():
    world = ReviewBody(1, quick=True)
    world.seen = list(world.pretrain())
    return world


def test_the_labelled_reviews_show_a_quarter_of_the_words_of_mood_and_the_others_all(world):
    def moods(texts):
        return {word for text in texts for word in text.split()} & {*PRAISE, *BLAME}

    assert len(moods(review.text for review in world.labelled)) == 12
    assert moods(world.unlabelled) == moods(review.text for review in world.judged) == {*PRAISE, *BLAME}
    tokens = world.tokenized(world.unlabelled[:1])[0]
    assert len(tokens) == len(world.unlabelled[0].split()) + 2, "a word is a token, between [CLS] and [SEP]"


def test_the_weights_are_kept_at_every_evaluation(world):
    steps = [step for step, _ in world.seen]
    assert steps == list(world.copies) == list(range(0, 21, 2)) and dict(world.seen) == world.masked_losses
    assert (world.copies[20] == world.model.vector.data).all() and (world.copies[18] != world.copies[20]).any()


def test_the_masked_loss_is_that_of_words_of_mood_and_of_others(world, monkeypatch):
    size = world.tokenizer.vocab_size
    moods = [world.tokenizer.vocab[word] for word in (*PRAISE, *BLAME)]
    scores = np.zeros(size)
    scores[moods] = 2.0
    monkeypatch.setattr(type(world.model), "forward", lambda self, ids, mask: (np.tile(scores, (*ids.shape, 1)), None))
    everything = math.log(48 * math.exp(2) + size - 48)
    assert world.losses_apart() == pytest.approx((everything - 2, everything))


def test_a_body_is_judged_under_the_head_that_it_was_pretrained_with(world):
    batches = list(itertools.islice(world.data.validation_batches(64), 6))
    own = np.mean([float(MASKED.forward(world.model, *batch)[0]) for batch in batches])
    assert world.masked_loss_of(world.model.body) == pytest.approx(own, rel=1e-5)
    other = new_classifier(world.model.body, 2, pretrained=False, seed=3).body
    assert abs(world.masked_loss_of(other) - own) > 0.01
