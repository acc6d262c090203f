"""What lesson 13 sets its last layer against: classifiers of the same reviews whose body learns, and a bag of words.

For example adapters in a frozen body, which learn from the chosen ones of the labelled reviews:

    tuning = ReviewTuning(world)
    tune = tuning.tuned_by(finetuning.Method(lora=4), lr=5e-3)
    tuning.accuracy(tune(chosen, seed))
"""

import math
from collections.abc import Callable

import numpy as np

from minillm import finetuning
from minillm.course.review_body import ReviewBody
from minillm.course.reviews import Review
from minillm.models import SequenceClassifier
from minillm.objectives import CLASSIFICATION, Objective
from minillm.training import train


class ReviewTuning:
    """The labelled reviews of a world and those to be judged: `rows` and `judged_rows` of tokens, `y` and `truth` 1 for praise."""

    def __init__(self, world: ReviewBody, *, quick: bool = False):
        self.world, self.quick = world, quick
        self.rows, self.judged_rows = (world.tokenized(_texts(part)) for part in (world.labelled, world.judged))
        self.y, self.truth = (np.array([each.praises for each in part], int) for part in (world.labelled, world.judged))
        self.pad = finetuning.padding_of(world.tokenizer)

    def train(
        self, classifier: SequenceClassifier, chosen: np.ndarray, lr: float, objective: Objective = CLASSIFICATION
    ) -> None:
        """Gradient descent (AdamW) on the chosen labelled reviews: more steps for more of them."""
        rows = [self.rows[i] for i in chosen]
        texts = finetuning.TextData(rows, self.y[chosen], self.judged_rows[:1], self.truth[:1], self.pad)
        steps = 2 if self.quick else 15 * round(math.log2(len(chosen)))
        settings = {"steps": steps, "batch": min(32, len(chosen)), "warmup": min(10, steps), "eval_every": steps}
        train(classifier, texts, objective, progress=False, schedule="linear", lr=lr, lr_floor=0.0, **settings)

    def tuned_by(
        self, method: finetuning.Method, lr: float, *, pretrained: bool = True
    ) -> Callable[[np.ndarray, int], SequenceClassifier]:
        """A way that trains the body, or beside it: from which reviews it learns, and a seed -> a classifier."""

        def tune(chosen: np.ndarray, seed: int) -> SequenceClassifier:
            body = self.world.model.body
            classifier = finetuning.new_classifier(body, 2, pooling="mean", pretrained=pretrained, seed=seed)
            trained = finetuning.prepare(classifier, method, seed)
            self.train(trained.model, chosen, lr, trained.objective)
            return trained.whole()

        return tune

    def accuracy(self, classifier: SequenceClassifier) -> float:
        """On the reviews to be judged."""
        found = finetuning.class_probabilities(classifier, self.judged_rows, self.pad).argmax(axis=1)
        return float((found == self.truth).mean())

    def bag_of_words(self, chosen: np.ndarray) -> float:
        """The accuracy of a logistic regression on which words and pairs of neighbours a text has."""
        bag = finetuning.BagOfWords(_texts([self.world.labelled[i] for i in chosen]), self.y[chosen], 2)
        return float((bag.probabilities(_texts(self.world.judged)).argmax(axis=1) == self.truth).mean())


def _texts(reviews: list[Review]) -> list[str]:
    return [review.text for review in reviews]
