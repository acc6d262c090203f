"""What learns: everything, the upper blocks, adapters, or the last layer alone."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from minillm.errors import InputError
from minillm.layers import add_lora, merge_lora
from minillm.models import (
    GPT,
    ClassifierConfig,
    Encoder,
    MaskedLM,
    Model,
    ModelConfig,
    QuestionAnswering,
    SequenceClassifier,
    build,
    copy_parameters,
)
from minillm.objectives import CLASSIFICATION, Objective


class Method(NamedTuple):
    """`freeze` is "none", "body", or how many of the lowest blocks are frozen, the embeddings with them; `lora` is the rank of adapters."""

    freeze: str | int = "none"
    lora: int | None = None

    def check(self, body: ModelConfig) -> None:
        """Raise InputError if it can't be done to a body of this config."""
        if isinstance(self.freeze, str) and self.freeze not in ("none", "body"):
            raise InputError(f"There is no `freeze` {self.freeze!r}.", "Give body, none or a number of blocks.")
        if self.lora is not None:
            if self.freeze != "none":
                raise InputError(
                    "`lora` freezes the whole body and trains adapters in it, and leaves `freeze` nothing to say.",
                    "Give one of them.",
                )
            if not 1 <= self.lora <= body.d_model:
                raise InputError(
                    f"`lora` must be a rank from 1 to the model's width, {body.d_model}, got {self.lora}.",
                    "4 or 8 is usual.",
                )
        if isinstance(self.freeze, int) and not 0 <= self.freeze <= body.layers:
            raise InputError(
                f"`freeze` {self.freeze} asks for {self.freeze} frozen blocks, and the body has {body.layers}.",
                f"Give a number from 0 to {body.layers}, body or none.",
            )

    def describe(self) -> str:
        if self.lora is not None:
            return f"adapters of rank {self.lora} and the last layer"
        if self.freeze == "body":
            return "the last layer"
        if self.freeze == "none":
            return "everything"
        frozen = "lowest block" if self.freeze == 1 else f"lowest {self.freeze} blocks" if self.freeze else "embeddings"
        return f"everything above the {frozen}"


class Trained(NamedTuple):
    """What a trainer gets, and how to come from it to the whole classifier."""

    model: Model
    objective: Objective
    whole: Callable[[], SequenceClassifier]


def body_of(model: Model, directory: str | Path) -> Model:
    """The part of a pretrained model that a classifier can stand on, be it one of other classes; InputError if it has none."""
    if isinstance(model, MaskedLM | SequenceClassifier | QuestionAnswering):
        return model.body
    if isinstance(model, GPT | Encoder):
        return model
    raise InputError(
        f"{directory} holds {model.config.name}, which cannot be fine-tuned to classify.",
        "Use a model that was pretrained with `objective` causal or masked.",
    )


def new_classifier(
    body: Model,
    classes: int,
    *,
    pooling: str = "",
    layers_read: tuple[int, ...] = (),
    dropout: float = 0.0,
    pretrained: bool = True,
    seed: int = 0,
) -> SequenceClassifier:
    """A new head on a copy of a body, or, with `pretrained=False`, on a body of the same config with random weights.

    While it trains, the body and the head drop the share `dropout` of their activations.
    """
    config = ClassifierConfig(
        dataclasses.replace(body.config, dropout=dropout),
        classes,
        pooling=pooling,
        head_dropout=dropout,
        layers_read=layers_read,
    )
    classifier = build(config, seed=seed, device=body.vector.device)
    if pretrained:
        copy_parameters(body, classifier.body)
    return classifier


def prepare(classifier: SequenceClassifier, method: Method, seed: int = 0) -> Trained:
    """Freeze what is to stay as it is, and add the adapters, drawn from the seed. The method must have been checked. InputError if nothing
    below the last layer learns: that layer alone is not trained but fitted.
    """
    if method.freeze == "body":
        raise InputError("With `freeze` body nothing trains.", "Call fit_last_layer.")
    body = classifier.body
    if isinstance(body, GPT) and not body.config.tie_head:
        body.head.freeze()  # nobody asks for the next token any more
    if method.lora is not None:
        body.freeze()
        add_lora(classifier, method.lora, seed=seed)
        return Trained(classifier, CLASSIFICATION, lambda: merged(classifier, method.lora))
    if method.freeze != "none":
        for name in ("embedding", "positions", "token_types", "embedding_norm"):
            if layer := getattr(body, name, None):
                layer.freeze()
        for block in body.blocks[: method.freeze]:
            block.freeze()
    return Trained(classifier, CLASSIFICATION, lambda: classifier)


def merged(classifier: SequenceClassifier, rank: int) -> SequenceClassifier:
    """A copy without adapters, which computes the same; this one goes on learning."""
    copy = build(classifier.config, seed=None, device=classifier.vector.device)
    add_lora(copy, rank)
    copy_parameters(classifier, copy)
    merge_lora(copy)
    copy.labels = classifier.labels
    return copy


def learned_count(model: Model) -> int:
    """How many numbers learn."""
    return sum(parameter.data.size for parameter in model.parameters() if parameter.trainable)
