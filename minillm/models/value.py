"""A decoder with a value head: at every position it gives scores for the next token, and the reward that it expects."""

from typing import Any, NamedTuple

import numpy as np

from minillm.backend import Array
from minillm.layers import Linear, ParameterVector
from minillm.models.gpt import GPT, GPTSaved
from minillm.models.model import ModelWithBody, weight_rng


class GPTWithValueSaved(NamedTuple):
    body: GPTSaved
    value: Any

    @property
    def blocks(self) -> list:
        return self.body.blocks


class GPTWithValue(ModelWithBody):
    """ids (B, T) -> logits (B, T, V) and values (B, T): V_t = h_t w + b is the reward that the model expects after its token t.

    Both are computed from the same hidden states h, which learn from both (Peng et al. 2019; Schulman et al. 2017, eq. 9). w and b are
    zero at first, and so are all values. Values are for training only: `body` is the GPT without them. Korbak et al. 2023 take
    -sigmoid(h w), since their rewards are never above zero; without it the head is for rewards of any sign.
    """

    body: GPT

    def __init__(self, body: GPT):
        self.config, self.body = body.config, body
        self.value = Linear(body.config.d_model, 1, weight_rng(None), std=0.0)
        vector = body.vector
        self.vector = body.vector = ParameterVector(self, vector.dtype, vector.device)

    @property
    def for_inference(self) -> GPT:
        return self.body

    def forward(self, ids: np.ndarray, *, rng=None) -> tuple[tuple[Array, Array], GPTWithValueSaved]:
        hidden, se = self.body.hidden(ids, rng=rng)
        logits, sh = self.body.head.forward(hidden)
        values, sv = self.value.forward(hidden)
        return (logits, values[..., 0]), GPTWithValueSaved(GPTSaved(se, sh), sv)

    def backward(self, dlogits: Array, dvalues: Array, saved: GPTWithValueSaved) -> None:
        dhidden = self.value.backward(dvalues[..., None], saved.value)  # values = value(hidden)
        dhidden = dhidden + self.body.head.backward(dlogits, saved.body.head)  # logits = head(hidden)
        self.body.hidden_backward(dhidden, saved.body.hidden)  # hidden = body.hidden(ids)
