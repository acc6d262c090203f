"""config.json, read with suspicion: every field is of its type, and whatever minillm does not do is named."""

import json
from typing import Any

from minillm.errors import InputError

# What Hugging Face calls an activation, and what we do. Theirs have many names: what is written is the first.
ACTIVATIONS = {"gelu_new": "gelu", "gelu_pytorch_tanh": "gelu", "gelu": "gelu_erf", "relu": "relu", "silu": "silu"}


class Fields:
    """The fields of a config.json."""

    def __init__(self, values: dict):
        self.values = values

    def take(self, name: str, default: Any) -> Any:
        """The value of a field, which must be of the default's type. It is the default if the field is absent or null."""
        value = self.values.get(name)
        if value is None:
            return default
        wanted = (float, int) if type(default) is float else (type(default),)
        too_large = type(value) is int and abs(value) >= 2**63
        if type(value) not in wanted or too_large:
            raise InputError(f"{name} is {shown(value)}, and should be like {shown(default)}.", "Copy the file anew.")
        return value

    def activation(self, name: str, default: str) -> str:
        """Ours for theirs."""
        value = self.take(name, default)
        if value not in ACTIVATIONS:
            raise unsupported(name, value, *ACTIVATIONS)
        return ACTIVATIONS[value]

    def require(self, **fields: Any) -> None:
        """InputError if one of these fields is there with another value than this, the only one that minillm can do."""
        for name, only in fields.items():
            if self.take(name, only) != only:
                raise unsupported(name, self.values[name], only)


def unsupported(name: str, value: Any, *supported: Any) -> InputError:
    return InputError(
        f"{name} is {shown(value)}, which minillm does not support.",
        f"Supported is {' or '.join(map(shown, supported))}.",
    )


def shown(value: Any) -> str:
    """As the file writes it, but not at any length."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def their_activation(ours: str) -> str:
    return next(theirs for theirs, name in ACTIVATIONS.items() if name == ours)


def check_expressible(config: Any, theirs: str, **needed: Any) -> None:
    """InputError unless these fields of our config have these values: theirs has no place for others."""
    for name, value in needed.items():
        if getattr(config, name) != value:
            raise InputError(
                f"{name} is {getattr(config, name)!r}, and a {theirs} of Hugging Face can only have {value!r}.",
                f"Only a model with {name} = {value!r} can be written as one.",
            )
