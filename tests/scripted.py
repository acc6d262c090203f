"""A GPT that writes what it is told, whatever it reads: for tests of what stands around a model."""

from collections.abc import Sequence

import numpy as np

from minillm.models import GPT, GPTConfig


def scripted_gpt(vocab_size: int, ids: Sequence[int], after: int) -> GPT:
    """A GPT whose likeliest tokens after `after` others are `ids`, one after the other; then they are all alike.

    Every position is a direction of its own, which the head of the token that belongs there points to.
    """
    places = after + len(ids) + 1
    model = GPT(
        GPTConfig(vocab_size, context=places, layers=1, heads=1, d_model=places, d_ff=1, tie_head=False), seed=None
    )
    model.positions.weight.data[...] = 10 * np.eye(places)
    for place, token in enumerate(ids, start=after - 1):
        model.head.weight.data[place, token] = 5
    return model
