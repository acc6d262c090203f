"""The memory that a batch needs: in proportion to the context, and to its square where dropout keeps the attention maps."""

import pytest

from minillm.models import GPTConfig
from minillm.training import TrainOptions
from minillm.training.memory import batch_bytes


@pytest.mark.parametrize(("dropout", "times"), [(0.0, 2), (0.1, 4)])
def test_memory_against_the_length_of_the_context(dropout, times):
    config = GPTConfig(vocab_size=50, layers=2, heads=4, d_model=8, context=8192, dropout=dropout)
    once, twice = (batch_bytes(config, TrainOptions(batch=2), context) for context in (4096, 8192))
    assert twice / once == pytest.approx(times, rel=0.02)
