"""The checked configuration of the Transformer, and what it costs."""

from dataclasses import dataclass
from typing import ClassVar

from minillm.layers.block import BLOCKS
from minillm.layers.feedforward import ACTIVATIONS
from minillm.models.config import ModelConfig


@dataclass(frozen=True)
class TransformerConfig(ModelConfig):
    """Every size and choice of an encoder-decoder. The defaults are torch.nn.Transformer's: the base model of Vaswani et al. 2017.

    The paper has one table for all three, source, target and output: that is `tie_head=True`.
    """

    name: ClassVar[str] = "a Transformer"
    positions: ClassVar[str] = "sinusoidal"

    vocab_size: int
    layers: int = 6  # of the encoder, and as many of the decoder
    heads: int = 8
    d_model: int = 512
    d_ff: int = 2048
    dropout: float = 0.1
    activation: str = "relu"
    norm: str = "post"
    scale_embedding: bool = True  # words times √D, before the positions are added
    tie_embeddings: bool = True  # source and target read the same table
    tie_head: bool = False  # the output uses the target's table

    def __post_init__(self):
        self.check_counts("vocab_size", "layers", "heads", "d_model", "d_ff")
        self.check_heads()
        self.check_dropout()
        self.check_choices(activation=tuple(ACTIVATIONS), norm=tuple(BLOCKS))
        self.check_positions()

    def parameter_count(self) -> int:
        d, f, v = self.d_model, self.d_ff, self.vocab_size
        attention, feedforward, norm = 4 * (d * d + d), 2 * d * f + f + d, 2 * d
        encoder_block, decoder_block = attention + feedforward + 2 * norm, 2 * attention + feedforward + 3 * norm
        tables = v * d * (1 if self.tie_embeddings else 2)
        head = 0 if self.tie_head else v * d + v
        return tables + self.layers * (encoder_block + decoder_block) + 2 * norm + head

    def flops_per_token(self, length: int = 128) -> int:
        """Of a token of the target and one of the source, in texts of `length` tokens, counted as for a GPT. A decoder attends twice."""
        d = self.d_model
        weights = (4 + 8) * d * d + 2 * 2 * d * self.d_ff
        return 6 * (self.layers * weights + d * self.vocab_size) + 12 * self.layers * 3 * d * length
