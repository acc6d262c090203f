"""The sequence classifier: a body that reads the text, usually a pretrained one, and a head that names its class."""

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np

from minillm.backend import CPU, Array, Device
from minillm.errors import InputError
from minillm.layers import ParameterVector
from minillm.layers.pooling import POOLINGS
from minillm.models.config import ModelConfig
from minillm.models.encoder import Encoder
from minillm.models.encoder_config import EncoderConfig
from minillm.models.gpt import GPT
from minillm.models.gpt_config import GPTConfig
from minillm.models.heads import ClassificationHead, ClassificationHeadSaved
from minillm.models.model import Model, ModelWithBody, check_body, weight_rng

BODIES = {"encoder": (EncoderConfig, Encoder), "gpt": (GPTConfig, GPT)}


@dataclass(frozen=True)
class ClassifierConfig(ModelConfig):
    """The config of the body, and the choices of the head."""

    name: ClassVar[str] = "a classifier"

    body: ModelConfig
    classes: int = 2
    pooling: str = ""  # "" stands for the body's usual one: first for an encoder, last for a GPT
    pooler: bool = False
    head_dropout: float = 0.0  # the body has its own
    layers_read: tuple[
        int, ...
    ] = ()  # whose outputs the head reads, side by side: 0 is the embeddings; () stands for the last

    def __post_init__(self):
        if not self.pooling:
            object.__setattr__(self, "pooling", "last" if isinstance(self.body, GPTConfig) else "first")
        layers = tuple(self.layers_read) or (self.body.layers,)
        ascending = all(low < high for low, high in pairwise(layers))
        if not ascending or layers[0] < 0 or layers[-1] > self.body.layers:
            raise InputError(
                f"layers_read must name layers from 0 to {self.body.layers}, each once and in their order.",
                "0 is the embeddings, and 1 the first block.",
            )
        object.__setattr__(self, "layers_read", layers)
        self.check_counts("classes")
        self.check_choices(pooling=POOLINGS)
        self.check_dropout("head_dropout")

    @property
    def dropout(self) -> float:
        """The highest rate anywhere in the model."""
        return max(self.body.dropout, self.head_dropout)

    @property
    def width(self) -> int:
        """Of what the head reads of a token."""
        return len(self.layers_read) * self.body.d_model

    def parameter_count(self) -> int:
        d = self.width
        pooler = d * d + d if self.pooler else 0
        return self.body.body_parameter_count() + pooler + d * self.classes + self.classes

    def flops_per_token(self) -> int:
        """The body's. The head, which runs once a text, is left out."""
        return self.body.body_flops_per_token()

    def to_dict(self) -> dict:
        """As of any config, with the kind of the body beside its values. Which layers are read stands there if it is not the last alone."""
        kind = next(kind for kind, (config, _) in BODIES.items() if isinstance(self.body, config))
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values["layers_read"] = list(self.layers_read)
        if self.layers_read == (self.body.layers,):
            del values["layers_read"]
        return values | {"body": {"kind": kind} | self.body.to_dict()}

    @classmethod
    def from_dict(cls, values: dict) -> "ClassifierConfig":
        body = dict(values["body"]) if isinstance(values.get("body"), dict) else {}
        kind = body.pop("kind", None)
        if not isinstance(kind, str) or kind not in BODIES:
            raise InputError(
                f"This is not the config of {cls.name}: its body is of the kind {kind!r}.",
                f"Known are {', '.join(BODIES)}.",
            )
        return super().from_dict({"layers_read": ()} | values | {"body": BODIES[kind][0].from_dict(body)})


class ClassifierSaved(NamedTuple):
    body: Any
    head: ClassificationHeadSaved

    @property
    def blocks(self) -> list:
        return self.body.blocks


class SequenceClassifier(ModelWithBody):
    """ids (B, T) -> logits (B, C), a score for every class of text.

    `SequenceClassifier(config)` draws a new body. `SequenceClassifier(config, body)` takes over an `Encoder` or a `GPT`, with
    its precision and device: from then on its parameters are in the classifier's vector. To keep a pretrained model as it is, draw a new
    body, and `copy_parameters(pretrained, classifier.body)`.

    What is frozen (`classifier.body.freeze()`) costs no time in backward, which ends at the lowest block that learns.
    """

    def __init__(
        self,
        config: ClassifierConfig,
        body: Model | None = None,
        *,
        seed: int | None = 0,
        dtype: type = np.float32,
        device: Device = CPU,
    ):
        if body is None:
            kind = next(model for config_type, model in BODIES.values() if isinstance(config.body, config_type))
            body = kind(config.body, seed=seed, dtype=dtype, device=device)
        check_body(body, config.body)
        self.config = config
        self.labels = [f"LABEL_{i}" for i in range(config.classes)]  # the names of the classes
        self.body = body
        self.head = ClassificationHead(
            config.width,
            config.classes,
            weight_rng(seed, 1),
            pooling=config.pooling,
            pooler=config.pooler,
            dropout=config.head_dropout,
        )
        self.vector = body.vector = ParameterVector(self, body.vector.dtype, body.vector.device)

    def forward(
        self, ids: np.ndarray, *, mask: np.ndarray | None = None, token_types: np.ndarray | None = None, rng=None
    ) -> tuple[Array, ClassifierSaved]:
        """ids, mask (boolean, True = real token) and token_types (B, T), on the host -> logits (B, C). `rng` switches dropout on."""
        read = self.config.layers_read
        hidden, sb = self.body.hidden(ids, mask=mask, token_types=token_types, layers_read=read, rng=rng)
        real = None if mask is None else self.vector.device.xp.asarray(mask)
        logits, sh = self.head.forward(hidden, mask=real, rng=rng)
        return logits, ClassifierSaved(sb, sh)

    def backward(self, dlogits: Array, saved: ClassifierSaved) -> None:
        dhidden = self.head.backward(dlogits, saved.head)  # logits = head(hidden)
        self.body.hidden_backward(dhidden, saved.body)  # hidden = body.hidden(ids)
