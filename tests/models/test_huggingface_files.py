"""The files of a folder of Hugging Face, read with suspicion: shards, 16 bits, old spellings; and everything that can be wrong."""

import json
import os
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from minillm.errors import InputError
from minillm.models.huggingface import load_pretrained
from minillm.models.huggingface.files import COPY, read_headers, read_weights
from tests.models.pretrained import MODELS, edit_config, edit_tensors, renamed, same

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


def in_shards(folder, parts=3):
    arrays, names, shard_of = load_file(folder / WEIGHTS), [], {}
    for i in range(parts):
        names.append(f"model-{i + 1:05}-of-{parts:05}.safetensors")
        part = dict(list(arrays.items())[i::parts])
        save_file(part, folder / names[-1])
        shard_of |= dict.fromkeys(part, names[-1])
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": shard_of}), encoding="utf-8")
    (folder / WEIGHTS).unlink()
    return names


def store(path, tensors):
    """A safetensors file by hand: name -> (dtype, shape, bytes)."""
    header, numbers = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(numbers), len(numbers) + len(content)]}
        numbers += content
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + numbers)


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_shards(write, name):
    folder, model = write(name)
    in_shards(folder)
    same(folder, model)


def test_every_width_is_widened_exactly(tmp_path):
    values = [1.5, -2.25, 0.0, -0.0, 3.140625, 2.0**-14]
    bits = np.array(values, np.float32).view(np.uint32)
    store(
        tmp_path / WEIGHTS,
        {
            "one byte, so that nothing is aligned": ("U8", [1], b"\7"),
            "BF16": ("BF16", [2, 3], (bits >> 16).astype("<u2").tobytes()),
            "F16": ("F16", [2, 3], np.array(values, "<f2").tobytes()),
            "F32": ("F32", [2, 3], np.array(values, "<f4").tobytes()),
            "F64": ("F64", [2, 3], np.array(values, "<f8").tobytes()),
            "small": ("BF16", [1], np.array([1], "<u2").tobytes()),
            "a number": ("F32", [], np.array(7, "<f4").tobytes()),
        },
    )
    stored = read_headers(tmp_path)
    for name, dtype in {"BF16": np.float32, "F16": np.float16, "F32": np.float32, "F64": np.float64}.items():
        ((_, array),) = read_weights(name, stored[name])
        assert array.dtype == dtype
        np.testing.assert_array_equal(array, np.array(values).reshape(2, 3))
        np.testing.assert_array_equal(np.signbit(array), np.signbit(values).reshape(2, 3))
    ((_, small),), ((_, number),) = (read_weights(name, stored[name]) for name in ("small", "a number"))
    assert small[0] == 2.0**-133 and number == 7
    with pytest.raises(InputError, match="nothing is aligned holds U8, which minillm does not read"):
        next(read_weights("one byte, so that nothing is aligned", stored["one byte, so that nothing is aligned"]))


@pytest.mark.parametrize(
    ("dtype", "content"),
    [
        ("BF16", b"\x80\x7f"),
        ("F16", b"\0\x7c"),
        ("F32", np.array(np.inf, "<f4").tobytes()),
        ("F64", np.array(np.nan, "<f8").tobytes()),
        ("F64", np.array(1e300, "<f8").tobytes()),
    ],
    ids=["BF16", "F16", "F32", "F64", "finite, but not in float32"],
)
def test_numbers_that_are_not_finite(tmp_path, dtype, content):
    store(tmp_path / WEIGHTS, {"weight": (dtype, [1], content)})
    with pytest.raises(InputError, match="weight holds numbers that are not finite"):
        next(read_weights("weight", read_headers(tmp_path)["weight"]))


