"""Whether an alignment run fits into this machine's memory: said before anything is computed or written."""

import dataclasses
from collections.abc import Sequence

from minillm.alignment.pairs import TokenPairs
from minillm.alignment.policy_trainer import EVALUATED
from minillm.models import GPTConfig
from minillm.training import TrainOptions
from minillm.training.memory import Need, batch_bytes, check_needs, model_bytes, texts_bytes

SMALLER_MODEL = "Begin with a smaller model."


def check_memory_for_pairs(config: GPTConfig, options: TrainOptions, parts: Sequence[TokenPairs], rows: int) -> None:
    """Raise InputError if training on pairs, with so many rows for each, needs more memory than there is."""
    pairs = [pair for part in parts for pair in zip(*part, strict=True)]
    width = max(len(prompt) + max(len(chosen), len(rejected)) for prompt, chosen, rejected in pairs) - 1
    together = dataclasses.replace(options, batch=rows * options.batch)
    check_needs(
        Need(model_bytes(config), "the model", SMALLER_MODEL),
        Need(batch_bytes(config, together, width), "a batch", "Make the batch smaller: `batch`."),
        Need(16 * rows * width * len(pairs), "the pairs", "Give fewer pairs, or shorter ones."),
    )


def check_memory_for_answers(config: GPTConfig, options: TrainOptions, width: int, updates: int) -> None:
    """Raise InputError if learning from answers, which come with their prompts to `width` tokens, needs more memory than there is.

    Model and reference read a batch together. Answers to evaluate on are as many whatever the batch is.
    """
    evaluated = dataclasses.replace(options, batch=EVALUATED)
    written = texts_bytes(config, max(options.batch, EVALUATED))
    read = max(2 * batch_bytes(config, options, width), batch_bytes(config, evaluated, width))
    undone = 12 if updates > 1 else 0  # bytes a number, so that a round can be undone
    check_needs(
        Need(
            model_bytes(config) + (4 + undone) * config.parameter_count(), "the model and its reference", SMALLER_MODEL
        ),
        Need(max(written, read), "a batch", "Make the batch smaller: `batch`, `answer_tokens`."),
    )
