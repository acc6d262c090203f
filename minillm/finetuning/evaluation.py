"""How good a fine-tuned model is on texts of a file, beside what it has to beat."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.finetuning.bag_of_words import BagOfWords
from minillm.finetuning.columns import Line
from minillm.finetuning.data import padding_of, tokenize
from minillm.finetuning.examples import Examples, classes_of, numbers_of
from minillm.finetuning.pair_tasks import TRANSLATE, PairTask, is_chinese, simple_targets
from minillm.finetuning.pairs import Pairs
from minillm.finetuning.question_scores import BLIND, LIKE, answer_metrics, blind_answers, sentences_like
from minillm.finetuning.questions import Questions
from minillm.finetuning.scores import class_probabilities, confusion_matrix
from minillm.generation import translate
from minillm.generation.answering import find_answers
from minillm.metrics import Accuracy, Case, Evaluation, MacroF1
from minillm.metrics.evaluation import count_answers, evaluation_of, worst_places
from minillm.models import Model, QuestionAnswering, SequenceClassifier
from minillm.text import Tokenizer


class Answered(NamedTuple):
    """What a model answered, and how good that is."""

    answers: list[str]  # one for each text
    evaluation: Evaluation
    confusion: np.ndarray | None = None  # (C, C), of a classifier: texts of class i that were answered with class j
    ids: list[str] | None = None  # of the questions


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


def evaluate_pairs(
    model: Model,
    tokenizer: Tokenizer,
    pairs: Pairs,
    task: PairTask = TRANSLATE,
    training: Pairs | None = None,
    **settings,
) -> Answered:
    """How near an encoder-decoder's answers to the sources come to their targets, by the metrics of a task, and the answers that are the
    furthest away.

    To be beaten are a part of the source, and where there are pairs to learn from, the target of the training source that is nearest to
    it. `settings` are those of `translate`.
    """
    answers = translate(model, tokenizer, pairs.sources, **settings)
    simple = simple_targets(task, pairs.sources, training)
    metrics = task.metrics(is_chinese(pairs.targets))
    counts = [count_answers(metric, answers, pairs.targets, simple) for metric in metrics]
    scores = [metrics[0].sentence_score(*each) for each in zip(answers, zip(pairs.targets), strict=True)]
    worst = [
        Case(scores[i], pairs.sources[i], answers[i], pairs.targets[i], pairs.lines[i]) for i in worst_places(scores)
    ]
    return Answered(answers, evaluation_of("pair", counts, worst))


def evaluate_questions(model: QuestionAnswering, tokenizer: Tokenizer, questions: Questions) -> Answered:
    """F1 and exact match of a question answerer, and the answers with the lowest F1. Where most answers are Chinese, they are measured by
    character.

    To be beaten are the sentence of the passage that shares the rarest words with the question, and what the model answers to an empty
    question.
    """
    asked, references = questions.questions, questions.answers
    answers = find_answers(model, tokenizer, asked, questions.passages, may_be_missing=questions.may_be_missing)
    simple = {LIKE: sentences_like(questions), BLIND: blind_answers(model, tokenizer, questions)}
    metrics = answer_metrics(questions)
    counts = [count_answers(metric, answers, references, simple) for metric in metrics]
    scores = [metrics[0].sentence_score(*each) for each in zip(answers, references, strict=True)]
    worst = [Case(scores[i], asked[i], answers[i], references[i][0]) for i in worst_places(scores)]
    return Answered(answers, evaluation_of("question", counts, worst), ids=questions.ids)


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
