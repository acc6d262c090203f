"""From a pretrained body and labelled texts to a classifier."""

from minillm.finetuning.classification.bag_of_words import BagOfWords
from minillm.finetuning.classification.baselines import Baselines, baselines_of
from minillm.finetuning.classification.data import TextBatch, TextData, Tokens, padded, tokenize
from minillm.finetuning.classification.defaults import check_settings, settings_for
from minillm.finetuning.classification.evaluation import evaluate_classifier
from minillm.finetuning.classification.examples import (
    Examples,
    Split,
    classes_of,
    hold_out,
    labelled_lines,
    numbers_of,
    read_examples,
    read_split,
    split,
)
from minillm.finetuning.classification.job import (
    Parts,
    Training,
    classifier_for,
    classify,
    finetune,
    prepare_training,
    tokenize_parts,
)
from minillm.finetuning.classification.last_layer import (
    ALL,
    Fitted,
    Tried,
    body_features,
    fit_features,
    fit_last_layer,
    layers_to_try,
    usual_pooling,
)
from minillm.finetuning.classification.logistic_regression import newton, problem_of
from minillm.finetuning.classification.methods import (
    Method,
    Trained,
    body_of,
    learned_count,
    merged,
    new_classifier,
    prepare,
)
from minillm.finetuning.classification.record import TASK, Choices
from minillm.finetuning.classification.run import FinetuningRun, load_classifier
from minillm.finetuning.classification.scores import (
    accuracy_of,
    class_probabilities,
    classification_report,
    confusion_matrix,
    confusion_table,
    held_out_answers,
)

__all__ = [
    "ALL",
    "TASK",
    "BagOfWords",
    "Baselines",
    "Choices",
    "Examples",
    "FinetuningRun",
    "Fitted",
    "Method",
    "Parts",
    "Split",
    "TextBatch",
    "TextData",
    "Tokens",
    "Trained",
    "Training",
    "Tried",
    "accuracy_of",
    "baselines_of",
    "body_features",
    "body_of",
    "check_settings",
    "class_probabilities",
    "classes_of",
    "classification_report",
    "classifier_for",
    "classify",
    "confusion_matrix",
    "confusion_table",
    "evaluate_classifier",
    "finetune",
    "fit_features",
    "fit_last_layer",
    "held_out_answers",
    "hold_out",
    "labelled_lines",
    "layers_to_try",
    "learned_count",
    "load_classifier",
    "merged",
    "new_classifier",
    "newton",
    "numbers_of",
    "padded",
    "prepare",
    "prepare_training",
    "problem_of",
    "read_examples",
    "read_split",
    "settings_for",
    "split",
    "tokenize",
    "tokenize_parts",
    "usual_pooling",
]
