"""What a classifier has to beat on held-out texts: guessing, always the same answer, a bag of words."""

import math
from typing import NamedTuple

import numpy as np

from minillm.finetuning.classification.bag_of_words import BagOfWords
from minillm.finetuning.classification.job import Parts


class Baselines(NamedTuple):
    """Losses in nats a text, and accuracies as shares of the held-out texts."""

    shares: np.ndarray  # (C,): of each class among the texts to train on
    blind_loss: float  # all classes alike: ln C
    frequency_loss: float  # each class by its share
    commonest: int  # the class with the largest share
    commonest_accuracy: float  # of answering it always
    bag_of_words_accuracy: float


def baselines_of(parts: Parts) -> Baselines:
    """Everything is learned from the texts to train on, and judged on the held-out ones."""
    labels, held_out_labels, classes = parts.labels, parts.held_out_labels, len(parts.classes)
    shares = np.bincount(labels, minlength=classes) / len(labels)
    commonest = int(shares.argmax())
    bag = BagOfWords(parts.training.texts, labels, classes)
    answers = bag.probabilities(parts.held_out.texts).argmax(axis=1)
    return Baselines(
        shares,
        blind_loss=math.log(classes),
        frequency_loss=float(-np.log(shares[held_out_labels]).mean()),
        commonest=commonest,
        commonest_accuracy=float((held_out_labels == commonest).mean()),
        bag_of_words_accuracy=float((answers == held_out_labels).mean()),
    )
