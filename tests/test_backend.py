"""One code, two array libraries: what NumPy computes, a GPU computes too.

Every test runs on a strict stand-in for CuPy (no GPU code is run), and, marked `gpu`, on a real device where there is one.
"""

import json
import math
import sys

import numpy as np
import pytest

from minillm.backend import CPU, Device, choose_device, device_seed, to_host
from minillm.errors import InputError
from minillm.generation import generate
from minillm.models import GPT, GPTConfig, config_to_dict
from minillm.objectives import causal_lm, loss_backward
from minillm.ops import IGNORE
from minillm.text import Corpus
from minillm.training import Run, Trainer, TrainOptions
from minillm.training.checkpoint import load_model, save_weights
from tests.standin import counting

CONFIGS = {
    "gpt2": {},
    "post, sinusoidal, untied, erf": {
        "norm": "post", "positions": "sinusoidal", "tie_head": False, "activation": "gelu_erf", "bias": False,
    },
    "relu, large vocabulary": {"activation": "relu", "vocab_size": 700},
    "n-grams, large vocabulary": {"ngram": 3, "vocab_size": 700},
    "alibi": {"positions": "alibi", "activation": "silu", "window": 4},
    "llama": {"norm": "rms", "activation": "swiglu", "bias": False, "positions": "rotary", "kv_heads": 1, "window": 3},
}  # fmt: skip


def small(**changes) -> GPTConfig:
    return GPTConfig(
        **({"vocab_size": 13, "context": 11, "layers": 2, "heads": 3, "d_model": 18, "d_ff": 26} | changes)
    )


@pytest.mark.parametrize("changes", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loss_and_every_gradient_equal_numpys(device, changes, dtype):
    config = small(**changes)
    rng = np.random.default_rng(0)
    ids = rng.integers(config.vocab_size, size=(3, 7))
    targets = rng.integers(config.vocab_size, size=(3, 7))
    targets[0, 2:5] = IGNORE
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    losses, gradients = [], []
    for where in (CPU, device):
        model = GPT(config, seed=1, dtype=dtype, device=where)
        loss, saved = causal_lm(model, ids, targets, label_smoothing=0.1)
        loss_backward(model, 1.0, saved)
        assert model.vector.grad.dtype == dtype
        losses.append(float(loss))
        gradients.append(to_host(model.vector.grad))
    assert math.isclose(*losses, rel_tol=tolerance)
    assert np.linalg.norm(gradients[0] - gradients[1]) < tolerance * np.linalg.norm(gradients[0])


def trainer_on(device: Device, **changes) -> Trainer:
    corpus = Corpus(np.random.default_rng(3).integers(13, size=600), 11)
    options = TrainOptions(steps=12, batch=4, warmup=2, eval_every=6, log_every=5, lr=1e-2, accumulate=2)
    return Trainer(GPT(small(**changes), device=device), corpus, options)


def test_training_equals_numpys(device):
    ours, theirs = trainer_on(CPU), trainer_on(device)
    expected = [p.validation for p in ours.run() if p.validation is not None]
    found = [p.validation for p in theirs.run() if p.validation is not None]
    assert len(found) == 3
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    np.testing.assert_allclose(to_host(theirs.model.vector.data), ours.model.vector.data, atol=2e-4)


def test_a_training_step_reads_nothing_back_but_the_logged_loss(cupy_standin):
    trainer = trainer_on(choose_device("gpu"), dropout=0.1)
    for step in range(1, 12):
        with counting() as counts:
            progress = trainer.step()
        logged = step == 1 or step % 5 == 0
        assert (progress.loss is not None) == logged
        compared_with_its_graph = step == 2
        assert counts.synchronisations == (logged or compared_with_its_graph), f"step {step}"


@pytest.mark.parametrize("changes", [{"ngram": 3}, CONFIGS["alibi"], CONFIGS["llama"]])
def test_generation_equals_numpys(device, changes):
    texts = []
    for where in (CPU, device):
        model = GPT(small(**changes), seed=2, dtype=np.float64, device=where)
        texts.append(list(generate(model, np.array([3, 1, 4]), 30, temperature=0.9, top_k=8, top_p=0.95, seed=5)))
    assert texts[0] == texts[1]


def test_a_bad_id_is_an_error_and_not_another_word(device):
    model = GPT(small(), device=device)
    with pytest.raises(ValueError, match="token id 13 is outside the vocabulary of 13"):
        model.forward(np.array([[1, 13]]))


def test_checkpoints_travel_between_devices(device, tmp_path):
    model = GPT(small(), seed=4, device=device)
    save_weights(model, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config_to_dict(model.config)), encoding="utf-8")
    there, back = load_model(tmp_path), load_model(tmp_path, device)
    np.testing.assert_array_equal(there.vector.data, to_host(model.vector.data))
    np.testing.assert_array_equal(to_host(back.vector.data), to_host(model.vector.data))


