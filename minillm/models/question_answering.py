"""Question answering: where in a passage does the answer to a question start, and where does it end?"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from minillm.backend import CPU, Array, Device
from minillm.layers import ParameterVector
from minillm.models.config import ModelConfig
from minillm.models.encoder import Encoder, EncoderSaved
from minillm.models.encoder_config import EncoderConfig
from minillm.models.heads import SpanHead
from minillm.models.model import ModelWithBody, check_body, finite_on_host, weight_rng


@dataclass(frozen=True)
class QuestionAnsweringConfig(ModelConfig):
    """The config of the body; the head has nothing to choose."""

    name: ClassVar[str] = "a question answerer"

    body: ModelConfig  # an encoder's

    @property
    def dropout(self) -> float:
        return self.body.dropout

    def parameter_count(self) -> int:
        return self.body.body_parameter_count() + 2 * self.body.d_model + 2

    def flops_per_token(self) -> int:
        return self.body.body_flops_per_token() + 6 * 2 * self.body.d_model

    @classmethod
    def from_dict(cls, values: dict) -> "QuestionAnsweringConfig":
        config = super().from_dict(values)
        return cls(EncoderConfig.from_dict(config.body))


class QuestionAnsweringSaved(NamedTuple):
    body: EncoderSaved
    head: tuple

    @property
    def blocks(self) -> list:
        return self.body.blocks


class QuestionAnswering(ModelWithBody):
    """ids (B, T), a question and a passage -> scores (B, 2, T): how well each token fits as start and as end of the answer.

    Devlin et al. 2019, section 4.2. `token_types` is 0 for the question and 1 for the passage. Ignore the scores of padding.
    `QuestionAnswering(config, body)` takes a pretrained `Encoder` over, as `SequenceClassifier` does.
    """

    def __init__(
        self,
        config: QuestionAnsweringConfig,
        body: Encoder | None = None,
        *,
        seed: int | None = 0,
        dtype: type = np.float32,
        device: Device = CPU,
    ):
        if body is None:
            body = Encoder(config.body, seed=seed, dtype=dtype, device=device)
        check_body(body, config.body)
        self.config = config
        self.body = body
        self.head = SpanHead(config.body.d_model, weight_rng(seed, 1))
        self.vector = body.vector = ParameterVector(self, body.vector.dtype, body.vector.device)

    def forward(
        self, ids: np.ndarray, *, mask: np.ndarray | None = None, token_types: np.ndarray | None = None, rng=None
    ) -> tuple[Array, QuestionAnsweringSaved]:
        """As `Encoder.hidden`: everything (B, T), on the host. A body that knows a single segment reads all tokens as of that."""
        hidden, sb = self.body.hidden(ids, mask=mask, token_types=self.types_read(token_types), rng=rng)
        scores, sh = self.head.forward(hidden)
        return scores, QuestionAnsweringSaved(sb, sh)

    def types_read(self, token_types: np.ndarray | None) -> np.ndarray | None:
        """The segments as far as the body knows several."""
        return token_types if self.config.body.token_types > 1 else None

    def answer(self, ids: np.ndarray, *, mask: np.ndarray, token_types: np.ndarray, longest: int = 30) -> np.ndarray:
        """The best answer of each text: its first and last token, (B, 2), on the host.

        Of all spans of the passage (token type 1) with at most `longest` tokens, the one with the highest start + end: Devlin et al. 2019,
        section 4.2. ValueError if a text has no passage.
        """
        scores, _ = self.forward(ids, mask=mask, token_types=token_types)
        return best_spans(finite_on_host(scores), mask & (token_types == 1), longest)[0]

    def backward(self, dscores: Array, saved: QuestionAnsweringSaved) -> None:
        dhidden = self.head.backward(dscores, saved.head)  # scores = head(hidden)
        self.body.hidden_backward(dhidden, saved.body)  # hidden = body.hidden(ids)


def best_spans(scores: np.ndarray, passage: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """The spans of at most `longest` tokens with the highest start + end: scores (B, 2, T) and passage (B, T), boolean, True where an
    answer may be -> first and last token of each (B, 2), and start + end (B,).
    """
    if not passage.any(axis=1).all():
        raise ValueError(f"text {passage.any(axis=1).argmin()} has no passage: no real token of type 1")
    start, end = scores.swapaxes(0, 1)
    rows, length = passage.shape
    further = np.arange(length) - np.arange(length)[:, None]
    spans = passage[:, :, None] & passage[:, None] & (further >= 0) & (further < longest)
    sums = np.where(spans, start[:, :, None] + end[:, None], -np.inf).reshape(rows, -1)
    best = sums.argmax(axis=1)
    return np.stack(np.divmod(best, length), axis=1), sums[np.arange(rows), best]
