"""The checked configuration of a GPT, and what it costs."""

import dataclasses
from dataclasses import dataclass

from minillm.errors import InputError
from minillm.layers.block import BLOCKS
from minillm.layers.feedforward import ACTIVATIONS

POSITIONS = ("learned", "sinusoidal")


@dataclass(frozen=True)
class GPTConfig:
    """Every size and choice of a decoder. Bad ones raise InputError when the config is made, not at the first batch."""

    vocab_size: int
    context: int = 64  # tokens that the model sees at once
    layers: int = 4
    heads: int = 4
    d_model: int = 128
    d_ff: int = 0  # 0 stands for 4 d_model
    dropout: float = 0.0
    activation: str = "gelu"
    norm: str = "pre"
    positions: str = "learned"
    tie_head: bool = True
    bias: bool = True

    def __post_init__(self):
        if self.d_ff == 0:
            object.__setattr__(self, "d_ff", 4 * self.d_model)
        for name in ("vocab_size", "context", "layers", "heads", "d_model", "d_ff"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(
                    f"{name} must be a whole number of at least 1, got {value!r}.", f"Give a positive {name}."
                )
        if self.d_model % self.heads:
            nearest = next(h for h in range(min(self.heads, 256), 0, -1) if self.d_model % h == 0)
            raise InputError(
                f"{self.heads} heads do not divide d_model = {self.d_model}.",
                f"Every head needs a whole number of columns; try {nearest} heads.",
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout must lie in [0, 1), got {self.dropout!r}.", "0 turns it off; 0.1 is usual.")
        for name, choices in (("activation", tuple(ACTIVATIONS)), ("norm", tuple(BLOCKS)), ("positions", POSITIONS)):
            if getattr(self, name) not in choices:
                raise InputError(f"There is no {name} {getattr(self, name)!r}.", f"Choose one of {', '.join(choices)}.")
        if self.positions == "sinusoidal" and self.d_model % 2:
            raise InputError(
                f"Sinusoidal positions need an even d_model, got {self.d_model}.",
                f"Sines and cosines come in pairs; try d_model = {self.d_model + 1}.",
            )

    def to_dict(self) -> dict:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "GPTConfig":
        """The config that `to_dict` wrote. Unknown and missing names are errors."""
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(values, dict) or set(values) != names:
            difference = ", ".join(sorted(set(values) ^ names)) if isinstance(values, dict) else repr(values)[:40]
            raise InputError(
                f"This is not the config of a GPT: {difference}.", "Was it written by another version of minillm?"
            )
        return cls(**values)


def parameter_count(config: GPTConfig) -> int:
    """How many numbers the model learns."""
    d, f, v, b = config.d_model, config.d_ff, config.vocab_size, int(config.bias)
    attention = 4 * (d * d + b * d)
    feedforward = 2 * d * f + b * (f + d)
    norms = 4 * d
    final = 2 * d if config.norm == "pre" else 0
    positions = config.context * d if config.positions == "learned" else 0
    head = 0 if config.tie_head else d * v
    return v * d + positions + config.layers * (attention + feedforward + norms) + final + head


def flops_per_token(config: GPTConfig) -> int:
    """Floating-point operations that training spends on one token, forward and backward, matrix products only.

    Every weight that multiplies is met once forward and twice backward, two operations each: 6 per weight. Attention's two products
    with S = context keys add 12 L D S. Chowdhery et al. 2022 (PaLM), appendix B.
    """
    d, f = config.d_model, config.d_ff
    weights = config.layers * (4 * d * d + 2 * d * f) + d * config.vocab_size
    return 6 * weights + 12 * config.layers * d * config.context
