"""What holds for every objective of the library."""

import sys

import numpy as np
import pytest

from minillm.layers import Dropout
from minillm.objectives import Objective
from tests.objectives.every_objective import CASES


def test_no_objective_of_the_library_is_left_out():
    there = {
        id(thing)
        for name, module in list(sys.modules.items())
        if name.startswith("minillm.")
        for thing in vars(module).values()
        if isinstance(thing, Objective)
    }
    tried = [case() for case in CASES.values()]
    assert there <= {id(case.objective) for case in tried}


@pytest.mark.parametrize("name", CASES)
def test_the_generator_reaches_every_dropout(name, monkeypatch):
    """Or training would go on without it, and nobody would notice."""
    objective, model, batch = CASES[name]()
    asked, mask = [], Dropout.mask

    def listening(self, shape, rng, dtype):
        asked.append(rng)
        return mask(self, shape, rng, dtype)

    monkeypatch.setattr(Dropout, "mask", listening)
    generator = np.random.default_rng(0)
    arrays = batch._asdict()
    constants = {"measured": objective.measure(model, **arrays)} if objective.measure else {}
    asked.clear()  # what is measured is the model as it is, without dropout
    objective.forward(model, **arrays, rng=generator, **constants)
    assert asked and all(rng is generator for rng in asked)
