"""Gradient checks: for your own layers (`randomize`, `layer_errors`, `gradient_error`), and of everything in minillm (`run`)."""

from minillm.gradcheck import (  # noqa: F401, I001 (each enters its cases, in this order)
    op_cases,
    layer_cases,
    model_cases,
    encoder_cases,
    encoder_decoder_cases,
    objective_cases,
    preference_cases,
    rewarded_cases,
    alignment_cases,
)
from minillm.gradcheck.cases import CASES, LayerCase, OpCase, PairCase, Result, case, check, run, select
from minillm.gradcheck.numeric import (
    LIMIT,
    STEP,
    gradient_error,
    gradient_errors,
    layer_errors,
    numeric_gradient,
    randomize,
)

__all__ = [
    "CASES",
    "LIMIT",
    "STEP",
    "LayerCase",
    "OpCase",
    "PairCase",
    "Result",
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
