"""Before a model comes to a GPU, each kernel is compared with its op; one that fails switches all off."""

import logging
import re

import numpy as np
import pytest

from minillm.backend import choose_device
from minillm.kernels import launching
from minillm.models import GPT, GPTConfig
from minillm.ops import kernel_check
from tests.kernels.compare import launched

check = kernel_check.check_kernels.__wrapped__


def test_every_kernel_is_run_and_passes(gpu, caplog):
    with launched() as names:
        check(gpu)
    files = [path.read_text(encoding="utf-8") for path in launching.FOLDER.glob("*.cu")]
    kernels = {
        name for text in files for name in re.findall(r"__global__ void (?:__launch_bounds__\(\w+\) )?(\w+)\(", text)
    }
    assert set(names) == kernels and len(kernels) > 15
    assert launching.ON and not caplog.records


def test_one_that_computes_something_else_switches_all_off(gpu, monkeypatch, caplog):
    monkeypatch.setattr(kernel_check, "cases", lambda: {"doubled": lambda xp: [xp.ones(3) * (1 if xp is np else 2)]})
    check(gpu)
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert not launching.ON and record.getMessage().endswith("failed its check: doubled: it is off by 1")
    assert not launching.fit(gpu.ones(3, np.float32))


def test_one_that_does_not_compile_switches_all_off(gpu, monkeypatch, caplog):
    def refuse(*what):
        raise RuntimeError("NVRTC_ERROR_COMPILATION:\n a line")

    monkeypatch.setattr(launching, "_kernel", refuse)
    check(gpu)
    assert not launching.ON and "layer_norm: RuntimeError: NVRTC_ERROR_COMPILATION: a line" in caplog.text


@pytest.mark.parametrize("wrong", [1.001, np.nan])
def test_a_wrong_number_is_seen_and_rounding_is_not(wrong):
    wanted = np.array([1.0, -20.0, 0.0])
    assert kernel_check.difference([wanted * np.float32(1 + 1e-6)], [wanted]) is None
    assert kernel_check.difference([wanted, wanted * wrong], [wanted, wanted]).startswith("it is off by")


def test_a_model_that_comes_to_a_gpu_asks_first(gpu, monkeypatch):
    asked = []
    monkeypatch.setattr("minillm.layers.layer.check_kernels", asked.append)
    config = GPTConfig(13, layers=1, heads=2, d_model=8, context=5)
    GPT(config)
    assert not asked
    GPT(config, device=choose_device("gpu"))
    assert asked == [gpu]
