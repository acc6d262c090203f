"""Weights that are used where they lie in a file of Hugging Face: the numbers are those of a copy, and the file stays as it is."""

import json

import numpy as np
import pytest

from minillm import safetensors
from minillm.backend import CPU
from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.generation import generate
from minillm.gradcheck import randomize
from minillm.layers import LoRALinear, add_lora, merge_lora
from minillm.models import GPT, GPTConfig
from minillm.models.huggingface import load_pretrained, save_pretrained
from minillm.models.huggingface.checkpoint import _architecture_of
from minillm.models.huggingface.files import INDEX
from minillm.objectives import CAUSAL
from minillm.safetensors import map_tensors, read_header, serialize
from minillm.text import Corpus
from minillm.training import AdamW, Trainer, TrainOptions
from tests.models.pretrained import GPT_SIZES, LLAMA, MODELS, edit_tensors

WEIGHTS = "model.safetensors"
pytestmark = pytest.mark.skipif(not safetensors.MAPS, reason="this system does not let a mapped file be replaced")


@pytest.fixture
def folder(tmp_path):
    """Of a GPT-2 with random weights."""
    save_pretrained(randomize(GPT(GPTConfig(**GPT_SIZES)), np.random.default_rng(0)), tmp_path)
    return tmp_path


@pytest.fixture
def copied(monkeypatch):
    """copied(folder): the model with all its weights in memory."""

    def load(folder, **options):
        with monkeypatch.context() as patch:
            patch.setattr(safetensors, "MAPS", False)
            model = load_pretrained(folder, **options)
        assert not model.vector.assigned
        return model

    return load


def equal(model, other) -> None:
    for name, parameter in model.vector.named.items():
        np.testing.assert_array_equal(parameter.data, other.vector.named[name].data, err_msg=name)


@pytest.mark.parametrize("kind", MODELS)
def test_every_kind_of_model_has_the_numbers_of_a_copy(tmp_path, copied, kind):
    model, config = MODELS[kind]
    written = randomize(model(config, dtype=np.float32), np.random.default_rng(0))
    save_pretrained(written, tmp_path)
    mapped = load_pretrained(tmp_path)
    alike = [tensor for tensor in _architecture_of(written).tensors(config) if not tensor.transposed]
    assert mapped.vector.assigned == {name for tensor in alike for name in tensor.parameters}
    equal(mapped, copied(tmp_path))
    equal(mapped, written)
    np.testing.assert_array_equal(mapped.vector.data, written.vector.data)
    assert not mapped.vector.assigned
    equal(mapped, written)


@pytest.mark.parametrize("sizes", [GPT_SIZES, LLAMA, GPT_SIZES | {"d_model": 96}], ids=["GPT-2", "Llama", "wide"])
def test_tokens_and_scores_are_those_of_a_copy_and_nothing_is_copied_for_them(tmp_path, copied, sizes):
    save_pretrained(randomize(GPT(GPTConfig(**sizes)), np.random.default_rng(0)), tmp_path)
    mapped, copy, ids = load_pretrained(tmp_path), copied(tmp_path), np.array([[1, 2, 3]])
    there = set(mapped.vector.assigned)
    np.testing.assert_allclose(mapped.forward(ids)[0], copy.forward(ids)[0], rtol=1e-5, atol=1e-6)
    assert list(generate(mapped, [1], 8, temperature=0)) == list(generate(copy, [1], 8, temperature=0))
    assert mapped.vector.assigned == there != set()


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_numbers_of_another_size_are_copied(folder, copied, dtype):
    edit_tensors(folder, lambda arrays: arrays.update({name: array.astype(dtype) for name, array in arrays.items()}))
    model = load_pretrained(folder)
    assert not model.vector.assigned
    equal(model, copied(folder))


def test_a_model_of_doubles_uses_a_file_of_doubles(folder, copied):
    edit_tensors(folder, lambda arrays: arrays.update({name: array.astype(float) for name, array in arrays.items()}))
    model = load_pretrained(folder, dtype=np.float64)
    assert model.vector.assigned == set(model.vector.named)
    equal(model, copied(folder, dtype=np.float64))


def test_numbers_at_odd_places_are_copied(folder, copied):
    content = (folder / WEIGHTS).read_bytes()
    length = int.from_bytes(content[:8], "little")
    odd = (length + 1).to_bytes(8, "little") + content[8 : 8 + length] + b" " + content[8 + length :]
    (folder / WEIGHTS).write_bytes(odd)
    model = load_pretrained(folder)
    assert not model.vector.assigned
    equal(model, copied(folder))


