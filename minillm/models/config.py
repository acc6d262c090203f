"""The checked configuration of a model, a GPT's first of all, and what it costs."""

import dataclasses
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from minillm.errors import InputError
from minillm.layers.block import BLOCKS
from minillm.layers.feedforward import ACTIVATIONS

POSITIONS = ("learned", "sinusoidal")
EPS = 1e-5  # of GPT-2


class ModelConfig(ABC):
    """What every config shares. A config is a frozen dataclass that checks itself when it is made: bad values raise InputError."""

    name: ClassVar[str]  # of the model, with its article, for messages
    dropout: float  # where it is 0, the model needs no random numbers

    @abstractmethod
    def parameter_count(self) -> int:
        """How many numbers the model learns."""

    @abstractmethod
    def flops_per_token(self) -> int:
        """Floating-point operations that training spends on one token, forward and backward, matrix products only."""

    def to_dict(self) -> dict:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "ModelConfig":
        """The config that `to_dict` wrote. Unknown and missing names are errors."""
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(values, dict) or set(values) != names:
            difference = ", ".join(sorted(set(values) ^ names)) if isinstance(values, dict) else repr(values)[:40]
            raise InputError(
                f"This is not the config of {cls.name}: {difference}.", "Was it written by another version of minillm?"
            )
        return cls(**values)

    def check_counts(self, *names: str, least: int = 1) -> None:
        for name in names:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise InputError(
                    f"{name} must be a whole number of at least {least}, got {value!r}.",
                    f"Give {least} or more.",
                )

    def check_heads(self) -> None:
        if self.d_model % self.heads:
            nearest = next(h for h in range(min(self.heads, 256), 0, -1) if self.d_model % h == 0)
            raise InputError(
                f"{self.heads} heads do not divide d_model = {self.d_model}.",
                f"Every head needs a whole number of columns; try {nearest} heads.",
            )

    def check_dropout(self, name: str = "dropout") -> None:
        value = getattr(self, name)
        if not isinstance(value, int | float) or not 0 <= value < 1:
            raise InputError(f"{name} must lie in [0, 1), got {value!r}.", "0 turns it off; 0.1 is usual.")

    def check_choices(self, **choices: tuple[str, ...]) -> None:
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise InputError(f"There is no {name} {getattr(self, name)!r}.", f"Choose one of {', '.join(known)}.")

    def check_eps(self) -> None:
        if not isinstance(self.eps, int | float) or not 0 < self.eps < math.inf:
            raise InputError(f"eps must be positive, got {self.eps!r}.", "1e-5 is GPT-2's, 1e-6 T5's, 1e-12 is BERT's.")

    def check_positions(self) -> None:
        self.check_choices(positions=POSITIONS)
        if self.positions == "sinusoidal" and self.d_model % 2:
            raise InputError(
                f"Sinusoidal positions need an even d_model, got {self.d_model}.",
                f"Sines and cosines come in pairs; try d_model = {self.d_model + 1}.",
            )


@dataclass(frozen=True)
class GPTConfig(ModelConfig):
    """Every size and choice of a decoder. Bad ones raise InputError when the config is made, not at the first batch."""

    name: ClassVar[str] = "a GPT"

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
    ngram: int = 1  # tokens that an embedding reads: its own, and those just before it
    eps: float = EPS  # of every LayerNorm

    def __post_init__(self):
        if self.d_ff == 0:
            object.__setattr__(self, "d_ff", 4 * self.d_model)
        self.check_counts("vocab_size", "context", "layers", "heads", "d_model", "d_ff", "ngram")
        self.check_heads()
        self.check_dropout()
        self.check_choices(activation=tuple(ACTIVATIONS), norm=tuple(BLOCKS))
        self.check_positions()
        self.check_eps()

    def to_dict(self) -> dict:
        """Without the usual `eps`, so that it equals what was written when there was no other."""
        return {name: value for name, value in super().to_dict().items() if (name, value) != ("eps", EPS)}

    @classmethod
    def from_dict(cls, values: dict) -> "GPTConfig":
        return super().from_dict({"eps": EPS} | values if isinstance(values, dict) else values)

    def parameter_count(self) -> int:
        d, f, v, b = self.d_model, self.d_ff, self.vocab_size, int(self.bias)
        attention = 4 * (d * d + b * d)
        feedforward = 2 * d * f + b * (f + d)
        norms = 4 * d
        final = 2 * d if self.norm == "pre" else 0
        positions = self.context * d if self.positions == "learned" else 0
        head = 0 if self.tie_head else d * v
        return self.ngram * v * d + positions + self.layers * (attention + feedforward + norms) + final + head

    def flops_per_token(self) -> int:
        """Every weight that multiplies is met once forward and twice backward, two operations each: 6 per weight. Attention's two products
        with S = context keys add 12 L D S. Chowdhery et al. 2022 (PaLM), appendix B.
        """
        return self.body_flops_per_token() + 6 * self.d_model * self.vocab_size

    def body_parameter_count(self) -> int:
        """How many of its numbers a classifier takes over: all of them, for its head is mostly the embedding table again."""
        return self.parameter_count()

    def body_flops_per_token(self) -> int:
        """What of its operations is left in a classifier: all but the head's."""
        d = self.d_model
        return 6 * self.layers * (4 * d * d + 2 * d * self.d_ff) + 12 * self.layers * d * self.context
