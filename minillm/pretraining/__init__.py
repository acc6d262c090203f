"""Pretraining: from a text to a trained model, in one of several ways."""

from minillm.pretraining.causal import Causal
from minillm.pretraining.evaluation import TextLoss, evaluate, evaluate_on_text
from minillm.pretraining.job import (
    OBJECTIVES,
    PREFERENCES,
    Prepared,
    Settings,
    choose_size,
    prepare,
    pretrain,
    settings_for,
    task_from_record,
    task_of,
)
from minillm.pretraining.masked import Masked
from minillm.pretraining.preferences import AWR, MLE, RWR, SPOILED, Conditional, Filtering, Unlikelihood
from minillm.pretraining.presets import DEFAULT, PRESETS
from minillm.pretraining.restoring import Denoise, Span
from minillm.pretraining.task import Pretraining

__all__ = [
    "AWR",
    "DEFAULT",
    "MLE",
    "OBJECTIVES",
    "PREFERENCES",
    "PRESETS",
    "RWR",
    "SPOILED",
    "Causal",
    "Conditional",
    "Denoise",
    "Filtering",
    "Masked",
    "Prepared",
    "Pretraining",
    "Settings",
    "Span",
    "TextLoss",
    "Unlikelihood",
    "choose_size",
    "evaluate",
    "evaluate_on_text",
    "prepare",
    "pretrain",
    "settings_for",
    "task_from_record",
    "task_of",
]
