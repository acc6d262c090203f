"""int8 weights in files, read by the same code as others."""

import json
import os

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import GPT, GPTConfig, config_to_dict
from minillm.ops import dequantize, quantize
from minillm.safetensors import load_file, read_header, serialize
from minillm.training.checkpoint import (
    CONFIG,
    WEIGHTS,
    config_metadata,
    load_model,
    save_tensors,
    save_weights,
    tensors_of,
    write_json,
)
from minillm.training.quantization import SCALE, quantize_tensors

CONFIG_OF = GPTConfig(11, context=8, layers=2, heads=2, d_model=16, ngram=3)


@pytest.mark.parametrize("shape", [(4, 6), (6,)])
@pytest.mark.parametrize(
    ("value", "told"),
    [(np.nan, "not finite"), (np.inf, "not finite"), (-np.inf, "not finite"), (1e8, "too large for float16")],
)
def test_what_int8_cannot_hold_is_refused_by_name(shape, value, told):
    array = np.ones(shape, np.float32)
    array.flat[3] = value
    with pytest.raises(InputError, match=rf"^blocks\.0\.weight holds numbers .*{told}"):
        quantize_tensors({"blocks.0.weight": array})


@pytest.fixture
def folder(tmp_path):
    """The folder of a model with int8 weights."""
    model = GPT(CONFIG_OF, seed=3)
    model.vector.data += 0.01 * np.random.default_rng(0).standard_normal(model.vector.data.shape).astype(np.float32)
    write_json(tmp_path / CONFIG, config_to_dict(CONFIG_OF))
    save_tensors(tmp_path / WEIGHTS, tensors_of(model, int8=True), config_metadata(CONFIG_OF))
    tmp_path.joinpath("float32").mkdir()
    save_weights(model, tmp_path / "float32")
    return tmp_path


def test_matrices_are_int8_and_vectors_float16(folder):
    stored = read_header(folder / WEIGHTS, "").tensors
    assert stored["embedding.earlier"].dtype == "I8" and stored["embedding.earlier"].shape == (2, 11, 16)
    assert stored["embedding.earlier" + SCALE][1:3] == ("F16", (2, 11))
    assert stored["norm.gamma"][1:3] == ("F16", (16,))
    assert os.path.getsize(folder / WEIGHTS) < 0.5 * os.path.getsize(folder / "float32" / WEIGHTS)  # the headers count


def test_int8_weights_are_read_as_a_model_in_float32(folder):
    model, before = load_model(folder), load_file(folder / "float32" / WEIGHTS)
    assert model.vector.data.dtype == np.float32
    for name, parameter in model.named_parameters():
        array = before[name]
        expected = dequantize(*quantize(array)) if array.ndim > 1 else array.astype(np.float16)
        np.testing.assert_array_equal(parameter.data, expected)


def test_int8_weights_of_a_rounded_model_are_the_same_again(folder):
    before = load_file(folder / WEIGHTS)
    again = tensors_of(load_model(folder), int8=True)
    assert again.keys() == before.keys()
    for name, array in again.items():
        np.testing.assert_array_equal(array, before[name])


def scales(change):
    def damage(tensors):
        name = "embedding.weight" + SCALE
        tensors[name] = change(tensors[name])

    return damage


DAMAGE = {
    "too few scales": (scales(lambda a: a[:-1]), r"embedding\.weight\.scale is F16 \(10,\) where F16 \(11,\) belongs"),
    "a scale a number": (
        scales(lambda a: np.repeat(a[:, None], 16, axis=1)),
        r"embedding\.weight\.scale is F16 \(11, 16\) where F16 \(11,\) belongs",
    ),
    "one scale for all": (scales(lambda a: a[0]), r"embedding\.weight\.scale is F16 \(\) where F16 \(11,\) belongs"),
    "scales of float32": (
        scales(lambda a: a.astype(np.float32)),
        r"embedding\.weight\.scale is F32 \(11,\) where F16 \(11,\) belongs",
    ),
    "a scale that is no number": (scales(lambda a: a * np.float16(np.nan)), r"embedding\.weight holds .* not finite"),
    "an infinite scale": (scales(lambda a: a + np.float16(np.inf)), r"embedding\.weight holds .* not finite"),
    "no scales": (lambda t: t.pop("embedding.weight" + SCALE), r"other tensors .*: embedding\.weight\.scale\."),
    "scales of nothing": (
        lambda t: t.update({"norm.gamma.scale": np.ones(16, np.float16)}),
        r"other tensors .*: norm\.gamma\.scale\.",
    ),
    "a transpose": (
        lambda t: t.update({"embedding.weight": np.ascontiguousarray(t["embedding.weight"].T)}),
        r"embedding\.weight is I8 \(16, 11\) where I8 \(11, 16\) belongs",
    ),
    "numbers without a sign": (
        lambda t: t.update({"norm.gamma": np.ones(16, np.uint8)}),
        r"norm\.gamma is U8 \(16,\) where F32 \(16,\) belongs",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_int8_weights_are_refused(folder, damage):
    change, told = DAMAGE[damage]
    tensors, metadata = load_file(folder / WEIGHTS), read_header(folder / WEIGHTS, "").metadata
    change(tensors)
    (folder / WEIGHTS).write_bytes(serialize(tensors, metadata))
    with pytest.raises(InputError, match=told):
        load_model(folder)


def test_a_config_of_another_size_is_refused_before_memory_is_asked_for(folder):
    write_json(folder / CONFIG, json.loads((folder / CONFIG).read_text(encoding="utf-8")) | {"d_model": 10**12})
    with pytest.raises(InputError, match=r"damaged or cut short: [\d,]+ bytes"):
        load_model(folder)
