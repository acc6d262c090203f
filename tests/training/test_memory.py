"""The memory that a batch needs: in proportion to the context, and to its square where dropout keeps the attention maps."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import GPT, GPTConfig, KeyValueCache, T5Config
from minillm.training import TrainOptions, check_texts
from minillm.training import memory as memory_module
from minillm.training.memory import batch_bytes, texts_bytes


@pytest.mark.parametrize(("dropout", "times"), [(0.0, 2), (0.1, 4)])
def test_memory_against_the_length_of_the_context(dropout, times):
    config = GPTConfig(vocab_size=50, layers=2, heads=4, d_model=8, context=8192, dropout=dropout)
    once, twice = (batch_bytes(config, TrainOptions(batch=2), context) for context in (4096, 8192))
    assert twice / once == pytest.approx(times, rel=0.02)


@pytest.mark.parametrize("change", [{}, {"context": 9000}, {"window": 16}, {"kv_heads": 2, "d_kv": 6}])
def test_memory_of_texts_that_are_written_together(change):
    config = GPTConfig(vocab_size=50, layers=2, heads=4, d_model=8, **{"context": 64} | change)
    cache = KeyValueCache(GPT(config), 3)
    scores = 3 * 50 * (np.dtype(np.float32).itemsize + np.dtype(np.float64).itemsize)
    assert texts_bytes(config, 3) == sum(array.nbytes for array in (*cache.keys, *cache.values)) + scores
    assert texts_bytes(T5Config(vocab_size=50, layers=1, decoder_layers=1), 3) == scores


def test_several_models_that_read_the_same_texts(monkeypatch):
    config = GPTConfig(vocab_size=50, layers=2, heads=4, d_model=8, context=64)
    monkeypatch.setattr(memory_module, "physical_memory", lambda: texts_bytes(config, 10))
    check_texts([config], 10, "Write fewer.")
    check_texts([config, config], 5, "Write fewer.")
    for configs, texts in (([config], 11), ([config] * 2, 6)):
        with pytest.raises(InputError, match=f"{texts} texts at once") as caught:
            check_texts(configs, texts, "Write fewer.")
        assert caught.value.remedy == "Write fewer."


def test_a_system_that_knows_no_limit_of_its_memory_answers_minus_one(monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: -1, raising=False)
    assert memory_module.physical_memory() is None
