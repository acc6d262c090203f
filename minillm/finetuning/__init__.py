"""Fine-tuning: from examples a pretrained body and a new head learn to tell classes of texts apart or to answer
questions, and an encoder-decoder to translate and to summarise.
"""

from minillm.finetuning.bag_of_words import BagOfWords
from minillm.finetuning.baselines import Baselines, baselines_of
from minillm.finetuning.data import TextBatch, TextData, Tokens, padded, padding_of, tokenize
from minillm.finetuning.evaluation import Answered, evaluate_classifier, evaluate_pairs, evaluate_questions
from minillm.finetuning.examples import (
    Examples,
    Split,
    classes_of,
    hold_out,
    numbers_of,
    read_examples,
    read_split,
)
from minillm.finetuning.job import Parts, Training, classifier_for, classify, finetune, prepare_training, tokenize_parts
from minillm.finetuning.last_layer import Fitted, body_features, fit_last_layer
from minillm.finetuning.methods import Method, Trained, body_of, learned_count, merged, new_classifier, prepare
from minillm.finetuning.pair_job import learn_pairs
from minillm.finetuning.pairs import Pairs, PairSplit, read_pair_split, read_pairs, split_pairs
from minillm.finetuning.question_job import learn_questions
from minillm.finetuning.questions import Questions, QuestionSplit, read_question_split, read_questions, split_questions
from minillm.finetuning.run import FinetuningRun, load_classifier
from minillm.finetuning.scores import accuracy_of, class_probabilities, confusion_matrix, held_out_answers

__all__ = [
    "Answered",
    "BagOfWords",
    "Baselines",
    "Examples",
    "FinetuningRun",
    "Fitted",
    "Method",
    "PairSplit",
    "Pairs",
    "Parts",
    "QuestionSplit",
    "Questions",
    "Split",
    "TextBatch",
    "TextData",
    "Tokens",
    "Trained",
    "Training",
    "accuracy_of",
    "baselines_of",
    "body_features",
    "body_of",
    "class_probabilities",
    "classes_of",
    "classifier_for",
    "classify",
    "confusion_matrix",
    "evaluate_classifier",
    "evaluate_pairs",
    "evaluate_questions",
    "finetune",
    "fit_last_layer",
    "held_out_answers",
    "hold_out",
    "learn_pairs",
    "learn_questions",
    "learned_count",
    "load_classifier",
    "merged",
    "new_classifier",
    "numbers_of",
    "padded",
    "padding_of",
    "prepare",
    "prepare_training",
    "read_examples",
    "read_pair_split",
    "read_pairs",
    "read_question_split",
    "read_questions",
    "read_split",
    "split_pairs",
    "split_questions",
    "tokenize",
    "tokenize_parts",
]
