"""Muon as the page of the speedrun writes it by hand is the library's, and its command is the benchmark's recipe."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.time_to_loss import MUON, fields_of
from minillm.models import GPT, GPTConfig
from minillm.pretraining import DEFAULT, PRESETS
from minillm.training import Muon, TrainOptions
from minillm.training.optimizers import orthogonal

PAGE = (Path(__file__).parents[1] / "benchmarks" / "speedrun.md").read_text(encoding="utf-8")


@pytest.fixture
def by_hand():
    (piece,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict = {}
    exec(piece, names)
    return names


def test_the_orthogonal_matrix(by_hand):
    for shape in ((5, 5), (5, 9)):
        matrix = np.random.default_rng(0).standard_normal(shape)
        np.testing.assert_allclose(by_hand["orthogonal"](matrix), orthogonal(matrix), atol=1e-5)


def test_two_steps(by_hand):
    model = GPT(GPTConfig(11, context=6, layers=1, heads=2, d_model=8), seed=3, dtype=np.float64)
    parameter, optimizer = model.blocks[0].ffn.expand.weight, Muon(model.vector, weight_decay=0.0)
    w, m = parameter.data.copy(), 0.0
    for seed in (0, 1):
        parameter.grad[...] = np.random.default_rng(seed).standard_normal(w.shape)
        w, m = by_hand["muon"](w, parameter.grad, m, 0.03)
        optimizer.step(0.03)
    np.testing.assert_allclose(parameter.data, w, atol=1e-6)


def test_the_recipe_is_the_command_and_all_of_it_is_read():
    """A name that is no field would be left out without a word."""
    changed = {name: value for name, value in MUON.items() if PRESETS[DEFAULT].get(name) != value}
    assert changed == fields_of(GPTConfig, changed) | fields_of(TrainOptions, changed)
    options = [
        "--no-bias" if name == "bias" else f"--{name.replace('_', '-')} {value}" for name, value in changed.items()
    ]
    (command,) = re.findall(r"`(--layers [^`]+)`", PAGE)
    assert sorted(re.split(r"\s+(?=--)", " ".join(command.split()))) == sorted(options)
