"""Causal language modelling: at every place, guess the next token (the article's autoregressive pretraining)."""

import numpy as np

from minillm.backend import Array, on_device
from minillm.models import GPT
from minillm.objectives.objective import LossSaved, Objective, loss_backward
from minillm.ops import IGNORE, cross_entropy


def check_targets(targets: np.ndarray, ids: np.ndarray, vocab_size: int) -> None:
    """Raise ValueError unless every target is a token id or IGNORE, one for each of ids (B, T). On the device they were checked before."""
    if on_device(targets):
        return
    if not isinstance(targets, np.ndarray) or targets.dtype.kind not in "iu":
        what = targets.dtype if isinstance(targets, np.ndarray) else type(targets).__name__
        raise ValueError(f"targets must be a NumPy array of whole numbers, got {what}")
    if targets.shape != np.shape(ids):
        raise ValueError(f"targets are {targets.shape} but ids are {np.shape(ids)}: one target for each token")
    wrong = targets[(targets != IGNORE) & ((targets < 0) | (targets >= vocab_size))]
    if wrong.size:
        raise ValueError(
            f"target {wrong[0]} is outside the vocabulary of {vocab_size} (and is not {IGNORE}, which is not scored)"
        )


def causal_lm(
    model: GPT, inputs: np.ndarray, targets: np.ndarray, *, rng=None, label_smoothing: float = 0.0
) -> tuple[Array, LossSaved]:
    """Mean over the scored places of -log p(target | the tokens up to there), in nats: inputs and targets (B, T) on the host -> loss.

    For text, targets are the inputs moved on by one. The loss stays on the device, a scalar.
    """
    check_targets(targets, inputs, model.config.vocab_size)
    logits, sm = model.forward(inputs, rng=rng)
    loss, sl = cross_entropy(logits, model.vector.device.xp.asarray(targets), label_smoothing)
    return loss, LossSaved(sm, sl)


def prepare_causal(model: GPT, inputs: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """See `Objective`."""
    check_targets(targets, inputs, model.config.vocab_size)
    model.body.check_inputs(inputs)
    return {"inputs": inputs, "targets": targets}


CAUSAL = Objective(causal_lm, loss_backward, prepare=prepare_causal)
