"""DPO and its kin on a GPT: batches of pairs, the reference's log-probabilities beside them, and the objective for the trainer."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minillm.alignment.pairs import Answers, TokenPairs, answers_of
from minillm.backend import Array, array_module
from minillm.models import GPT, finite_on_host
from minillm.objectives import Objective, count_rows
from minillm.ops import IGNORE, sequence_logp, sequence_logp_backward
from minillm.preferences import dpo, hinge, ipo, kto, kto_kl, orpo, robust_dpo, simpo
from minillm.units import per_cent


class PairBatch(NamedTuple):
    """B pairs, in the rows chosen and rejected, and for KTO a third."""

    inputs: np.ndarray  # (B, 2 or 3, T) int64
    targets: np.ndarray  # (B, 2 or 3, T) int64
    reference: np.ndarray  # (B, 2 or 3) float32: the reference model's log-probabilities


class PairData:
    """Pairs to train on, and held-out ones.

    With `mismatched` a batch has a third row: the prompt with the next pair's chosen answer, from which KTO estimates its KL (that prompt
    loses its beginning if the two exceed the `context`).
    """

    def __init__(
        self, training: TokenPairs, held_out: TokenPairs, *, mismatched: bool = False, context: int | None = None
    ):
        self.training, self.held_out = (_rows(part, mismatched, context) for part in (training, held_out))
        self.reference = [np.zeros(part.inputs.shape[:2], np.float32) for part in (self.training, self.held_out)]

    def ask_reference(self, model: GPT, size: int = 16) -> None:
        """Compute the reference's log-probabilities, once and for all."""
        self.reference = [
            np.concatenate(
                [
                    log_probabilities(model, Answers(inputs[i : i + size], targets[i : i + size]))
                    for i in range(0, len(inputs), size)
                ]
            )
            for inputs, targets in (self.training, self.held_out)
        ]

    def batch(self, rng: np.random.Generator, size: int) -> PairBatch:
        rows = rng.integers(len(self.training.inputs), size=size)
        return self._batch(self.training, self.reference[0], rows)

    def validation_batches(self, size: int) -> Iterator[PairBatch]:
        count = len(self.held_out.inputs)
        for first in range(0, count, size):
            rows = np.arange(first, min(first + size, count))
            yield self._batch(self.held_out, self.reference[1], rows)

    @staticmethod
    def _batch(answers: Answers, reference: np.ndarray, rows: np.ndarray) -> PairBatch:
        inputs, targets = (array[rows] for array in answers)
        width = np.flatnonzero((targets != IGNORE).any(axis=(0, 1)))[-1] + 1  # as wide as the longest text in it
        return PairBatch(inputs[..., :width], targets[..., :width], reference[rows])


def _rows(pairs: TokenPairs, mismatched: bool, context: int | None) -> Answers:
    """inputs and targets, (P, 2 or 3, T)."""
    prompts, answers = 2 * pairs.prompts, pairs.chosen + pairs.rejected
    if mismatched:
        others = [*pairs.chosen[1:], pairs.chosen[0]]
        prompts = prompts + [_end(*both, context) for both in zip(pairs.prompts, others, strict=True)]
        answers = answers + others
    all_rows = answers_of(prompts, answers)
    return Answers(*(array.reshape(-1, len(pairs.prompts), array.shape[1]).swapaxes(0, 1) for array in all_rows))


def _end(prompt: np.ndarray, answer: np.ndarray, context: int | None) -> np.ndarray:
    """As much of a prompt's end as the model sees in front of this answer, whose last token need not be read."""
    return prompt if context is None else prompt[max(0, len(prompt) + len(answer) - context - 1) :]


def log_probabilities(model: GPT, answers: Answers) -> np.ndarray:
    """log p(answer | prompt), on the host, for inputs and targets (..., T): (...)."""
    inputs, targets = (array.reshape(-1, array.shape[-1]) for array in answers)
    logp, _ = sequence_logp(model.forward(inputs)[0], model.vector.device.xp.asarray(targets))
    return finite_on_host(logp, "log-probabilities").reshape(answers.inputs.shape[:-1])


class PairSaved(NamedTuple):
    model: Any
    logp: Any
    dlogp: Array


def pair_lm(
    model: GPT,
    inputs: np.ndarray,
    targets: np.ndarray,
    reference: np.ndarray,
    *,
    loss_fn: Callable,
    rng=None,
    label_smoothing=0.0,
) -> tuple[Array, PairSaved]:
    """Mean over B pairs of a loss of their answers' log-probabilities: the arrays of a `PairBatch`, on the host -> a scalar.

    `loss_fn(logp, reference, lengths)`, all (B, 2), returns the loss and dlogp.
    """
    rows, width = inputs.shape[:2], inputs.shape[2]
    xp = model.vector.device.xp
    logits, sm = model.forward(inputs.reshape(-1, width), rng=rng)
    logp, sl = sequence_logp(logits, xp.asarray(targets.reshape(-1, width)))
    lengths = xp.asarray((targets != IGNORE).sum(axis=-1))
    loss, dlogp = loss_fn(logp.reshape(rows), xp.asarray(reference).astype(logp.dtype), lengths)
    return loss, PairSaved(sm, sl, dlogp.reshape(-1))


