"""Question answering: point at the answer's first and last token in the passage."""

from typing import NamedTuple

import numpy as np

from minillm.backend import Array, on_device
from minillm.errors import InputError
from minillm.models import QuestionAnswering
from minillm.models.model import check_per_token, key_mask
from minillm.objectives.objective import LossSaved, Objective, count_scored, loss_backward
from minillm.ops import IGNORE, cross_entropy, mask_scores


def check_spans(spans: np.ndarray, ids: np.ndarray, mask: np.ndarray) -> None:
    """Raise ValueError unless spans (B, 2) names a real token as start and one not before it as end of each answer, or IGNORE twice.

    On the device they were checked before.
    """
    if on_device(spans):
        return
    shape = (len(ids), 2)
    if not isinstance(spans, np.ndarray) or spans.dtype.kind not in "iu" or spans.shape != shape:
        found = f"{spans.dtype} {spans.shape}" if isinstance(spans, np.ndarray) else type(spans).__name__
        raise ValueError(f"spans must be a NumPy array of whole numbers {shape}, got {found}")
    check_per_token("mask", mask, ids, "b")
    for row, (start, end) in enumerate(spans.tolist()):
        if (start, end) == (IGNORE, IGNORE):
            continue
        if not 0 <= start <= end < ids.shape[1] or not (mask[row, start] and mask[row, end]):
            raise ValueError(f"the answer of text {row} is from {start} to {end}, where its real tokens are not")


def question_answering(
    model: QuestionAnswering,
    inputs: np.ndarray,
    mask: np.ndarray,
    token_types: np.ndarray,
    spans: np.ndarray,
    *,
    rng=None,
    label_smoothing: float = 0.0,
) -> tuple[Array, LossSaved]:
    """Mean over the scored starts and ends of -log p(place | text), in nats, a scalar on the device.

    On the host: inputs, mask (boolean, True = real token) and token_types (B, T); spans (B, 2), first and last token of each answer, or
    IGNORE twice. p is a softmax over the real tokens of the text: Devlin et al. 2019, section 4.2. Padding takes no part, however long
    it is.
    """
    if label_smoothing:
        raise InputError(
            "Label smoothing is for words and classes, not for the ends of an answer.", "Set label_smoothing to 0."
        )
    check_spans(spans, inputs, mask)
    scores, sm = model.forward(inputs, mask=mask, token_types=token_types, rng=rng)
    xp, real = model.vector.device.xp, key_mask(mask, model.vector.device.xp)
    places = scores if real is None else mask_scores(scores, real[:, 0])  # a score of -inf has no gradient
    loss, sl = cross_entropy(places, xp.asarray(spans))
    return loss, LossSaved(sm, sl)


def prepare_questions(
    model: QuestionAnswering, inputs: np.ndarray, mask: np.ndarray, token_types: np.ndarray, spans: np.ndarray
) -> dict[str, np.ndarray]:
    """See `Objective`."""
    check_spans(spans, inputs, mask)
    model.body.check_inputs(inputs, mask=mask, token_types=model.types_read(token_types))
    return {"inputs": inputs, "mask": mask, "token_types": token_types, "spans": spans}


def count_spans(batch: NamedTuple) -> int:
    """How many starts and ends of a batch are scored."""
    return count_scored(batch.spans)


QUESTION_ANSWERING = Objective(question_answering, loss_backward, prepare=prepare_questions, count=count_spans)
