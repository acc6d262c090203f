import json

import pytest

from minillm.errors import InputError
from minillm.models import GPTConfig
from minillm.training import TrainOptions, check_memory
from minillm.training import memory as memory_module

BAD = [
    *[{name: value} for name in ("steps", "batch", "accumulate", "eval_every", "log_every") for value in (0, -1, 1.5)],
    *[
        {"warmup": -1},
        {"seed": -1},
        {"steps": True},
        {"eval_batches": 0},
        {"schedule": "cosin"},
        {"matmul_precision": "low"},
    ],
    *[{name: value} for name in ("lr", "minutes") for value in (0, -1, float("nan"), float("inf"))],
    *[{name: value} for name in ("weight_decay", "clip") for value in (-1, float("nan"), float("inf"))],
    *[{name: value} for name in ("beta1", "beta2", "label_smoothing") for value in (-0.1, 1, float("nan"))],
    *[{"lr_floor": value} for value in (-0.1, 1.1, float("nan"))],
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_bad_options_are_refused_with_their_name_and_value(bad):
    with pytest.raises(InputError) as caught:
        TrainOptions(**bad)
    ((name, value),) = bad.items()
    assert repr(value) in caught.value.wrong
    assert {"lr": "learning rate"}.get(name, name) in caught.value.wrong


def test_the_extremes_that_are_allowed():
    TrainOptions(
        warmup=0, seed=0, clip=0, weight_decay=0, lr_floor=0, beta1=0, beta2=0, label_smoothing=0, minutes=1e-9
    )
    TrainOptions(lr_floor=1, eval_batches=1, steps=10**15, seed=10**30)


def test_options_survive_json():
    options = TrainOptions(minutes=0.5, eval_batches=3, seed=10**30)
    assert TrainOptions(**json.loads(json.dumps(options.to_dict()))) == options


def test_what_does_not_fit_into_memory_is_refused_with_what_to_make_smaller(monkeypatch):
    monkeypatch.setattr(memory_module, "physical_memory", lambda: 8_000_000_000)
    check_memory(GPTConfig(50), TrainOptions(), 64)
    with pytest.raises(InputError, match=r"for the model .* has 8.0 GB") as caught:
        check_memory(GPTConfig(50, d_model=8192, layers=30), TrainOptions(), 64)
    assert "`d_model`" in caught.value.remedy
    for many in ({"batch": 10**7}, {"accumulate": 10**8}, {"batch": 10**30}):
        with pytest.raises(InputError) as caught:
            check_memory(GPTConfig(50), TrainOptions(**many), 64)
        assert "`batch`" in caught.value.remedy
    monkeypatch.setattr(memory_module, "physical_memory", lambda: None)
    check_memory(GPTConfig(50, d_model=10**9), TrainOptions(), 64)


def test_this_machine_knows_its_memory_or_says_so():
    there = memory_module.physical_memory()
    assert there is None or 1e8 < there < 1e15
