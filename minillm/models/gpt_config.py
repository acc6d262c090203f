"""The checked configuration of a GPT, and what it costs."""

from dataclasses import dataclass
from typing import ClassVar

from minillm.layers.block import BLOCKS
from minillm.layers.feedforward import ACTIVATIONS
from minillm.models.config import ModelConfig

GPT_ACTIVATIONS = (*ACTIVATIONS, "swiglu")
GPT_NORMS = (*BLOCKS, "rms")
EPS = 1e-5  # of GPT-2


@dataclass(frozen=True)
class GPTConfig(ModelConfig):
    """Every size and choice of a decoder. Bad ones raise InputError when the config is made, not at the first batch."""

    name: ClassVar[str] = "a GPT"

    vocab_size: int
    context: int = 64  # tokens that the model sees at once
    layers: int = 4
    heads: int = 4
    d_model: int = 128
    d_ff: int = 0  # 0 stands for 4 d_model; with swiglu for 8/3 d_model, so that its three matrices are as large as two
    dropout: float = 0.0
    activation: str = "gelu"
    norm: str = "pre"  # pre or post: where the LayerNorms stand; rms: RMSNorms, where pre has them
    positions: str = "learned"
    tie_head: bool = True
    bias: bool = True
    ngram: int = 1  # tokens that an embedding reads: its own, and those just before it
    eps: float = EPS  # of every norm

    def __post_init__(self):
        if self.d_ff == 0:
            object.__setattr__(self, "d_ff", 8 * self.d_model // 3 if self.gated else 4 * self.d_model)
        self.check_counts("vocab_size", "context", "layers", "heads", "d_model", "d_ff", "ngram")
        self.check_heads()
        self.check_dropout()
        self.check_choices(activation=GPT_ACTIVATIONS, norm=GPT_NORMS)
        self.check_positions()
        self.check_eps()

    @property
    def gated(self) -> bool:
        """Whether the feed-forward layers have a gate, and so a third matrix."""
        return self.activation == "swiglu"

    def to_dict(self) -> dict:
        """Without the usual `eps`, so that the config of such a model is the same as before `eps` could be chosen."""
        return {name: value for name, value in super().to_dict().items() if (name, value) != ("eps", EPS)}

    @classmethod
    def from_dict(cls, values: dict) -> "GPTConfig":
        return super().from_dict({"eps": EPS} | values if isinstance(values, dict) else values)

    def parameter_count(self) -> int:
        d, f, v, b = self.d_model, self.d_ff, self.vocab_size, int(self.bias)
        attention = 4 * (d * d + b * d)
        expanded = (1 + self.gated) * f
        feedforward = d * (expanded + f) + b * (expanded + d)
        norm = d if self.norm == "rms" else 2 * d
        final = 0 if self.norm == "post" else norm
        positions = self.context * d if self.positions == "learned" else 0
        head = 0 if self.tie_head else d * v
        return self.ngram * v * d + positions + self.layers * (attention + feedforward + 2 * norm) + final + head

    def flops_per_token(self) -> int:
        """Every weight of a matrix is used once forward and twice backward, with two operations each time: 6 operations.

        Attention's two products with S = context keys add 12 L D S. Chowdhery et al. 2022 (PaLM), appendix B.
        """
        return self.body_flops_per_token() + 6 * self.d_model * self.vocab_size

    def body_parameter_count(self) -> int:
        """The number of parameters that a classifier takes over: all, since a GPT's head usually is its embedding table."""
        return self.parameter_count()

    def body_flops_per_token(self) -> int:
        """The operations without the head."""
        d = self.d_model
        return 6 * self.layers * (4 * d * d + (2 + self.gated) * d * self.d_ff) + 12 * self.layers * d * self.context
