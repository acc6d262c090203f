"""From a pretrained model and labelled texts to a classifier."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError, check_known
from minillm.finetuning.data import FeatureData, TextData, Tokens, padding_of, tokenize
from minillm.finetuning.defaults import settings_for
from minillm.finetuning.examples import Examples, classes_of, hold_out, numbers_of
from minillm.finetuning.last_layer import LastLayer, body_features
from minillm.finetuning.methods import Method, Trained, body_of, new_classifier, prepare
from minillm.finetuning.scores import class_probabilities
from minillm.models import Model, SequenceClassifier
from minillm.objectives import Data
from minillm.text import Tokenizer
from minillm.training import TrainOptions, check_memory, train

YOURS = "the list of texts"  # what messages call what came from a program
SETTINGS = ("epochs", "pooling", "dropout", *TrainOptions.names())


class Parts(NamedTuple):
    """Texts to train on, held-out texts, and both as tokens and as numbers of classes."""

    training: Examples
    held_out: Examples
    rows: Tokens
    held_out_rows: Tokens
    labels: np.ndarray
    held_out_labels: np.ndarray


def tokenize_parts(
    training: Examples, held_out: Examples, classes: list[str], tokenizer: Tokenizer, context: int
) -> Parts:
    """Both parts as tokens and as numbers of classes; InputError for a label that is none of the classes."""
    rows, held_out_rows = (tokenize(part.texts, tokenizer, context) for part in (training, held_out))
    labels, held_out_labels = (numbers_of(part, classes, YOURS) for part in (training, held_out))
    return Parts(training, held_out, rows, held_out_rows, labels, held_out_labels)


def prepare_training(
    classifier: SequenceClassifier,
    method: Method,
    parts: Parts,
    tokenizer: Tokenizer,
    options: TrainOptions,
    progress: Callable[[int], object] = lambda texts: None,
) -> tuple[Trained, Data]:
    """What trains, and its batches. Where only the last layer learns, the body reads all texts here, once; `progress` hears of how many.

    InputError if that needs more memory than there is.
    """
    rows, held_out, pad = parts.rows.rows, parts.held_out_rows.rows, padding_of(tokenizer)
    trained = prepare(classifier, method, options.seed)
    if isinstance(trained.model, LastLayer):
        features, held_out_features = (
            body_features(classifier, texts, pad, progress=progress) for texts in (rows, held_out)
        )
        return trained, FeatureData(features, parts.labels, held_out_features, parts.held_out_labels)
    config = dataclasses.replace(classifier.config.body, vocab_size=classifier.config.classes)
    check_memory(config, options, max(map(len, rows)))
    return trained, TextData(rows, parts.labels, held_out, parts.held_out_labels, pad)


def finetune(
    model: Model,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    freeze: str | int = "none",
    lora: int | None = None,
    pretrained: bool = True,
    progress: bool = True,
    **settings,
) -> SequenceClassifier:
    """A classifier on a copy of a pretrained body, with the weights of its lowest validation loss; `classify` asks it.

    Of the texts a tenth of each label is held out to validate on. `freeze` is "none" (everything learns), "body" (the last layer only) or
    a number of lowest blocks; `lora` is the rank of adapters in a frozen body; `pretrained=False` starts from random weights instead.
    `settings` are epochs, pooling, dropout, and the fields of `TrainOptions`.
    """
    method, body, seed = Method(freeze, lora), body_of(model, "the given model"), settings.get("seed", 0)
    method.check(body.config)
    check_known(settings, SETTINGS)
    if isinstance(texts, str) or not all(isinstance(each, str) for each in (*texts, *labels)):
        raise InputError("Texts and labels are lists of strings.", "Give every text, and every label, as a string.")
    examples = Examples(list(texts), list(labels))
    if len(examples.texts) != len(examples.labels):
        raise InputError(
            f"There are {len(examples.texts):,} texts and {len(examples.labels):,} labels.", "Each text has one label."
        )
    classes = classes_of(examples, YOURS)
    parts = tokenize_parts(*hold_out(examples, seed, YOURS), classes, tokenizer, body.config.context)
    chosen = settings_for(body.config, method, {"texts": len(parts.labels)} | settings)
    options = TrainOptions.from_settings(chosen)
    choices = {name: chosen[name] for name in ("pooling", "dropout")}
    classifier = new_classifier(body, len(classes), pretrained=pretrained, seed=seed, **choices)
    if progress and freeze == "body":
        print(f"the body reads {len(examples.texts):,} texts, once ...", file=sys.stderr, flush=True)
    trained, data = prepare_training(classifier, method, parts, tokenizer, options)
    train(trained.model, data, trained.objective, best=True, progress=progress, **options.to_dict())
    classifier = trained.whole()
    classifier.labels = classes
    return classifier


def classify(model: SequenceClassifier, tokenizer: Tokenizer, texts: str | Sequence[str]) -> list[dict[str, float]]:
    """The probability of each class for each text, the likeliest class first. A text longer than the context loses its end."""
    if not isinstance(model, SequenceClassifier):
        raise InputError(f"This is {model.config.name}, which knows no classes.", "Fine-tune it first.")
    texts = [texts] if isinstance(texts, str) else list(texts)
    rows = tokenize(texts, tokenizer, model.config.body.context).rows
    return [
        {model.labels[i]: float(row[i]) for i in np.argsort(-row, kind="stable")}
        for row in class_probabilities(model, rows, padding_of(tokenizer))
    ]
