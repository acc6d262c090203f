"""A pretrained GPT whose vocabulary grows: it gets rows for new tokens."""

import dataclasses

from minillm.backend import array_module
from minillm.models.gpt import GPT


def with_vocabulary(model: GPT, vocab_size: int, **changes) -> GPT:
    """A copy of a GPT for a vocabulary as large or larger, with other `changes` of its config.

    Each new row of the embeddings and of the head is the mean of the old ones: the new tokens are then no likelier than the others. Hewitt
    2021, "Initializing New Word Embeddings for Pretrained Language Models".
    """
    grown = GPT(
        dataclasses.replace(model.config, vocab_size=vocab_size, **changes),
        seed=None,
        dtype=model.vector.dtype.type,
        device=model.vector.device,
    )
    for name, parameter in grown.named_parameters():
        old, xp = model.vector.named[name].data, array_module(parameter.data)
        for axis, (before, after) in enumerate(zip(old.shape, parameter.data.shape, strict=True)):
            if before < after:
                new_rows = xp.repeat(old.mean(axis=axis, keepdims=True), after - before, axis=axis)
                old = xp.concatenate([old, new_rows], axis=axis)
        parameter.data[...] = old
    grown.eos_token_id = model.eos_token_id
    return grown
