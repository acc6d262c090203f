"""What real CuPy offers, read from cupy_api.json: which names there are, and which arguments each takes."""

import json
from functools import cache
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

API: dict[str, Any] = json.loads(Path(__file__).with_name("cupy_api.json").read_text(encoding="utf-8"))

# CuPy declares **kwargs here, and refuses all but these
_NARROWER = {"function(*operands, **kwargs)": "function(*operands, dtype=, optimize=)"}


def require(owner: str, name: str) -> str:
    """The frozen entry of owner.name; AttributeError if CuPy has no such name."""
    if name not in API[owner]:
        raise AttributeError(f"{owner} has no {name!r} (CuPy {API['version']})")
    return API[owner][name]


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def kind(entry: str) -> str:
    return entry.partition("(")[0]


@cache
def signature(entry: str) -> Signature:
    """The signature that an entry such as `function(a, /, axis=, *, dtype=)` describes: its bind() refuses what CuPy refuses."""
    text = _NARROWER.get(entry, entry).partition("(")[2].removesuffix(")")
    parameters: list[Parameter] = []
    style = Parameter.POSITIONAL_OR_KEYWORD
    for part in filter(None, text.split(", ")):
        if part == "/":
            parameters = [p.replace(kind=Parameter.POSITIONAL_ONLY) for p in parameters]
        elif part == "*":
            style = Parameter.KEYWORD_ONLY
        elif part.startswith("**"):
            parameters.append(Parameter(part[2:], Parameter.VAR_KEYWORD))
        elif part.startswith("*"):
            parameters.append(Parameter(part[1:], Parameter.VAR_POSITIONAL))
            style = Parameter.KEYWORD_ONLY
        else:
            default = None if part.endswith("=") else Parameter.empty
            parameters.append(Parameter(part.rstrip("="), style, default=default))
    return Signature(parameters)