def test_a_stopped_run_goes_on_as_if_it_had_not(device, tmp_path):
    """Bit for bit on the stand-in, whose sums keep their order; a real GPU's atomic additions need not."""
    straight, first = trainer_on(device, dropout=0.2), trainer_on(device, dropout=0.2)
    for _ in straight.run():
        pass
    folder = Run(tmp_path)
    for progress in first.run(stop=lambda: first.steps_done >= 7):
        folder.log(progress)
    folder.save(first)
    second = trainer_on(device, dropout=0.2)
    folder.load(second)
    for _ in second.run():
        pass
    np.testing.assert_allclose(
        to_host(second.model.vector.data), to_host(straight.model.vector.data), rtol=1e-6, atol=1e-7
    )


def test_auto_takes_the_processor_where_no_device_answers(monkeypatch, cupy_standin):
    def refuse(*arguments):
        raise RuntimeError("cudaErrorNoDevice")

    monkeypatch.setattr(cupy_standin, "arange", refuse)
    device = choose_device("auto")
    assert device.name == "cpu" and "RuntimeError" in device.reason
    with pytest.raises(InputError, match="No GPU can be used"):
        choose_device("gpu")


@pytest.mark.parametrize(
    "line",
    [
        "raise FileNotFoundError(2, 'No such file or directory', '/proc/.cupy')",
        "raise PermissionError(13, 'Permission denied', '/root/.cupy')",
        "raise ImportError('libcuda.so.1: cannot open shared object file\\n\\n*** many lines ***\\n' * 50)",
        "raise RuntimeError()",
        "import no_such_module_that_cupy_needs",
        "this is not Python",
    ],
)
def test_auto_takes_the_processor_where_cupy_cannot_be_imported(monkeypatch, tmp_path, line):
    (tmp_path / "cupy.py").write_text(line, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
        monkeypatch.delitem(sys.modules, name)
    device = choose_device("auto")
    assert device.name == "cpu" and "CuPy" in device.reason
    assert len(device.reason) < 250 and "\n" not in device.reason
    with pytest.raises(InputError, match="No GPU can be used"):
        choose_device("gpu")


def test_auto_takes_a_device_that_answers_and_says_which(cupy_standin):
    device = choose_device("auto")
    assert device.name == "gpu" and "stand-in" in device.reason


def test_the_same_key_draws_the_same_numbers(device):
    first, second, other = (to_host(device.generator(*key).random(5)) for key in ((1, 2), (1, 2), (1, 3)))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def splitmix64(seed: int, index: int) -> int:
    """Figure 15 of the paper, in Python's whole numbers."""
    most = 2**64 - 1
    z = (seed + 0x9E3779B97F4A7C15 * (index + 1)) & most
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & most
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & most
    return z ^ (z >> 31)


def test_a_gpus_random_numbers_are_splitmix64s_and_go_on_from_draw_to_draw(device):
    rng = device.generator(1, 2)
    drawn = np.concatenate([to_host(rng.random((2, 3), dtype=np.float64)).ravel(), to_host(rng.random(4))])
    seed = int(device_seed(1, 2))
    assert drawn.tolist() == [(splitmix64(seed, i) >> 11) / 2**53 for i in range(10)]
    single = to_host(device.generator(1, 2).random((10,), dtype=np.float32))
    assert single.dtype == np.float32
    assert single.tolist() == [(splitmix64(seed, i) >> 40) / 2**24 for i in range(10)]


def test_a_seed_on_the_device_draws_what_the_same_key_draws(device):
    seed = device.xp.asarray(np.array([device_seed(1, 2)]))
    assert to_host(device.generator(seed).random(5)).tolist() == to_host(device.generator(1, 2).random(5)).tolist()


def test_a_gpus_random_numbers_are_even_and_do_not_depend_on_each_other(device):
    numbers = to_host(device.generator(7).random((1000, 1000), dtype=np.float32))
    assert numbers.min() >= 0 and numbers.max() < 1 and abs(numbers.mean() - 0.5) < 2e-3
    counts = np.histogram(numbers, 100, (0, 1))[0]
    assert ((counts - 1e4) ** 2 / 1e4).sum() < 160  # chi-squared with 99 degrees of freedom: once in ten thousand
    for other in (
        np.roll(numbers, 1, axis=1),
        np.roll(numbers, 1, axis=0),
        to_host(device.generator(8).random((1000, 1000))),
    ):
        assert abs(np.corrcoef(numbers.ravel(), other.ravel())[0, 1]) < 4e-3