def half_of_it(folder):
    os.truncate(folder / WEIGHTS, os.path.getsize(folder / WEIGHTS) // 2)


DAMAGE = {
    "no folder": lambda d: d.rename(d.with_name("elsewhere")),
    "no config": lambda d: (d / "config.json").unlink(),
    "config is a folder": lambda d: ((d / "config.json").unlink(), (d / "config.json").mkdir()),
    "config is not JSON": lambda d: (d / "config.json").write_bytes(b"{"),
    "config is not UTF-8": lambda d: (d / "config.json").write_bytes(b'{"a": "\xff"}'),
    "config is nested without end": lambda d: (d / "config.json").write_bytes(b"[" * 100_000),
    "config is a list": lambda d: (d / "config.json").write_bytes(b"[1]"),
    "no weights": lambda d: (d / WEIGHTS).unlink(),
    "half of the weights": half_of_it,
    "nothing of the weights": lambda d: os.truncate(d / WEIGHTS, 0),
    "a byte too many": lambda d: (d / WEIGHTS).write_bytes((d / WEIGHTS).read_bytes() + b"\0"),
    "a header without end": lambda d: (d / WEIGHTS).write_bytes(b"\xff" * 8 + (d / WEIGHTS).read_bytes()[8:]),
    "not tensors": lambda d: (d / WEIGHTS).write_bytes(b"PK\x03\x04" * 10_000),
    "weights are a folder": lambda d: ((d / WEIGHTS).unlink(), (d / WEIGHTS).mkdir()),
    "a tensor larger than the file": lambda d: store(d / WEIGHTS, {"a": ("F32", [10**12], b"1234")}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_refused(write, damage):
    folder, _ = write("GPT")
    DAMAGE[damage](folder)
    with pytest.raises(InputError) as caught:
        load_pretrained(folder)
    assert str(folder) in caught.value.wrong
    assert caught.value.remedy == (COPY if damage != "no folder" else "Name the folder that holds the model's files.")


def test_a_pickle_is_never_read(write):
    folder, _ = write("GPT")
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="reading that could run any program") as caught:
        load_pretrained(folder)
    assert "save_pretrained" in caught.value.remedy


def edit_index(folder, edit):
    values = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    edit(values)
    (folder / INDEX).write_text(json.dumps(values), encoding="utf-8")


def point_at(name):
    return lambda d, names: edit_index(d, lambda v: v["weight_map"].update({"transformer.wte.weight": name}))


BAD_SHARDS = {
    r"model-00002-of-00003.safetensors: No such file or directory\.": lambda d, names: (d / names[1]).unlink(),
    "does not say which tensor is in which file": lambda d, names: edit_index(d, lambda v: v.pop("weight_map")),
    "does not say": lambda d, names: edit_index(d, lambda v: v.update(weight_map={"a": 1})),
    "names '../model.safetensors', which is no file beside it": point_at("../model.safetensors"),
    "names '/model.safetensors'": point_at("/model.safetensors"),
    "names '..'": point_at(".."),
    "names ''": point_at(""),
    r"names '..\\\\model.safetensors'": point_at("..\\model.safetensors"),
    "looks for transformer.wte.weight in .*, and it is not there": point_at("model-00003-of-00003.safetensors"),
    "missing is transformer.wte.weight": lambda d, names: edit_index(
        d, lambda v: v["weight_map"].pop("transformer.wte.weight")
    ),
}


@pytest.mark.parametrize("wrong", BAD_SHARDS)
def test_shards_that_do_not_fit_together(write, wrong):
    folder, _ = write("GPT")
    (folder.parent / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes())  # what a path out of the folder would find
    BAD_SHARDS[wrong](folder, in_shards(folder))
    with pytest.raises(InputError, match=wrong) as caught:
        load_pretrained(folder)
    assert caught.value.remedy == COPY


def as_bfloat16(array):
    """Rounded to the nearest."""
    return ((array.view(np.uint32) + 0x7FFF) & 0xFFFF0000).view(np.float32)


# Tensors --------------------------------------------------------------------------------------------------------------

WTE, FC = "transformer.wte.weight", "transformer.h.1.mlp.c_fc.weight"
BAD_TENSORS = {
    f"missing is {FC}": lambda a: a.pop(FC),
    "missing is transformer.ln_f.weight, transformer.ln_f.bias": lambda a: (
        a.pop("transformer.ln_f.bias"),
        a.pop("transformer.ln_f.weight"),
    ),
    "unknown is bonus": lambda a: a.update(bonus=np.zeros(3, np.float32)),
    "unknown is transformer.h.2.ln_1.bias": lambda a: a.update({"transformer.h.2.ln_1.bias": np.zeros(6, np.float32)}),
    r"c_fc.weight is \(10, 6\) where config.json asks for \(6, 10\)": lambda a: a.update(
        {FC: np.ascontiguousarray(a[FC].T)}
    ),
    r"lm_head.weight is \(3, 6\)": lambda a: a.update({"lm_head.weight": a[WTE][:3]}),
    "wte.weight and lm_head.weight differ": lambda a: a.update({"lm_head.weight": a[WTE] + 1}),
    "ln_f.bias holds I32, which": lambda a: a.update({"transformer.ln_f.bias": np.zeros(6, np.int32)}),
    "ln_f.bias holds numbers that are not finite": lambda a: a.update(
        {"transformer.ln_f.bias": np.full(6, np.nan, np.float32)}
    ),
}


@pytest.mark.parametrize("wrong", BAD_TENSORS)
def test_other_tensors_than_the_config_asks_for(write, wrong):
    folder, _ = write("GPT")
    edit_tensors(folder, BAD_TENSORS[wrong])
    with pytest.raises(InputError, match=wrong) as caught:
        load_pretrained(folder)
    assert str(folder) in caught.value.wrong


@pytest.mark.parametrize(
    "sizes",
    [
        {"n_embd": 3 * 10**12},
        {"n_layer": 10**12},
        {"n_layer": 1},
        {"n_positions": 10**15},
        {"vocab_size": 10**15},
        {"n_inner": 10**13},
        {"vocab_size": 12},
    ],
    ids=str,
)
def test_a_config_of_another_size_is_refused_before_memory_is_asked_for(write, sizes):
    folder, _ = write("GPT")
    edit_config(folder, **sizes)
    tracemalloc.start()
    try:
        with pytest.raises(
            InputError, match=r"asks for|do not fit: (missing|unknown) is transformer\.h\.1\.|missing is"
        ):
            load_pretrained(folder)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


# Other spellings, and what is not needed ------------------------------------------------------------------------------


def masks(arrays):
    for i in range(2):
        arrays[f"h.{i}.attn.bias"] = np.tril(np.ones((1, 1, 9, 9), np.uint8))
        arrays[f"h.{i}.attn.masked_bias"] = np.array(-1e4, np.float32)
    renamed(arrays, lambda name: name.removeprefix("transformer."))


def oldest_bert(arrays):
    renamed(
        arrays,
        lambda name: name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
    )
    arrays["cls.predictions.decoder.weight"] = arrays["bert.embeddings.word_embeddings.weight"]
    arrays["cls.predictions.decoder.bias"] = arrays["cls.predictions.bias"]
    arrays["bert.embeddings.position_ids"] = np.arange(9)[None]
    for name in ("cls.seq_relationship.weight", "cls.seq_relationship.bias"):
        arrays[name] = np.ones((2, 6), np.float32)
    for name in ("bert.pooler.dense.weight", "bert.pooler.dense.bias"):
        arrays[name] = np.ones((6, 6), np.float32)


def wrapped(*prefixes):
    def edit(arrays):
        for i, name in enumerate(list(arrays)):
            arrays[prefixes[i % len(prefixes)] + name] = arrays.pop(name)

    return edit


def copies_of_the_table(arrays):
    for half in ("encoder", "decoder"):
        arrays[f"{half}.embed_tokens.weight"] = arrays["shared.weight"]
    arrays["decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"] = np.ones((32, 3), np.float32)


SPELLINGS = {
    "GPT-2 as it was published": ("GPT", masks),
    "GPT-2 with its head": ("GPT", lambda a: a.update({"lm_head.weight": a[WTE]})),
    "GPT-2 with its head instead of its table": ("GPT", lambda a: a.update({"lm_head.weight": a.pop(WTE)})),
    "BERT as it was published": ("masked words", oldest_bert),
    "BERT with a bias under its other name": (
        "masked words",
        lambda a: a.update({"cls.predictions.decoder.bias": a.pop("cls.predictions.bias")}),
    ),
    "BERT for questions with a pooler": (
        "questions",
        lambda a: a.update({"bert.pooler.dense.bias": np.ones(6, np.float32)}),
    ),
    "DataParallel": ("masked words", wrapped("module.")),
    "torch.compile": ("GPT", wrapped("_orig_mod.")),
    "torch.compile around DataParallel, and the other way round": (
        "T5",
        wrapped("_orig_mod.module.", "module._orig_mod."),
    ),
    "T5 as it was published": ("T5", copies_of_the_table),
    "T5 with its head": ("T5", lambda a: a.update({"lm_head.weight": a["shared.weight"]})),
    "T5 without the shared table": (
        "T5",
        lambda a: a.update({"encoder.embed_tokens.weight": a.pop("shared.weight")}),
    ),
    "T5 1.1 as it was published": ("T5 1.1", copies_of_the_table),
}


@pytest.mark.parametrize("case", SPELLINGS)
def test_other_spellings(write, case):
    name, edit = SPELLINGS[case]
    folder, model = write(name)
    edit_tensors(folder, edit)
    same(folder, model)


def test_a_wrapped_model_in_shards(write):
    folder, model = write("GPT")
    edit_tensors(folder, wrapped("module."))
    in_shards(folder)
    same(folder, model)


def test_a_tensor_that_is_there_wrapped_and_bare(write):
    folder, _ = write("GPT")
    edit_tensors(folder, lambda a: a.update({f"module.{WTE}": a[WTE] + 1}))
    with pytest.raises(InputError, match="holds a tensor twice"):
        load_pretrained(folder)


@pytest.mark.parametrize("rounded", [lambda x: x.astype(np.float16), as_bfloat16], ids=["float16", "bfloat16"])
@pytest.mark.parametrize(
    ("kind", "table", "head"),
    [
        ("GPT", WTE, "lm_head.weight"),
        ("masked words", "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"),
        ("T5", "shared.weight", "lm_head.weight"),
    ],
)
def test_a_head_that_was_rounded_is_the_table(write, kind, table, head, rounded):
    folder, model = write(kind)
    edit_tensors(folder, lambda a: a.update({head: rounded(a[table])}))
    assert (load_file(folder / WEIGHTS)[head] != load_file(folder / WEIGHTS)[table]).any()
    same(folder, model)


def test_a_head_that_learned_something_else_is_not_the_table(write):
    """In a single number, by a hundredth of it."""
    folder, _ = write("GPT")
    edit_tensors(folder, lambda a: a.update({"lm_head.weight": a[WTE] * (1 + 0.01 * (a[WTE] == a[WTE].max()))}))
    with pytest.raises(InputError, match=r"wte.weight and lm_head.weight differ"):
        load_pretrained(folder)


def test_a_pooler_is_no_leftover_where_it_is_read(write):
    folder, _ = write("classes")
    edit_tensors(folder, lambda a: a.pop("bert.pooler.dense.bias"))
    with pytest.raises(InputError, match=r"missing is bert\.pooler\.dense\.bias"):
        load_pretrained(folder)


def test_a_head_that_is_not_scaled_and_yet_shared(write):
    """transformers 5 ties T5's head and table unless a file holds both, and says by another field whether the head is scaled."""
    folder, model = write("T5 1.1")
    edit_tensors(folder, lambda a: a.pop("lm_head.weight"))
    edit_config(folder, tie_word_embeddings=True)
    again = load_pretrained(folder)
    assert again.config == model.config
    np.testing.assert_array_equal(again.head.weight.data, model.embedding.weight.data.T)
    edit_config(folder, tie_word_embeddings=False, scale_decoder_outputs=...)  # as transformers 4 wrote it
    assert load_pretrained(folder).config == model.config
