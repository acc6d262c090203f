"""Weights on the disk: what is saved is what is read, by any reader, and what is damaged is refused."""

import json
import os

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from minillm.errors import InputError
from minillm.models import GPT, GPTConfig, config_to_dict
from minillm.training.checkpoint import (
    CONFIG,
    WEIGHTS,
    load_model,
    read_config,
    read_tensors,
    save_tensors,
    save_weights,
    write_json,
)

SMALL = GPTConfig(11, context=8, layers=2, heads=2, d_model=16)


def save(model, directory):
    write_json(directory / CONFIG, config_to_dict(model.config))
    save_weights(model, directory)


@pytest.fixture
def saved(tmp_path):
    """The folder of a model."""
    save(GPT(SMALL, seed=3), tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "choice",
    [{}, {"tie_head": False}, {"norm": "post", "positions": "sinusoidal"}, {"bias": False, "d_ff": 24}],
    ids=str,
)
def test_a_model_comes_back_bit_for_bit_and_other_readers_see_the_same(tmp_path, choice):
    model = GPT(GPTConfig(**(SMALL.to_dict() | {"d_ff": 0} | choice)), seed=3)
    save(model, tmp_path)
    again, other = load_model(tmp_path), load_file(tmp_path / WEIGHTS)
    assert again.config == model.config
    assert (again.vector.data == model.vector.data).all()
    assert set(other) == set(model.vector.named)
    for name, parameter in model.vector.named.items():
        assert other[name].dtype == np.float32
        np.testing.assert_array_equal(other[name], parameter.data)


@pytest.mark.parametrize("array", ["fortran", "transposed", "strided", "reversed"])
def test_arrays_of_any_layout_are_saved_right(tmp_path, array):
    base = np.arange(12, dtype=np.float32).reshape(3, 4)
    array = {
        "fortran": np.asfortranarray(base),
        "transposed": base.T,
        "strided": base[:, ::2],
        "reversed": base[::-1],
    }[array]
    assert not array.flags.c_contiguous
    save_tensors(tmp_path / "file", {"x": array})
    np.testing.assert_array_equal(read_tensors(tmp_path / "file", {"x": array.shape})[0]["x"], array)
    np.testing.assert_array_equal(load_file(tmp_path / "file")["x"], array)


def test_a_model_whose_arrays_are_transposes_is_saved_right(tmp_path):
    """As a tied head may be held, or weights that came from another library."""
    model = GPT(SMALL, seed=3)
    before = {name: parameter.data.copy() for name, parameter in model.vector.named.items()}
    for parameter in model.vector.named.values():
        parameter.data = np.asfortranarray(parameter.data)
    save_weights(model, tmp_path)
    for name, array in load_file(tmp_path / WEIGHTS).items():
        np.testing.assert_array_equal(array, before[name])


def test_a_float64_model_is_saved_in_float32(tmp_path):
    model = GPT(SMALL, seed=3, dtype=np.float64)
    save(model, tmp_path)
    assert (load_model(tmp_path).vector.data == model.vector.data.astype(np.float32)).all()


def rewritten(change):
    """A way of damaging the weights: `change` gets the dict of arrays."""

    def damage(directory):
        arrays = load_file(directory / WEIGHTS)
        change(arrays)
        save_file(arrays, directory / WEIGHTS)

    return damage


def nan(arrays):
    arrays["embedding.weight"][3, 5] = np.nan


