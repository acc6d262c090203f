"""The checked configuration of an encoder, and what it costs."""

from dataclasses import dataclass
from typing import ClassVar

from minillm.layers.block import BLOCKS
from minillm.layers.feedforward import ACTIVATIONS
from minillm.models.config import ModelConfig


@dataclass(frozen=True)
class EncoderConfig(ModelConfig):
    """Every size and choice of an encoder. The defaults are BERT's, at a smaller size: Devlin et al. 2019, section 3.

    `parameter_count` and `flops_per_token` are those of the masked language model: the body and its head.
    """

    name: ClassVar[str] = "an encoder"

    vocab_size: int
    context: int = 64  # tokens that the model sees at once
    layers: int = 4
    heads: int = 4
    d_model: int = 128
    d_ff: int = 0  # 0 stands for 4 d_model
    dropout: float = 0.0
    activation: str = "gelu_erf"
    norm: str = "post"
    positions: str = "learned"
    token_types: int = 2  # kinds of segments, such as question and passage; 0 is none
    eps: float = 1e-12  # of every LayerNorm

    def __post_init__(self):
        if self.d_ff == 0:
            object.__setattr__(self, "d_ff", 4 * self.d_model)
        self.check_counts("vocab_size", "context", "layers", "heads", "d_model", "d_ff")
        self.check_counts("token_types", least=0)
        self.check_heads()
        self.check_dropout()
        self.check_choices(activation=tuple(ACTIVATIONS), norm=tuple(BLOCKS))
        self.check_positions()
        self.check_eps()

    def body_parameter_count(self) -> int:
        """The number of parameters without the head."""
        d, f = self.d_model, self.d_ff
        positions = self.context if self.positions == "learned" else 0
        norms = 2 * d * (1 + (self.norm == "pre"))
        block = 4 * (d * d + d) + (2 * d * f + f + d) + 4 * d
        return (self.vocab_size + positions + self.token_types) * d + norms + self.layers * block

    def parameter_count(self) -> int:
        d = self.d_model
        return self.body_parameter_count() + (d * d + d) + 2 * d + self.vocab_size

    def body_flops_per_token(self) -> int:
        """The operations without the head."""
        d = self.d_model
        return 6 * self.layers * (4 * d * d + 2 * d * self.d_ff) + 12 * self.layers * d * self.context

    def flops_per_token(self) -> int:
        """As a GPT's, the head's own linear layer included. With `places` the head costs only their share of it."""
        return self.body_flops_per_token() + 6 * self.d_model * (self.d_model + self.vocab_size)
