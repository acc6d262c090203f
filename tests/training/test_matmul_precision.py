"""What rounding in matrix products costs a training. On a stand-in that rounds as Tensor Cores do; marked `gpu`, on a real card."""

import numpy as np
import pytest

from minillm.backend import choose_device
from minillm.gpu.cublas import PRECISIONS
from minillm.models import GPT, GPTConfig
from minillm.text import Corpus
from minillm.training import Trainer, TrainOptions


def losses(device, precision):
    text = np.random.default_rng(0).integers(9, size=40)  # forty numbers to be known by heart
    model = GPT(GPTConfig(9, context=12, layers=1, heads=2, d_model=16), device=device)
    options = TrainOptions(steps=150, batch=8, lr=1e-2, warmup=5, log_every=1, matmul_precision=precision)
    trainer = Trainer(model, Corpus(np.tile(text, 20), 12), options)
    return np.array([trainer.step().loss for _ in range(options.steps)])


def check(device):
    exact, *rounded = (losses(device, precision) for precision in PRECISIONS)
    assert exact[-20:].mean() < 0.3 * exact[0], "nothing was learned"
    for found, least in zip(rounded, (1e-5, 1e-4), strict=True):
        assert least < np.abs(found - exact).max(), "nothing was rounded"
        assert found[-20:].mean() == pytest.approx(exact[-20:].mean(), rel=0.1)


def test_tf32_and_bfloat16_learn_what_float32_learns(cupy_standin):
    check(choose_device("gpu"))


@pytest.mark.gpu
def test_tf32_and_bfloat16_learn_what_float32_learns_on_a_card():
    if not pytest.importorskip("cupy").is_available():
        pytest.skip("no GPU that answers")
    check(choose_device("gpu"))
