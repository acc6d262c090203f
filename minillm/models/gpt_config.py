"""The checked configuration of a GPT, and what it costs."""

import dataclasses
import math
from dataclasses import dataclass
from typing import ClassVar

from minillm.errors import InputError
from minillm.layers.attention import check_kv_heads
from minillm.layers.block import BLOCKS
from minillm.layers.feedforward import ACTIVATIONS
from minillm.models.config import POSITIONS, ModelConfig

GPT_ACTIVATIONS = (*ACTIVATIONS, "swiglu")
GPT_NORMS = (*BLOCKS, "rms")
GPT_POSITIONS = (*POSITIONS, "rotary", "alibi")


@dataclass(frozen=True)
class GPTConfig(ModelConfig):
    """Every size and choice of a decoder. Bad ones raise InputError when the config is made, not at the first batch.

    The defaults are GPT-2's. Llama has `positions="rotary", norm="rms", activation="swiglu", bias=False`.
    """

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
    eps: float = 1e-5  # of every norm
    rope_theta: float = 10000.0  # of rotary positions, as the two below: see `ops.rotary_frequencies`
    rope_factor: float = 1.0
    rope_original_context: int = 0
    window: int = 0  # tokens that a token sees: itself, and those just before it; 0 is all
    kv_heads: int = 0  # heads of keys and values, each shared by as many heads of queries; 0 stands for heads
    d_kv: int = 0  # width of a head; 0 stands for d_model / heads
    qkv_bias: bool = False  # query, key and value have a bias even where nothing else has one (Qwen2)

    def __post_init__(self):
        if self.d_ff == 0:
            object.__setattr__(self, "d_ff", 8 * self.d_model // 3 if self.gated else 4 * self.d_model)
        self.check_counts("vocab_size", "context", "layers", "heads", "d_model", "d_ff", "ngram")
        self.check_counts("rope_original_context", "window", "kv_heads", "d_kv", least=0)
        if self.d_kv == 0:
            self.check_heads()
            object.__setattr__(self, "d_kv", self.d_model // self.heads)
        if self.kv_heads == 0:
            object.__setattr__(self, "kv_heads", self.heads)
        check_kv_heads(self.heads, self.kv_heads)
        self.check_dropout()
        self.check_choices(activation=GPT_ACTIVATIONS, norm=GPT_NORMS)
        self.check_positions(GPT_POSITIONS)
        self.check_rotary()
        self.check_eps()

    def check_rotary(self) -> None:
        if self.positions == "rotary" and self.d_kv % 2:
            raise InputError(
                f"Rotary positions need heads of an even width, got {self.d_kv}.",
                f"Columns are turned in pairs; try heads of {self.d_kv + 1} columns, d_model = {self.heads * (self.d_kv + 1)}.",
            )
        for name in ("rope_theta", "rope_factor"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 1 <= value < math.inf:
                raise InputError(f"{name} must be at least 1, got {value!r}.", "Leave it out for the usual one.")

    @property
    def gated(self) -> bool:
        """Whether the feed-forward layers have a gate, and so a third matrix."""
        return self.activation == "swiglu"

    @property
    def attention_span(self) -> int:
        """The most tokens that a token sees: as many are kept by the cache of generation."""
        return min(self.window or self.context, self.context)

    def to_dict(self) -> dict:
        """Without what came later and is as usual, so that the config of such a model is the same as before it could be chosen."""
        usual = LATER | {"kv_heads": self.heads, "d_kv": self.d_model // self.heads}
        return {name: value for name, value in super().to_dict().items() if usual.get(name) != value}

    @classmethod
    def from_dict(cls, values: dict) -> "GPTConfig":
        return super().from_dict(LATER | values if isinstance(values, dict) else values)

    def parameter_count(self) -> int:
        d, f, v, b = self.d_model, self.d_ff, self.vocab_size, int(self.bias)
        queries, keys = self.heads * self.d_kv, self.kv_heads * self.d_kv
        attention = 2 * d * (queries + keys) + (self.bias or self.qkv_bias) * (queries + 2 * keys) + b * d
        expanded = (1 + self.gated) * f
        feedforward = d * (expanded + f) + b * (expanded + d)
        norm = d if self.norm == "rms" else 2 * d
        final = 0 if self.norm == "post" else norm
        positions = self.context * d if self.positions == "learned" else 0
        head = 0 if self.tie_head else d * v
        return self.ngram * v * d + positions + self.layers * (attention + feedforward + 2 * norm) + final + head

    def flops_per_token(self) -> int:
        """Every weight of a matrix is used once forward and twice backward, with two operations each time: 6 operations.

        Attention's two products with S keys, the context's or the window's, add 12 L H K S. Chowdhery et al. 2022 (PaLM), appendix B.
        """
        return self.body_flops_per_token() + 6 * self.d_model * self.vocab_size

    def body_parameter_count(self) -> int:
        """The number of parameters that a classifier takes over: all, since a GPT's head usually is its embedding table."""
        return self.parameter_count()

    def body_flops_per_token(self) -> int:
        """The operations without the head."""
        d, queries, keys = self.d_model, self.heads * self.d_kv, self.kv_heads * self.d_kv
        weights = 2 * d * (queries + keys) + (2 + self.gated) * d * self.d_ff
        return 6 * self.layers * weights + 12 * self.layers * queries * self.attention_span


# Fields that the configs of earlier versions lack, and what such a model has.
LATER_NAMES = ("eps", "rope_theta", "rope_factor", "rope_original_context", "window", "kv_heads", "d_kv", "qkv_bias")
LATER = {field.name: field.default for field in dataclasses.fields(GPTConfig) if field.name in LATER_NAMES}
