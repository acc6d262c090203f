"""How good a classifier is on labelled texts, beside what it has to beat."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from minillm.errors import InputError
from minillm.finetuning.batches import padding_of
from minillm.finetuning.classification.bag_of_words import BagOfWords
from minillm.finetuning.classification.data import tokenize
from minillm.finetuning.classification.examples import Examples, classes_of, numbers_of
from minillm.finetuning.classification.scores import class_probabilities, confusion_matrix
from minillm.finetuning.columns import Line
from minillm.finetuning.evaluation import Answered
from minillm.metrics import Accuracy, Case, MacroF1
from minillm.metrics.evaluation import count_answers, evaluation_of, worst_places
from minillm.models import SequenceClassifier
from minillm.text import Tokenizer


def evaluate_classifier(
    model: SequenceClassifier, tokenizer: Tokenizer, lines: Sequence[Line], training: Examples | None = None
) -> Answered:
    """Accuracy and macro-F1 on labelled texts, the confusion, and the texts whose label was the least likely one for the model.

    To be beaten are the commonest label always, and where there are texts to learn from, a bag of words. Without them the commonest label
    is that of the very texts. InputError, with its line, for a label that the model doesn't know.
    """
    names = model.labels
    for line in lines:
        if line.second not in names:
            raise InputError(
                f"Line {line.number:,} has the label {line.second!r}, which the model does not know.",
                f"Its classes are {', '.join(names[:10])}{' ...' if len(names) > 10 else ''}.",
            )
    texts, labels = [line.first for line in lines], [line.second for line in lines]
    rows = tokenize(texts, tokenizer, model.config.body.context).rows
    probabilities = class_probabilities(model, rows, padding_of(tokenizer))
    answers = [names[i] for i in probabilities.argmax(axis=1)]
    simple = simple_answers(texts, labels, training)
    counts = [count_answers(metric, answers, labels, simple) for metric in (Accuracy(), MacroF1(names))]
    numbers = np.array([names.index(label) for label in labels])
    of_label = probabilities[np.arange(len(labels)), numbers]
    worst = [Case(float(of_label[i]), texts[i], answers[i], labels[i], lines[i].number) for i in worst_places(of_label)]
    confusion = confusion_matrix(numbers, probabilities.argmax(axis=1), len(names))
    return Answered(answers, evaluation_of("text", counts, worst), confusion)


def simple_answers(texts: Sequence[str], labels: Sequence[str], training: Examples | None) -> dict[str, list[str]]:
    """What needs no Transformer."""
    known = labels if training is None else training.labels
    ((commonest, _),) = Counter(known).most_common(1)
    answers = {f"always {commonest}": [commonest] * len(texts)}
    if training is not None:
        classes = classes_of(training, "The file to train on")
        bag = BagOfWords(training.texts, numbers_of(training, classes, ""), len(classes))
        answers["a bag of words"] = [classes[i] for i in bag.probabilities(texts).argmax(axis=1)]
    return answers
