"""Whether a run fits into this machine's memory: said before anything is written, not by a crash halfway."""

import os

from minillm.errors import InputError
from minillm.models import ModelConfig
from minillm.ops import chunk_size
from minillm.training.options import TrainOptions


def physical_memory() -> int | None:
    """Bytes of memory that this machine has; None where it can't tell (Windows)."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def model_bytes(config: ModelConfig) -> int:
    """Weight, gradient and two moments, float32 each."""
    return 16 * config.parameter_count()


def batch_bytes(config: ModelConfig, options: TrainOptions, context: int) -> int:
    """The least that a step keeps between forward and backward, float32, and the ids of all its passes, int64.

    A block keeps some ten vectors of width D and two of width F for each token; and a row of attention weights, unless attention goes
    chunk by chunk; the head keeps log p.
    """
    in_chunks = not config.dropout and chunk_size(options.batch * config.heads, context, context, causal=True)
    block = 10 * config.d_model + 2 * config.d_ff + (0 if in_chunks else config.heads * context)
    activations = 4 * (config.layers * block + config.vocab_size)
    return options.batch * context * (activations + 16 * options.accumulate)


def check_memory(config: ModelConfig, options: TrainOptions, context: int) -> None:
    """Raise InputError if training needs more memory than there is. Passing is no promise: other programs run too."""
    there = physical_memory()
    model, batch = model_bytes(config), batch_bytes(config, options, context)
    if there is None or model + batch <= there:
        return
    raise InputError(
        f"This run needs at least {gigabytes(model)} GB of memory for the model and {gigabytes(batch)} GB for a batch, "
        f"and this machine has {gigabytes(there)} GB.",
        "Make the model smaller: `d_model`, `layers`."
        if model > batch
        else "Make the batch smaller: `batch`, `context`.",
    )


def gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f}" if size < 1e15 else f"{size / 1e9:.0e}"
