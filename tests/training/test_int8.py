"""A model read in int8: its matrices are those of a file in int8, used where they lie, or rounded while they are read."""

import subprocess
import sys

import numpy as np
import pytest

from minillm import safetensors
from minillm.errors import InputError
from minillm.generation import write
from minillm.gradcheck import randomize
from minillm.layers import Int8, int8_names
from minillm.models import GPT, GPTConfig, build
from minillm.models.huggingface import load_pretrained, save_pretrained
from minillm.ops import dequantize, quantize
from minillm.safetensors import load_file, read_header, serialize
from minillm.text import CharTokenizer
from minillm.training import load, save
from minillm.training.checkpoint import WEIGHTS
from tests.models.pretrained import GPT_SIZES, LLAMA, MODELS, edit_tensors

KINDS = {
    "GPT-2's": GPTConfig(**GPT_SIZES),
    "n-grams, a head of its own": GPTConfig(**GPT_SIZES, ngram=3, tie_head=False),
    "Llama's": GPTConfig(**LLAMA),
}
IDS = np.random.default_rng(0).integers(11, size=(2, 9))
TOKENIZER = CharTokenizer("abcdefghijk")


def drawn(config):
    return randomize(build(config), np.random.default_rng(1))


def matrices(model) -> dict[str, Int8]:
    """What a model in int8 should have, of the numbers of one in float32."""
    return {name: Int8(*quantize(model.vector.named[name].data)) for name in int8_names(model)}


@pytest.fixture(params=KINDS)
def model(request):
    return drawn(KINDS[request.param])


@pytest.fixture(params=[False, True], ids=["mapped", "read"])
def maps(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(safetensors, "MAPS", False)


def test_a_file_in_int8_says_what_it_says_in_float32(model, maps, tmp_path):
    save(tmp_path, model, TOKENIZER, int8=True)
    (plain, _), (int8, tokenizer) = load(tmp_path), load(tmp_path, int8=True)
    np.testing.assert_allclose(int8.forward(IDS)[0], plain.forward(IDS)[0], rtol=1e-4, atol=1e-5)
    assert write(int8, tokenizer, "abc", 9, temperature=0) == write(plain, tokenizer, "abc", 9, temperature=0)


@pytest.mark.skipif(not safetensors.MAPS, reason="this system does not let a mapped file be replaced")
def test_a_file_in_int8_is_used_where_it_lies(model, tmp_path):
    save(tmp_path, model, TOKENIZER, int8=True)
    int8, _ = load(tmp_path, int8=True)
    for layer in (int8.embedding, int8.blocks[1].ffn.contract, int8.head):
        array = layer.weight.data
        while isinstance(array.base, np.ndarray):
            array = array.base
        assert not array.flags.owndata  # nor does any other array


def test_one_in_float32_is_rounded_to_what_save_would_write(model, tmp_path):
    save(tmp_path / "float32", model, TOKENIZER)
    save(tmp_path / "int8", model, TOKENIZER, int8=True)
    (ours, _), (theirs, _) = (load(tmp_path / name, int8=True) for name in ("float32", "int8"))
    for here, there in zip(ours.sublayers(), theirs.sublayers(), strict=True):
        if isinstance(getattr(here, "weight", None), Int8):
            np.testing.assert_array_equal(here.weight.data, there.weight.data)
            np.testing.assert_array_equal(here.weight.scale, there.weight.scale)
    for name, parameter in ours.vector.named.items():
        np.testing.assert_array_equal(parameter.data, model.vector.named[name].data)  # which stay in float32


@pytest.mark.parametrize("piece", [1, 20, safetensors.PIECE])
@pytest.mark.parametrize("kind", MODELS)
def test_every_kind_of_hugging_face(kind, piece, monkeypatch, tmp_path):
    """Pieces of less than a row, of some rows, and of all."""
    model, config = MODELS[kind]
    written = randomize(model(config, dtype=np.float32), np.random.default_rng(0))
    save_pretrained(written, tmp_path)
    monkeypatch.setattr(safetensors, "PIECE", piece)
    monkeypatch.setattr("minillm.models.huggingface.checkpoint.PIECE", piece)
    int8, expected = load_pretrained(tmp_path, int8=True), matrices(written)
    found = {
        id(layer.weight): layer.weight for layer in int8.sublayers() if isinstance(getattr(layer, "weight", None), Int8)
    }
    assert sorted(map(digest, found.values())) == sorted(map(digest, expected.values()))
    for name, parameter in int8.vector.named.items():
        np.testing.assert_array_equal(parameter.data, written.vector.named[name].data)
    plain = load_pretrained(tmp_path)
    for name, weight in expected.items():
        plain.vector.named[name].data[...] = dequantize(*weight)
    inputs = (IDS, IDS[:, :4]) if kind.startswith("T5") else (IDS,)
    np.testing.assert_allclose(int8.forward(*inputs)[0], plain.forward(*inputs)[0], rtol=1e-4, atol=1e-4)


def digest(weight: Int8) -> tuple:
    return weight.data.shape, weight.data.tobytes(), weight.scale.tobytes()


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_numbers_of_another_size(dtype, tmp_path):
    save_pretrained(drawn(KINDS["GPT-2's"]), tmp_path)
    edit_tensors(tmp_path, lambda arrays: arrays.update({name: array.astype(dtype) for name, array in arrays.items()}))
    expected = matrices(load_pretrained(tmp_path))["blocks.1.attention.key.weight"]
    assert digest(load_pretrained(tmp_path, int8=True).blocks[1].attention.key.weight) == digest(expected)


def change(folder, edit) -> None:
    """Edit the tensors of a file of ours."""
    tensors, metadata = load_file(folder / WEIGHTS), read_header(folder / WEIGHTS, "").metadata
    edit(tensors)
    (folder / WEIGHTS).write_bytes(serialize(tensors, metadata))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e8])
