"""The last layer alone: what a frozen body makes of a text is computed once, and a logistic regression is fitted to that.

Alain & Bengio 2017 call it a linear probe. Which layer of the body tells most, and how strong the penalty should be, cross-validation
says, on the texts to train on alone.
"""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError, check_known
from minillm.finetuning.classification.data import padded
from minillm.finetuning.classification.logistic_regression import (
    Axes,
    Validated,
    axes_of,
    cross_validate,
    fold_numbers,
    newton,
    problem_of,
)
from minillm.finetuning.classification.methods import new_classifier
from minillm.layers import Pooling
from minillm.layers.pooling import POOLINGS
from minillm.models import GPT, Model, ModelConfig, SequenceClassifier, finite_on_host
from minillm.objectives.rows import by_length
from minillm.training.memory import Need, check_needs
from minillm.units import per_cent

ALL = "all"  # layers, side by side
MOST_AXES = 4096  # with more of them, all layers side by side would take minutes: only who asks for that gets it


class Tried(NamedTuple):
    """Layers that were tried, and what cross-validation says of the best penalty for them."""

    layers_read: tuple[int, ...]
    validated: Validated

    @property
    def name(self) -> str:
        """The value of `layer` that asks for these."""
        return ALL if len(self.layers_read) > 1 else str(self.layers_read[0])


class Fit(NamedTuple):
    """logits = features W + b, with the features of the best layers side by side; and all that was tried."""

    weight: np.ndarray  # (n D, C)
    bias: np.ndarray  # (C,)
    best: Tried
    tried: list[Tried]


class Fitted(NamedTuple):
    """What came of it, and all that was tried."""

    classifier: SequenceClassifier
    best: Tried
    tried: list[Tried]

    def describe(self) -> str:
        """What was chosen, in words."""
        config, (l2, _, accuracy) = self.classifier.config, self.best.validated
        return (
            f"layer {self.best.name} of {config.body.layers}, pooling {config.pooling}, L2 {l2:.2g}: "
            f"{per_cent(accuracy)} right by cross-validation"
        )


def usual_pooling(body: Model) -> str:
    """Of a GPT only the last token has seen all of the text; an encoder's tokens all have, and their mean tells most."""
    return "last" if isinstance(body, GPT) else "mean"


def layers_to_try(config: ModelConfig, layer: int | str | None, texts: int) -> list[tuple[int, ...]]:
    """Number `layer`, ALL side by side, or with None each alone and all of them; InputError for one that the body lacks."""
    top = config.layers
    everything = tuple(range(top + 1))
    if layer is None:
        axes = min(texts, len(everything) * config.d_model)
        return [(i,) for i in everything] + ([everything] if axes <= MOST_AXES else [])
    if layer == ALL:
        return [everything]
    if isinstance(layer, bool) or not isinstance(layer, Integral) or not 0 <= layer <= top:
        raise InputError(
            f"There is no `layer` {layer!r}: the body has 0 (the embeddings) to {top}.",
            "Give one of them, or all; or leave it out: cross-validation chooses.",
        )
    return [(int(layer),)]


def body_features(
    body: Model,
    rows: Sequence[np.ndarray],
    pad: int,
    *,
    pooling: str,
    layers_read: Sequence[int] | None = None,
    size: int = 64,
    progress: Callable[[int], object] = lambda texts: None,
) -> np.ndarray:
    """What n layers of the body (the last, if none is named) make of each text, pooled over its real tokens: (N, n, D), on the host.

    `progress` gets the size of each batch, which has texts of a like length.
    """
    layers_read, pool, device = layers_read or (body.config.layers,), Pooling(pooling), body.vector.device
    features = np.empty((len(rows), len(layers_read) * body.config.d_model), body.vector.dtype)
    for chosen in by_length(rows, size):
        ids, mask = padded([rows[i] for i in chosen], pad)
        hidden, _ = body.hidden(ids, mask=mask, layers_read=layers_read)
        pooled, _ = pool.forward(hidden, mask=device.xp.asarray(mask))
        features[chosen] = finite_on_host(pooled, "features of a text")
        progress(len(chosen))
    return features.reshape(len(rows), len(layers_read), -1)


def fit_features(
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    tries: Sequence[tuple[int, ...]],
    layers_read: Sequence[int],
    seed: int = 0,
    report: Callable[[Tried], object] = lambda tried: None,
) -> Fit:
    """Weights for the features (N, n, D) of the layers `layers_read`, or of those among them that are best: each of `tries` is tried, and
    `report` gets what came of it.

    The features h are standardised, z = (h − μ)/σ with their mean and deviation over the texts, and that is folded into the weights:
    z W + b = h (W/σ) + (b − (μ/σ) W). The layers and the penalty are those of the lowest cross-validated loss.
    """

    def axes(layers: tuple[int, ...]) -> Axes:
        return axes_of(features[:, [layers_read.index(layer) for layer in layers]].reshape(len(features), -1))

    folds, tried = fold_numbers(labels, seed), []
    for layers in tries:
        found = axes(layers)
        path = cross_validate(found.x, labels, classes, folds)
        tried.append(Tried(layers, min(path, key=lambda validated: validated.loss)))
        report(tried[-1])
        best = min(tried, key=lambda each: each.validated.loss)
        if best is tried[-1]:
            chosen = found
    problem = problem_of(chosen.x, labels, classes, best.validated.l2)
    return Fit(*chosen.linear(newton(problem, np.zeros((chosen.x.shape[1], classes)))), best, tried)


def fit_last_layer(
    body: Model,
    rows: Sequence[np.ndarray],
    labels: np.ndarray,
    classes: Sequence[str],
    pad: int,
    *,
    layer: int | str | None = None,
    pooling: str | None = None,
    seed: int = 0,
    progress: Callable[[int], object] = lambda texts: None,
    report: Callable[[Tried], object] = lambda tried: None,
) -> Fitted:
    """A classifier on a copy of the body, of which the last layer alone was fitted, to these texts and to nothing else.

    `progress` gets how many texts the body has read since the last call, `report` what came of each of the layers that were tried.
    """
    pooling = pooling or usual_pooling(body)
    check_known([pooling], POOLINGS, "`pooling`")
    tries = layers_to_try(body.config, layer, len(rows))
    read = sorted({i for layers in tries for i in layers})
    widest = max(map(len, tries))
    # In float32 as they are read; and in float64 as they are, standardised, on their axes, and what NumPy needs to get there.
    size = len(rows) * body.config.d_model * (4 * len(read) + 5 * 8 * widest)
    check_needs(Need(size, "the features", "Give `layer`, the number of one, or fewer texts."))
    features = body_features(body, rows, pad, pooling=pooling, layers_read=read, progress=progress)
    fit = fit_features(features, labels, len(classes), tries, read, seed, report)
    classifier = new_classifier(body, len(classes), pooling=pooling, layers_read=fit.best.layers_read, seed=seed)
    xp, linear = body.vector.device.xp, classifier.head.linear
    linear.weight.data[...], linear.bias.data[...] = xp.asarray(fit.weight), xp.asarray(fit.bias)
    classifier.labels = list(classes)
    return Fitted(classifier, fit.best, fit.tried)
