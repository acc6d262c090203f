"""The checked configuration of a T5, and what it costs."""

from dataclasses import dataclass
from typing import ClassVar

from minillm.errors import InputError
from minillm.layers.feedforward import ACTIVATIONS
from minillm.models.config import ModelConfig


@dataclass(frozen=True)
class T5Config(ModelConfig):
    """Every size and choice of a T5. The defaults are T5 v1.0 (small): Raffel et al. 2020.

    Version 1.1 has `activation="gelu", gated=True, tie_head=False`.
    """

    name: ClassVar[str] = "a T5"

    vocab_size: int = 32128
    layers: int = 6  # of the encoder
    decoder_layers: int = 0  # 0: as many as the encoder
    heads: int = 8
    d_model: int = 512
    d_kv: int = 64  # width of a head, whatever d_model is
    d_ff: int = 2048
    buckets: int = 32  # of distances between words
    max_distance: int = 128  # from here on all distances share a bucket
    dropout: float = 0.1
    activation: str = "relu"
    gated: bool = False
    tie_head: bool = True
    pad_id: int = 0  # with this token every answer starts
    eps: float = 1e-6  # of every RMSNorm

    def __post_init__(self):
        if self.decoder_layers == 0:
            object.__setattr__(self, "decoder_layers", self.layers)
        self.check_counts("vocab_size", "layers", "decoder_layers", "heads", "d_model", "d_kv", "d_ff")
        self.check_counts("buckets", least=4)
        self.check_counts("pad_id", least=0)
        self.check_dropout()
        self.check_choices(activation=tuple(ACTIVATIONS))
        if self.pad_id >= self.vocab_size:
            raise InputError(
                f"The pad token {self.pad_id} is outside the vocabulary of {self.vocab_size}.",
                "Give the id of a token; T5's is 0.",
            )
        exact = self.buckets // 2
        if not isinstance(self.max_distance, int) or self.max_distance <= exact:
            raise InputError(
                f"max_distance must be a whole number above {exact}, got {self.max_distance!r}.",
                f"Half of the {self.buckets} buckets are for the distances below {exact}; T5 has 32 buckets up to 128.",
            )
        self.check_eps()

    def parameter_count(self) -> int:
        d, f, inner = self.d_model, self.d_ff, self.heads * self.d_kv
        attention, feedforward, norm = 4 * d * inner, (3 if self.gated else 2) * d * f, d
        encoder = self.layers * (attention + feedforward + 2 * norm) + norm
        decoder = self.decoder_layers * (2 * attention + feedforward + 3 * norm) + norm
        return self.vocab_size * d * (1 if self.tie_head else 2) + 2 * self.buckets * self.heads + encoder + decoder

    def flops_per_token(self, length: int = 128) -> int:
        """Of a token of the target and one of the source, in texts of `length` tokens, counted as for a GPT. A decoder attends twice."""
        d, inner = self.d_model, self.heads * self.d_kv
        attention, feedforward = 4 * d * inner, (3 if self.gated else 2) * d * self.d_ff
        weights = self.layers * (attention + feedforward) + self.decoder_layers * (2 * attention + feedforward)
        maps = self.layers + 2 * self.decoder_layers
        return 6 * (weights + d * self.vocab_size) + 12 * maps * inner * length
