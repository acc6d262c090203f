"""Gradient checks: for your own layers (`randomize`, `layer_errors`, `gradient_error`), and of everything in minillm (`run`).

The tool is `layers/gradcheck.py`. The cases are in this folder, and are loaded when the first of them is asked for.
"""

from minillm.gradcheck.cases import LayerCase, OpCase, PairCase, Result, all_cases, case, check, run, select
from minillm.layers.gradcheck import (
    LIMIT,
    STEP,
    gradient_error,
    gradient_errors,
    layer_errors,
    numeric_gradient,
    randomize,
)

__all__ = [
    "LIMIT",
    "STEP",
    "LayerCase",
    "OpCase",
    "PairCase",
    "Result",
    "all_cases",
    "case",
    "check",
    "gradient_error",
    "gradient_errors",
    "layer_errors",
    "numeric_gradient",
    "randomize",
    "run",
    "select",
]
