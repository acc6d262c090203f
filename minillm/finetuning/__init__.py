"""Fine-tuning: a pretrained body and a new head learn, from examples with labels, to tell classes of texts apart."""

from minillm.finetuning.bag_of_words import BagOfWords
from minillm.finetuning.data import FeatureData, TextData, Tokens, padded, padding_of, tokenize
from minillm.finetuning.examples import Examples, classes_of, hold_out, name_of, numbers_of, read_examples
from minillm.finetuning.job import Parts, classify, finetune, prepare_training, tokenize_parts
from minillm.finetuning.last_layer import LAST_LAYER, LastLayer, body_features
from minillm.finetuning.methods import Method, Trained, body_of, learned_count, merged, new_classifier, prepare
from minillm.finetuning.run import FinetuningRun, load_classifier
from minillm.finetuning.scores import accuracy_of, class_probabilities, confusion_matrix

__all__ = [
    "LAST_LAYER",
    "BagOfWords",
    "Examples",
    "FeatureData",
    "FinetuningRun",
    "LastLayer",
    "Method",
    "Parts",
    "TextData",
    "Tokens",
    "Trained",
    "accuracy_of",
    "body_features",
    "body_of",
    "class_probabilities",
    "classes_of",
    "classify",
    "confusion_matrix",
    "finetune",
    "hold_out",
    "learned_count",
    "load_classifier",
    "merged",
    "name_of",
    "new_classifier",
    "numbers_of",
    "padded",
    "padding_of",
    "prepare",
    "prepare_training",
    "read_examples",
    "tokenize",
    "tokenize_parts",
]