def pair_lm_backward(model: GPT, dloss: float, saved: PairSaved) -> None:
    """Adds dloss times the loss's gradient to every parameter's gradient. The reference is a constant."""
    dlogits = sequence_logp_backward(dloss * saved.dlogp, saved.logp)  # loss = loss_fn(sequence_logp(logits, targets))
    model.backward(dlogits, saved.model)  # logits = model(inputs)


def with_reference(logp: Array, reference: Array, lengths: Array, *, loss: Callable, **options) -> tuple[Array, Array]:
    """A loss of `preferences.direct` on the columns chosen and rejected."""
    value, *derivatives = loss(logp[:, 0], logp[:, 1], reference[:, 0], reference[:, 1], **options)
    return value, _columns(*derivatives)


def without_reference(
    logp: Array, reference: Array, lengths: Array, *, loss: Callable, **options
) -> tuple[Array, Array]:
    """A loss of `preferences.reference_free`."""
    value, *derivatives = loss(logp[:, 0], logp[:, 1], lengths[:, 0], lengths[:, 1], **options)
    return value, _columns(*derivatives)


def kto_of_pairs(logp: Array, reference: Array, lengths: Array, *, kl: float, beta: float) -> tuple[Array, Array]:
    """KTO, for which every pair is a desirable and an undesirable answer."""
    desirable = array_module(logp).arange(logp.size) % 2 == 0
    value, slope = kto(logp.reshape(-1), reference.reshape(-1), desirable, kl=kl, beta=beta)
    return value, _columns(slope[::2], slope[1::2])


def _columns(dchosen: Array, drejected: Array) -> Array:
    return array_module(dchosen).stack([dchosen, drejected], axis=1)


def mismatched_logp(model: GPT, inputs: np.ndarray, targets: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """log p of the third row of each pair under the model and under the reference, (B, 2): KTO's KL is that of a whole batch."""
    return np.stack([log_probabilities(model, Answers(inputs[:, 2], targets[:, 2])), reference[:, 2]], axis=1)


def kto_lm(
    model: GPT,
    inputs: np.ndarray,
    targets: np.ndarray,
    reference: np.ndarray,
    *,
    beta: float,
    measured: np.ndarray | None = None,
    rng=None,
    label_smoothing=0.0,
) -> tuple[Array, PairSaved]:
    """`pair_lm` with KTO's loss, for batches with a third row; its KL, which has no gradient, from what `mismatched_logp` measured."""
    if measured is None:
        measured = mismatched_logp(model, inputs, targets, reference)
    loss_fn = partial(kto_of_pairs, kl=float(kto_kl(*measured.T)), beta=beta)
    return pair_lm(model, inputs[:, :2], targets[:, :2], reference[:, :2], loss_fn=loss_fn, rng=rng)


def offline_objective(method: str, *, beta: float, label_smoothing: float = 0.0, gamma: float = 1.0) -> Objective:
    """dpo (with label_smoothing the conservative form), robust, hinge, ipo (β is its τ), kto, orpo (β is its λ) or simpo, with its β."""
    if method == "kto":
        return Objective(partial(kto_lm, beta=beta), pair_lm_backward, measure=mismatched_logp, count=count_rows)
    losses = {
        "dpo": partial(with_reference, loss=dpo, beta=beta, label_smoothing=label_smoothing),
        "robust": partial(with_reference, loss=robust_dpo, beta=beta, flipped=label_smoothing),
        "hinge": partial(with_reference, loss=hinge, beta=beta),
        "ipo": partial(with_reference, loss=ipo, tau=beta),
        "orpo": partial(without_reference, loss=orpo, weight=beta),
        "simpo": partial(without_reference, loss=simpo, beta=beta, gamma=gamma),
    }
    return Objective(partial(pair_lm, loss_fn=losses[method]), pair_lm_backward, count=count_rows)


class Report(NamedTuple):
    """How a model judges held-out pairs. All in nats, means over the pairs."""

    accuracy: float  # how often the chosen answer gained more than the rejected one
    margin: float  # of log p - log q: chosen less rejected
    chosen: float  # log p - log q of the chosen answers
    rejected: float

    def describe(self, beta: float) -> str:
        """In words, with the β of the method."""
        return (
            f"held-out pairs: {per_cent(self.accuracy)} right, margin {beta * self.margin:+.3f} (β times {self.margin:+.2f} nats); "
            f"chosen answers {self.chosen:+.2f} nats, rejected {self.rejected:+.2f}"
        )


def evaluate_pairs(model: GPT, data: PairData, size: int = 16) -> Report:
    """A tie, to a thousandth of a nat, is half right: a model that has not moved is right about half of the pairs."""
    gains = []
    for batch in data.validation_batches(size):
        logp = log_probabilities(model, Answers(batch.inputs, batch.targets))
        gains.append((logp - batch.reference)[:, :2].astype(np.float64))
    chosen, rejected = np.concatenate(gains).T
    right = (np.sign(np.round(chosen - rejected, 3)) + 1) / 2
    return Report(float(right.mean()), float((chosen - rejected).mean()), float(chosen.mean()), float(rejected.mean()))
