"""From a pretrained model and labelled texts to a classifier."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError, check_known
from minillm.finetuning.batches import padding_of
from minillm.finetuning.classification.data import TextData, Tokens, tokenize
from minillm.finetuning.classification.defaults import check_settings, settings_for
from minillm.finetuning.classification.examples import Examples, Split, classes_of, numbers_of, split
from minillm.finetuning.classification.last_layer import fit_last_layer
from minillm.finetuning.classification.methods import Method, body_of, new_classifier, prepare
from minillm.finetuning.classification.scores import class_probabilities
from minillm.finetuning.columns import are_texts
from minillm.models import Model, SequenceClassifier
from minillm.text import Tokenizer
from minillm.training import Trainer, TrainOptions, check_memory
from minillm.training.train import run_to_end

YOURS = "the list of texts"  # what messages call what came from a program
SETTINGS = ("epochs", "pooling", "dropout", *TrainOptions.names())


class Parts(NamedTuple):
    """Texts to train on, held-out texts, their classes, and both as tokens and as numbers of classes."""

    training: Examples
    held_out: Examples
    classes: list[str]
    rows: Tokens
    held_out_rows: Tokens
    labels: np.ndarray
    held_out_labels: np.ndarray


def tokenize_parts(examples: Split, tokenizer: Tokenizer, context: int) -> Parts:
    """Both parts as tokens and as numbers of classes; InputError for a label that is none of the classes."""
    parts = (examples.training, examples.held_out)
    tokens = (tokenize(part.texts, tokenizer, context) for part in parts)
    labels = (numbers_of(part, examples.classes, YOURS) for part in parts)
    return Parts(*examples, *tokens, *labels)


def classifier_for(body: Model, classes: list[str], settings: dict, *, pretrained: bool = True) -> SequenceClassifier:
    """A new classifier of these classes, as the `settings` of `settings_for` want it, on a copy of a pretrained body."""
    own = {name: settings[name] for name in ("pooling", "dropout")}
    classifier = new_classifier(body, len(classes), pretrained=pretrained, seed=settings.get("seed", 0), **own)
    classifier.labels = classes
    return classifier


class Training(NamedTuple):
    """The trainer of what learns of a classifier, and how to come from that to the whole classifier."""

    trainer: Trainer
    whole: Callable[[], SequenceClassifier]


def prepare_training(
    classifier: SequenceClassifier,
    method: Method,
    parts: Parts,
    tokenizer: Tokenizer,
    options: TrainOptions,
) -> Training:
    """The trainer, with its batches. InputError if that needs more memory than there is."""
    rows, held_out, pad = parts.rows.rows, parts.held_out_rows.rows, padding_of(tokenizer)
    trained = prepare(classifier, method, options.seed)
    config = dataclasses.replace(classifier.config.body, vocab_size=classifier.config.classes)
    check_memory(config, options, max(map(len, rows)))
    data = TextData(rows, parts.labels, held_out, parts.held_out_labels, pad)
    return Training(Trainer(trained.model, data, options, trained.objective), trained.whole)


def finetune(
    model: Model,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    freeze: str | int = "none",
    lora: int | None = None,
    layer: int | str | None = None,
    pretrained: bool = True,
    progress: bool = True,
    **settings,
) -> SequenceClassifier:
    """A classifier on a copy of a pretrained body, with the weights of its lowest validation loss; `classify` asks it.

    Of the texts a tenth of each label is held out to validate on. `freeze` is "none" (everything learns), "body" (the last layer only) or
    a number of lowest blocks; `lora` is the rank of adapters in a frozen body; `pretrained=False` starts from random weights instead.
    `settings` are epochs, pooling, dropout, and the fields of `TrainOptions`.

    With `freeze="body"` nothing trains: the last layer is fitted, to all texts, within seconds. `layer` says which layer of the body it
    reads, 0 (the embeddings) to the last, or "all" of them side by side; cross-validation chooses if it is left out. Of the settings only
    pooling and seed have a meaning then.
    """
    method, body = Method(freeze, lora), body_of(model, "the given model")
    method.check(body.config)
    check_known(settings, SETTINGS)
    check_settings(method, settings | {"layer": layer})
    if not (are_texts(texts) and are_texts(labels)):
        raise InputError("Texts and labels are lists of strings.", "Give every text, and every label, as a string.")
    examples = Examples(list(texts), list(labels))
    if len(examples.texts) != len(examples.labels):
        raise InputError(
            f"There are {len(examples.texts):,} texts and {len(examples.labels):,} labels.", "Each text has one label."
        )
    seed = TrainOptions(seed=settings.get("seed", 0)).seed  # InputError for one that is none
    if freeze == "body":
        classes = classes_of(examples, YOURS)
        rows, numbers = tokenize(texts, tokenizer, body.config.context).rows, numbers_of(examples, classes, YOURS)
        if not pretrained:
            body = new_classifier(body, len(classes), pretrained=False, seed=seed).body
        choices = {"layer": layer, "pooling": settings.get("pooling"), "seed": seed}
        fitted = fit_last_layer(body, rows, numbers, classes, padding_of(tokenizer), **choices)
        if progress:
            print(fitted.describe(), file=sys.stderr, flush=True)
        return fitted.classifier
    parts = tokenize_parts(split(examples, seed, YOURS), tokenizer, body.config.context)
    settings = settings_for(body.config, method, {"texts": len(parts.labels)} | settings)
    classifier = classifier_for(body, parts.classes, settings, pretrained=pretrained)
    trainer, whole = prepare_training(classifier, method, parts, tokenizer, TrainOptions.from_settings(settings))
    run_to_end(trainer, best=True, progress=progress)
    return whole()


def classify(model: SequenceClassifier, tokenizer: Tokenizer, texts: str | Sequence[str]) -> list[dict[str, float]]:
    """The probability of each class for each text, the likeliest class first. A text longer than the context loses its end."""
    if not isinstance(model, SequenceClassifier):
        raise InputError(f"This is {model.config.name}, which knows no classes.", "Fine-tune it first.")
    texts = [texts] if isinstance(texts, str | bytes | Path) else list(texts)
    rows = tokenize(texts, tokenizer, model.config.body.context).rows
    return [
        {model.labels[i]: float(row[i]) for i in np.argsort(-row, kind="stable")}
        for row in class_probabilities(model, rows, padding_of(tokenizer))
    ]
