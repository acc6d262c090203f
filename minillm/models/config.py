"""What every config of a model shares: it checks itself when it is made, and counts what the model costs."""

import dataclasses
import math
from abc import ABC, abstractmethod
from typing import ClassVar

from minillm.errors import InputError

POSITIONS = ("learned", "sinusoidal")


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
        for name, values in choices.items():
            if getattr(self, name) not in values:
                raise InputError(f"There is no {name} {getattr(self, name)!r}.", f"Choose one of {', '.join(values)}.")

    def check_eps(self) -> None:
        if not isinstance(self.eps, int | float) or not 0 < self.eps < math.inf:
            raise InputError(f"eps must be positive, got {self.eps!r}.", "1e-5 is GPT-2's, 1e-6 T5's, 1e-12 is BERT's.")

    def check_positions(self, choices: tuple[str, ...] = POSITIONS) -> None:
        self.check_choices(positions=choices)
        if self.positions == "sinusoidal" and self.d_model % 2:
            raise InputError(
                f"Sinusoidal positions need an even d_model, got {self.d_model}.",
                f"Sines and cosines come in pairs; try d_model = {self.d_model + 1}.",
            )