def test_a_file_system_that_maps_nothing_is_read(folder, copied, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(19, "No such device")

    monkeypatch.setattr(safetensors.mmap, "mmap", refuse)
    model = load_pretrained(folder)
    assert not model.vector.assigned
    equal(model, copied(folder))


def test_training_goes_as_with_a_copy_and_leaves_the_file(folder, copied):
    """Two steps: the second forward pass must see what the first step wrote."""
    before, models = (folder / WEIGHTS).read_bytes(), (load_pretrained(folder), copied(folder))
    for model in models:
        data = Corpus(np.random.default_rng(1).integers(11, size=200), context=8)
        trainer = Trainer(model, data, TrainOptions(steps=2, batch=2, warmup=0, workers=1), CAUSAL)
        trainer.step()
        trainer.step()
    np.testing.assert_array_equal(models[0].vector.data, models[1].vector.data)
    equal(*models)
    assert not np.array_equal(models[0].vector.data, load_pretrained(folder).vector.data)
    assert (folder / WEIGHTS).read_bytes() == before


def test_an_optimizer_made_before_the_gradients_moves_every_weight(folder):
    model = load_pretrained(folder)
    before = {name: parameter.data.copy() for name, parameter in model.vector.named.items()}
    optimizer = AdamW(model.vector, weight_decay=0.0)
    for parameter in model.parameters():
        parameter.accumulate(np.ones_like(parameter.data))
    optimizer.step()
    for name, parameter in model.vector.named.items():
        assert (parameter.data != before[name]).all(), name


def test_what_is_written_into_a_weight_stays_in_the_model(folder):
    before, model = (folder / WEIGHTS).read_bytes(), load_pretrained(folder)
    query = model.blocks[0].attention.query.weight
    query.data[0, 1] = 7
    assert (folder / WEIGHTS).read_bytes() == before
    assert load_pretrained(folder).blocks[0].attention.query.weight.data[0, 1] != 7
    assert model.vector.data[model.vector.slices[query.name]][1] == 7


def test_a_file_replaced_under_it_changes_nothing(folder, copied):
    model, copy = load_pretrained(folder), copied(folder)
    tensors = safetensors.load_file(folder / WEIGHTS)
    write_atomic(folder / WEIGHTS, serialize({name: 2 * array for name, array in tensors.items()}))
    equal(model, copy)
    np.testing.assert_array_equal(load_pretrained(folder).vector.data, 2 * copy.vector.data)


def test_a_file_deleted_under_it_changes_nothing(folder, copied):
    model, copy = load_pretrained(folder), copied(folder)
    (folder / WEIGHTS).unlink()
    equal(model, copy)
    np.testing.assert_array_equal(model.vector.data, copy.vector.data)


def test_shards_are_used_where_they_lie(folder, copied):
    arrays = safetensors.load_file(folder / WEIGHTS)
    shards = {"model-1.safetensors": sorted(arrays)[::2], "model-2.safetensors": sorted(arrays)[1::2]}
    for name, held in shards.items():
        (folder / name).write_bytes(serialize({tensor: arrays[tensor] for tensor in held}))
    index = {"weight_map": {tensor: name for name, held in shards.items() for tensor in held}}
    copy = copied(folder)
    (folder / WEIGHTS).unlink()
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")
    model = load_pretrained(folder)
    assert model.vector.assigned == set(model.vector.named)
    equal(model, copy)


def test_adapters_are_put_on_it_and_merged_as_on_a_copy(folder, copied):
    before, models = (folder / WEIGHTS).read_bytes(), (load_pretrained(folder), copied(folder))
    for model in models:
        model.freeze()
        add_lora(model, 2)
        for layer in model.sublayers():
            if isinstance(layer, LoRALinear):
                layer.lora_b.data[...] = 0.1
        merge_lora(model)
    equal(*models)
    assert not np.array_equal(models[0].vector.data, load_pretrained(folder).vector.data)
    assert (folder / WEIGHTS).read_bytes() == before


def test_a_text_goes_on_while_it_learns(folder, copied):
    """Its weights are copied between two tokens, and a plan that was made before must read them where they are then."""

    def write(model, learn):
        tokens = generate(model, [1], 9)
        yield next(tokens)  # before the trainer asks for the vector
        data = Corpus(np.random.default_rng(1).integers(11, size=200), context=8)
        trainer = Trainer(model, data, TrainOptions(steps=9, batch=2, lr=0.1, warmup=0, workers=1), CAUSAL)
        for token in tokens:
            yield token
            if learn:
                trainer.step()

    mapped, copy, resting = (
        list(write(*each))
        for each in ((load_pretrained(folder), True), (copied(folder), True), (load_pretrained(folder), False))
    )
    assert mapped == copy != resting


def test_a_model_is_saved_over_its_own_file(folder, copied):
    model, copy = load_pretrained(folder), copied(folder)
    save_pretrained(model, folder)
    equal(model, copy)
    equal(load_pretrained(folder), copy)


@pytest.mark.parametrize("left", [0, 200, -1])
def test_a_file_cut_short_before_it_is_mapped(folder, left):
    """`left` bytes of it, or all but so many."""
    stored = read_header(folder / WEIGHTS, "").tensors
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:left])
    with pytest.raises(InputError, match=r"model\.safetensors changed while it was read"):
        map_tensors(stored, np.float32)


def test_a_number_that_is_not_finite_is_found_where_it_lies(folder):
    edit_tensors(folder, lambda arrays: arrays["transformer.h.1.mlp.c_fc.weight"].__setitem__((5, 9), np.nan))
    with pytest.raises(InputError, match=r"h\.1\.mlp\.c_fc\.weight holds numbers that are not finite"):
        load_pretrained(folder)


def test_a_file_is_mapped_once(folder, monkeypatch):
    """Each mapping keeps a file open, and a process may have few: a large model has hundreds of tensors."""
    opened, real = [], safetensors._map
    monkeypatch.setattr(safetensors, "_map", lambda path: opened.append(path) or real(path))
    load_pretrained(folder)
    assert opened == [folder / WEIGHTS]


def test_a_model_on_another_device_has_its_weights_there(device, folder):
    model = load_pretrained(folder, device)
    assert bool(model.vector.assigned) == (device.xp is CPU.xp)
    assert isinstance(model.embedding.weight.data, device.xp.ndarray)