@pytest.mark.parametrize("stored", ["float32", "int8", "Hugging Face's"])
def test_numbers_that_int8_cannot_hold_are_refused_by_name(stored, value, tmp_path):
    model = drawn(KINDS["GPT-2's"])
    if stored == "Hugging Face's":
        save_pretrained(model, tmp_path)
        edit_tensors(tmp_path, lambda tensors: tensors["transformer.wte.weight"].__setitem__((3, 2), value))
        name, read = r"(transformer\.wte|embedding)\.weight", lambda: load_pretrained(tmp_path, int8=True)
    else:
        save(tmp_path, model, TOKENIZER, int8=stored == "int8")
        at = ("embedding.weight.scale", 3) if stored == "int8" else ("embedding.weight", (3, 2))
        with np.errstate(over="ignore"):
            change(tmp_path, lambda tensors: tensors[at[0]].__setitem__(at[1], value))
        name, read = r"embedding\.weight", lambda: load(tmp_path, int8=True)
    with pytest.raises(InputError, match=rf"{name} holds numbers .*(not finite|too large for float16)"):
        read()


CODE = """
import sys
from benchmarks.worker import peak_memory
from minillm.generation import generate
from minillm.training.checkpoint import load_model
before = peak_memory()
model = load_model(sys.argv[1], int8=sys.argv[2] == "int8")
list(generate(model, [1, 2, 3], 4, temperature=0))
print(peak_memory() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory a process had")
def test_a_large_model_needs_less_than_half_of_the_memory(tmp_path):
    """20 million numbers, a third of them in the table; read from float32, and from int8 where they lie."""
    model = GPT(GPTConfig(11_000, context=64, layers=6, heads=8, d_model=512, d_ff=1536))
    for int8 in (False, True):
        save(tmp_path / f"{int8}", model, TOKENIZER, int8=int8)
    peaks = {}
    for folder, how in (("False", "float32"), ("False", "int8"), ("True", "int8")):
        command = [sys.executable, "-c", CODE, str(tmp_path / folder), how]
        peaks[folder, how] = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    whole = 4 * model.vector.size
    assert peaks["False", "float32"] > whole
    assert max(peaks["False", "int8"], peaks["True", "int8"]) < 0.45 * whole, peaks
