"""The baseline: at the minimum of its loss, blind to order beyond pairs, able to learn what words tell."""

import numpy as np
import pytest

from minillm.finetuning import BagOfWords
from tests.words import WORDS


@pytest.fixture(scope="module")
def texts() -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.choice(3, size=120, p=[0.6, 0.3, 0.1])
    return [" ".join([*rng.choice(WORDS, 5), f"clue{label}" * (rng.random() < 0.8)]) for label in labels], labels


def loss(bag, x, labels, l2):
    return -np.log(bag._forward(x)[np.arange(len(labels)), labels]).mean() + l2 / 2 * (bag.weight**2).sum()


def test_the_weights_are_at_the_minimum(texts):
    bag = BagOfWords(*texts, 3, l2=0.01)
    x = bag._sparse([bag.features(text) for text in texts[0]])
    least = loss(bag, x, texts[1], 0.01)
    excess = (bag._forward(x) - np.eye(3)[texts[1]]).mean(axis=0)
    assert abs(excess).max() < 1e-3, "the gradient of the bias: each class is expected as often as it comes"
    rng, weight, bias = np.random.default_rng(1), bag.weight, bag.bias
    for size in (0.3, 0.03):
        for _ in range(20):
            bag.weight, bag.bias = weight + size * rng.normal(size=weight.shape), bias + size * rng.normal(size=3)
            assert loss(bag, x, texts[1], 0.01) > least
    bag.weight, bag.bias = np.zeros_like(weight), np.zeros(3)
    assert least < 0.9 * loss(bag, x, texts[1], 0.01)


def test_it_learns_what_words_and_pairs_of_words_tell(texts):
    bag = BagOfWords(*texts, 3)
    answers = bag.probabilities(["the model clue1", "CLUE2 , writes", "nothing known here"])
    assert answers[:2].argmax(axis=1).tolist() == [1, 2]
    assert np.allclose(answers.sum(axis=1), 1)
    pairs = ["not good", "good not", "not bad", "bad not"] * 3
    bag = BagOfWords(pairs, np.array([0, 1, 1, 0] * 3), 2)
    assert bag.probabilities(pairs).argmax(axis=1).tolist() == [0, 1, 1, 0] * 3, "the words alone can't tell"


def test_the_same_texts_give_the_same_weights(texts):
    assert np.array_equal(BagOfWords(*texts, 3).weight, BagOfWords(*texts, 3).weight)


def test_texts_without_anything_in_common_are_no_obstacle():
    bag = BagOfWords(["one", "two"], np.array([0, 1]), 2)
    assert np.allclose(bag.probabilities(["one"]), 0.5)