DAMAGE = {
    "other shape": rewritten(lambda a: a.update({"embedding.weight": np.ascontiguousarray(a["embedding.weight"].T)})),
    "other dtype": rewritten(lambda a: a.update({"embedding.weight": a["embedding.weight"].astype(np.float64)})),
    "other name": rewritten(lambda a: a.update({"embeding.weight": a.pop("embedding.weight")})),
    "one more": rewritten(lambda a: a.update({"bonus": np.zeros(3, np.float32)})),
    "one less": rewritten(lambda a: a.pop("norm.gamma") if "norm.gamma" in a else a.popitem()),
    "not finite": rewritten(nan),
    "cut short": lambda d: os.truncate(d / WEIGHTS, os.path.getsize(d / WEIGHTS) - 5),
    "cut to nothing": lambda d: os.truncate(d / WEIGHTS, 0),
    "header damaged": lambda d: (d / WEIGHTS).write_bytes(b"\xff" * 8 + (d / WEIGHTS).read_bytes()[8:]),
    "not tensors": lambda d: (d / WEIGHTS).write_bytes(b"PK\x03\x04" * 10_000),
    "missing": lambda d: (d / WEIGHTS).unlink(),
    "a folder": lambda d: ((d / WEIGHTS).unlink(), (d / WEIGHTS).mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_weights_are_refused(saved, damage):
    DAMAGE[damage](saved)
    with pytest.raises(InputError, match=r"model\.safetensors") as caught:
        load_model(saved)
    assert caught.value.remedy.endswith((".", str(saved)))


def test_the_message_gives_both_shapes(saved):
    DAMAGE["other shape"](saved)
    with pytest.raises(InputError, match=r"embedding.weight is F32 \(16, 11\) where F32 \(11, 16\) belongs"):
        load_model(saved)


CONFIGS = {
    "another kind": {"kind": "rnn"},
    "no kind": {"kind": ...},
    "not JSON": b"{",
    "not UTF-8": b'{"a": "\xff"}',
    "a list": b"[1]",
    "nested without end": b"[" * 100_000,
    "extra key": {"extra": 1},
    "missing key": {"layers": ...},
    "a float for a whole number": {"layers": 2.0},
    "true for a whole number": {"layers": True},
    "text for a number": {"dropout": "0.1"},
    "null": {"d_model": None},
    "text for a flag": {"tie_head": "no"},
    "a list for a name": {"norm": ["pre"]},
    "not a number": {"dropout": float("nan")},
    "negative": {"d_model": -16},
    "heads that do not divide": {"heads": 3},
    "another activation": {"activation": "selu"},
    "another size": {"d_model": 32},
    "a size beyond memory": {"d_model": 10**12},
    "layers beyond memory": {"layers": 10**12},
}


@pytest.mark.parametrize("case", CONFIGS)
def test_a_damaged_config_is_refused_before_memory_is_asked_for(saved, case):
    content = CONFIGS[case]
    if isinstance(content, dict):
        values = config_to_dict(SMALL) | content
        content = json.dumps({name: value for name, value in values.items() if value is not ...}).encode()
    (saved / CONFIG).write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_model(saved)
    assert str(saved) in caught.value.wrong
    assert caught.value.remedy == "Restore the file, or train again into another folder."


def test_a_config_beyond_memory_is_refused_also_where_the_weights_are_missing(saved):
    write_json(saved / CONFIG, config_to_dict(SMALL) | {"d_model": 10**12})
    (saved / WEIGHTS).unlink()
    with pytest.raises(InputError, match=r"There is no .*model\.safetensors\.\n.*`resume`"):
        load_model(saved)


def test_what_is_no_checkpoint(tmp_path):
    for place in (tmp_path / "nowhere", tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(InputError, match=r"There is no checkpoint|file is a file, and a checkpoint is a folder"):
            load_model(place)
    with pytest.raises(InputError, match=r"There is no .*config\.json"):
        load_model(tmp_path)


def test_the_config_survives_its_file(saved):
    assert read_config(saved / CONFIG) == SMALL


@pytest.mark.parametrize("change", [{"heads": 4}, {"activation": "relu"}, {"norm": "post", "tie_head": True}])
def test_a_config_that_was_edited_is_noticed_even_where_every_shape_fits(saved, change):
    write_json(saved / CONFIG, json.loads((saved / CONFIG).read_text(encoding="utf-8")) | change)
    with pytest.raises(InputError, match=r"another config than|other tensors than"):
        load_model(saved)
