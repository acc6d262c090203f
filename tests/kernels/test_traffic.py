"""What a training step of a block reads and writes besides its matrix products: docs/kernels.md says so."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from minillm.backend import choose_device
from minillm.gpu.cublas import matmul_by_cublas
from minillm.models import GPT, GPTConfig
from minillm.objectives import causal_lm
from minillm.objectives.objective import loss_backward
from tests.standin.traffic import traffic

B, T, D, H = 2, 32, 48, 6  # scores (B, H, T, T) are four arrays (B, T, D), as with a width of 384 and 256 tokens
PAGE = Path(__file__).parents[2] / "docs" / "kernels.md"


def arrays_of(layers: int, gpu) -> Counter:
    """How many arrays (B, T, D) a step reads and writes, by the file that asks for it."""
    config = GPTConfig(vocab_size=13, context=T, layers=layers, heads=H, d_model=D, d_ff=4 * D)
    model, ids = GPT(config, device=choose_device("gpu")), np.arange(B * T).reshape(B, T) % 13
    with matmul_by_cublas(gpu), traffic() as found:
        _, saved = causal_lm(model, ids, ids)
        loss_backward(model, 1.0, saved)
    return Counter({file: count / (4 * B * T * D) for file, count in found.items()})


def test_a_block_reads_and_writes_as_many_arrays_as_the_page_says(gpu):
    one, two = arrays_of(1, gpu), arrays_of(2, gpu)
    del two["layers/layer.py"]  # it adds up the gradients of weights
    block = {file: round(two[file] - one[file]) for file in two}
    said = re.findall(r"\| \[`([\w/]+\.py)`\]\(\S+\) \|.*\| (\d+) \|", PAGE.read_text(encoding="utf-8"))
    assert {file: count for file, count in block.items() if count} == {file: int(count) for file, count in said}
    assert f"{sum(block.values())} arrays" in PAGE.read_text(encoding="utf-8")
