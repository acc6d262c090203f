"""A training step with kernels is the plain training step."""

import numpy as np
import pytest

from minillm.backend import CounterGenerator, choose_device
from minillm.kernels import launching, normalization
from minillm.models import GPT, GPTConfig
from minillm.text import Corpus
from minillm.training import Trainer, TrainOptions
from tests.kernels.compare import launched
from tests.standin import Counts, counting

OF_ALL = {"adamw", "softmax", "softmax_backward", "log_softmax", "cross_entropy_backward"}
OF_LLAMA = {"rms_norm", "rms_norm_backward", "norm_backward_weights", "sum_of_parts", "silu", "silu_backward"}
OF_GPT2 = {"layer_norm", "layer_norm_backward", "norm_backward_weights", "sum_of_parts"}


def trained(dtype, **changes) -> tuple[np.ndarray, Counts]:
    """The weights of a model after four steps, and how often the last three waited and copied; all but the first are a CUDA graph."""
    config = GPTConfig(vocab_size=13, context=11, layers=2, heads=3, d_model=24, d_ff=26, **changes)
    model = GPT(config, dtype=dtype, device=choose_device("gpu"))
    corpus = Corpus(np.random.default_rng(3).integers(13, size=600), 11)
    trainer = Trainer(model, corpus, TrainOptions(steps=4, batch=2, lr=1e-2))
    trainer.step()
    with counting() as counts:
        for _ in range(3):
            trainer.step()
    assert trainer.captured.possible and all(trainer.captured._graphs.values())
    return model.vector.data.get(), counts


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, OF_ALL | OF_GPT2 | {"gelu", "gelu_backward"}),
        (
            {"activation": "gelu_erf", "norm": "post", "dropout": 0.1},
            OF_ALL | OF_GPT2 | {"dropout_mask", "gelu_erf", "gelu_erf_backward"},
        ),
        ({"norm": "rms", "activation": "swiglu", "positions": "rotary", "kv_heads": 1, "window": 3}, OF_ALL | OF_LLAMA),
    ],
)
def test_weights_are_the_same_and_nothing_more_is_waited_for(gpu, monkeypatch, changes, names):
    with launched() as seen:
        weights, counts = trained(np.float32, **changes)
    monkeypatch.setattr(launching, "ON", False)
    with launched() as unseen:
        expected, plain_counts = trained(np.float32, **changes)
    assert set(seen) == names and not unseen and counts == plain_counts
    np.testing.assert_allclose(weights, expected, atol=1e-4)


def test_attention_in_tiles(gpu, monkeypatch):
    monkeypatch.setattr("minillm.layers.attention.chunk_size", lambda *sizes: 128)
    with launched() as names:
        weights, _ = trained(np.float32, window=3)
    monkeypatch.setattr(launching, "ON", False)
    expected, _ = trained(np.float32, window=3)
    assert {"attention", "attention_backward_keys"} <= set(names) and "softmax" not in names
    np.testing.assert_allclose(weights, expected, atol=1e-4)


def test_float64_goes_the_plain_way(gpu):
    with launched() as names:
        trained(np.float64)
    assert not names


def test_what_a_kernel_could_not_count_goes_the_plain_way(gpu):
    """A loop counts in CUDA's int, by as many numbers as a block has threads, and so goes beyond the last one."""
    x = gpu.ones(3, np.float32)
    most_at_a_time = max(1024, 32 * normalization.MOST_PARTS)
    assert launching.LARGEST + most_at_a_time < 2**31
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launching, "LARGEST", 2)
        assert not launching.fit(x) and not launching.fit_mask((3,), CounterGenerator(gpu, np.uint64(1)), np.float32)
    assert launching.fit(x)


def test_what_is_not_contiguous_goes_the_plain_way(gpu):
    x = gpu.ones((3, 4), np.float32)
    assert launching.fit(x) and not launching.fit(x, x.T) and not launching.fit(x[:, 1:]) and not launching.fit(x[:0])
    assert not launching.fit(np.ones((3, 4), np.float32))


@pytest.mark.parametrize("changes", [{"dropout": 0.1}, {"activation": "gelu_erf", "norm": "post"}])
def test_steps_with_kernels_can_be_captured_in_a_cuda_graph(gpu, changes):
    weights = []
    for captured in (True, False):
        config = GPTConfig(vocab_size=13, context=11, layers=1, heads=2, d_model=12, d_ff=18, **changes)
        corpus = Corpus(np.random.default_rng(3).integers(13, size=600), 11)
        trainer = Trainer(GPT(config, device=choose_device("gpu")), corpus, TrainOptions(steps=4, batch=2, lr=1e-2))
        trainer.captured.possible = captured
        for _ in range(4):
            trainer.step()
        assert [graph is not None for graph in trainer.captured._graphs.values()] == [True] * captured
        weights.append(trainer.model.vector.data.get())
    np.testing.assert_allclose(*weights, atol=1e-5)
