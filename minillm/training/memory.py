"""Whether what is asked for fits into this machine's memory: said before anything is written, not by a crash halfway."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from minillm.errors import InputError
from minillm.models import GPTConfig, KeyValueCache, ModelConfig
from minillm.ops import chunk_size
from minillm.training.options import TrainOptions


def physical_memory() -> int | None:
    """Bytes of memory that this machine has; None where it can't tell (Windows), or answers -1 (POSIX: no limit is known)."""
    try:
        pages = os.sysconf("SC_PHYS_PAGES")
        return os.sysconf("SC_PAGE_SIZE") * pages if pages > 0 else None
    except (AttributeError, ValueError, OSError):
        return None


def model_bytes(config: ModelConfig) -> int:
    """Weight, gradient and two moments, float32 each."""
    return 16 * config.parameter_count()


def batch_bytes(config: ModelConfig, options: TrainOptions, context: int) -> int:
    """The least that a step keeps between forward and backward, float32, and the ids of all its passes, int64.

    A block keeps some ten vectors of width D and two of width F, with a gate four, for each token; and a row of attention weights, unless
    attention goes chunk by chunk; the head keeps log p.
    """
    in_chunks = not config.dropout and chunk_size(options.batch * config.heads, context, context, causal=True)
    inside = (4 if getattr(config, "gated", False) else 2) * config.d_ff
    block = 10 * config.d_model + inside + (0 if in_chunks else config.heads * context)
    activations = 4 * (config.layers * block + config.vocab_size)
    return options.batch * context * (activations + 16 * options.accumulate)


def texts_bytes(config: ModelConfig, texts: int) -> int:
    """The least that is kept of so many texts while they are written together: the scores of the next token, float32 and float64, and
    a GPT's keys and values, float32, as many as its cache has room for at first.
    """
    cache = 0
    if isinstance(config, GPTConfig):
        room = min(config.attention_span, KeyValueCache.FIRST_SIZE)
        cache = 8 * config.layers * room * config.kv_heads * config.d_kv
    return texts * (12 * config.vocab_size + cache)


class Need(NamedTuple):
    """Memory that is asked for, in bytes: for what, and what makes it less."""

    size: int
    what: str
    remedy: str


def check_needs(*needs: Need) -> None:
    """Raise InputError if together they are more memory than there is. Passing is no promise: other programs run too."""
    there = physical_memory()
    if there is None or sum(need.size for need in needs) <= there:
        return
    asked = " and ".join(f"{gigabytes(need.size)} GB for {need.what}" for need in needs)
    raise InputError(
        f"This needs at least {asked}, and this machine has {gigabytes(there)} GB of memory.",
        max(needs, key=lambda need: need.size).remedy,
    )


def check_memory(config: ModelConfig, options: TrainOptions, context: int) -> None:
    """Raise InputError if training needs more memory than there is."""
    check_needs(
        Need(model_bytes(config), "the model", "Make the model smaller: `d_model`, `layers`."),
        Need(batch_bytes(config, options, context), "a batch", "Make the batch smaller: `batch`, `context`."),
    )


def check_texts(configs: Iterable[ModelConfig], texts: int, remedy: str) -> None:
    """Raise InputError if models of these configs can't write so many texts together."""
    size = sum(texts_bytes(config, texts) for config in configs)
    check_needs(Need(size, f"{texts:,} texts at once", remedy))


def gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f}" if size < 1e15 else f"{size / 1e9:.0e}"
