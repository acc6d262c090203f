"""A folder of Hugging Face, read with suspicion: shards, 16 bits, old spellings; and everything that can be wrong with it."""

import json
import os
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from minillm.errors import InputError
from minillm.models import GPT, GPTConfig
from minillm.models.huggingface import load_pretrained, read_labels, save_pretrained
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


# Configs --------------------------------------------------------------------------------------------------------------

UNSUPPORTED = {
    "GPT": [
        ("scale_attn_by_inverse_layer_idx", True),
        ("scale_attn_weights", False),
        ("add_cross_attention", True),
        ("activation_function", "mish"),
        ("architectures", ["GPT2ForSpeech"]),
        ("architectures", ["GPT2LMHeadModel", "GPT2Model"]),
        ("architectures", "GPT2LMHeadModel"),
        ("architectures", ["BertForMaskedLM"]),
        ("model_type", "llama"),
    ],
    "Llama": [("hidden_act", "gelu"), ("mlp_bias", True)],
    "Qwen2": [("use_sliding_window", True), ("layer_types", ["full_attention", "sliding_attention"])],
    "masked words": [
        ("is_decoder", True),
        ("add_cross_attention", True),
        ("position_embedding_type", "relative_key"),
        ("hidden_act", "swish"),
        ("tie_word_embeddings", False),
    ],
    "classes": [("problem_type", "regression"), ("problem_type", "multi_label_classification")],
    "T5": [
        ("feed_forward_proj", "gated-mish"),
        ("feed_forward_proj", "gated"),
        ("decoder_start_token_id", 1),
        ("is_encoder_decoder", False),
    ],
}


@pytest.mark.parametrize(
    ("kind", "name", "value"), [(kind, *pair) for kind, pairs in UNSUPPORTED.items() for pair in pairs]
)
def test_what_minillm_does_not_do_is_named(write, kind, name, value):
    folder, _ = write(kind)
    edit_config(folder, **{name: value})
    with pytest.raises(InputError) as caught:
        load_pretrained(folder)
    assert caught.value.wrong.startswith(str(folder / "config.json"))
    assert json.dumps(value) in caught.value.wrong
    if name in ("architectures", "model_type"):
        assert "BertForQuestionAnswering" in caught.value.remedy
    else:
        assert name in caught.value.wrong and caught.value.remedy.startswith("Supported is ")


ROTARY = [
    ("rope_scaling", {"rope_type": "yarn", "factor": 4.0}, 'rope_type is "yarn"'),
    ("rope_scaling", {"type": "dynamic", "factor": 4.0}, 'rope_type is "dynamic"'),
    ("rope_scaling", {"rope_type": "llama3", "factor": 4.0, "high_freq_factor": 8.0}, "high_freq_factor is 8.0"),
    ("rope_scaling", "linear", 'rope_scaling is "linear"'),
    ("rope_parameters", {"partial_rotary_factor": 0.5}, "partial_rotary_factor is 0.5"),
    ("rope_parameters", {"rope_theta": "1e4"}, 'rope_theta is "1e4"'),
    ("rope_scaling", {"rope_type": "linear", "factor": 0.5}, "rope_factor must be at least 1, got 0.5"),
]


@pytest.mark.parametrize(("name", "value", "wrong"), ROTARY)
def test_other_rotary_positions_are_named(write, name, value, wrong):
    folder, _ = write("Llama")
    edit_config(folder, **{name: value})
    with pytest.raises(InputError) as caught:
        load_pretrained(folder)
    assert caught.value.wrong.startswith(f"{folder / 'config.json'}: {wrong}") and caught.value.remedy


@pytest.mark.parametrize(
    "fields",
    [
        {"rope_theta": 9.0, "rope_scaling": {"type": "linear", "factor": 2}},
        {
            "rope_theta": ...,
            "rope_scaling": ...,
            "rope_parameters": {"rope_type": "linear", "rope_theta": 9.0, "factor": 2},
        },
    ],
)
def test_rotary_positions_in_both_ways_of_writing_them(write, fields):
    """transformers 4 names θ and the scaling apart, transformers 5 together."""
    folder, _ = write("Qwen2")
    edit_config(folder, **fields)
    config = load_pretrained(folder).config
    assert (config.rope_theta, config.rope_factor, config.rope_original_context) == (9.0, 2, 0)


@pytest.mark.parametrize(("value", "window"), [(3, 3), (None, 0), (..., 4096)])
def test_null_is_no_window_and_an_absent_one_is_mistrals(write, value, window):
    folder, _ = write("Mistral")
    edit_config(folder, sliding_window=value)
    assert load_pretrained(folder).config.window == window


WRONG_FIELDS = [
    ("GPT", "n_layer", 2.0),
    ("GPT", "n_layer", True),
    ("GPT", "n_layer", -1),
    ("GPT", "n_head", 4),
    ("GPT", "n_embd", "6"),
    ("GPT", "resid_pdrop", "0.1"),
    ("GPT", "resid_pdrop", float("nan")),
    ("GPT", "tie_word_embeddings", 1),
    ("GPT", "layer_norm_epsilon", 0),
    ("GPT", "layer_norm_epsilon", "1e-6"),
    ("GPT", "activation_function", ["relu"]),
    ("Llama", "num_key_value_heads", 3),
    ("Llama", "head_dim", 3),
    ("Llama", "attention_bias", "no"),
    ("Mistral", "sliding_window", 2.5),
    ("masked words", "layer_norm_eps", 0),
    ("masked words", "layer_norm_eps", True),
    ("masked words", "type_vocab_size", "2"),
    ("masked words", "is_decoder", "no"),
    ("classes", "id2label", {"0": "a"}),
    ("classes", "id2label", {"0": "a", "2": "b"}),
    ("classes", "id2label", ["a", "b"]),
    ("classes", "classifier_dropout", 1.0),
    ("T5", "relative_attention_num_buckets", 2),
    ("T5", "layer_norm_epsilon", "small"),
    ("T5", "pad_token_id", 11),
]


@pytest.mark.parametrize(("kind", "name", "value"), WRONG_FIELDS)
def test_a_field_of_another_type_or_range(write, kind, name, value):
    folder, _ = write(kind)
    edit_config(folder, **{name: value}, **({"decoder_start_token_id": value} if name == "pad_token_id" else {}))
    with pytest.raises(InputError) as caught:
        load_pretrained(folder)
    assert caught.value.wrong.startswith(str(folder / "config.json"))


def test_a_long_value_is_shortened(write):
    folder, _ = write("GPT")
    edit_config(folder, activation_function="x" * 1000)
    with pytest.raises(InputError) as caught:
        load_pretrained(folder)
    assert len(caught.value.wrong) < 300


def test_defaults_are_those_of_hugging_face(write):
    """A config.json may leave out what it has not changed: then sizes are GPT-2's, and these files don't fit."""
    folder, _ = write("GPT")
    edit_config(folder, n_embd=..., n_inner=..., architectures=..., n_head=...)
    with pytest.raises(InputError, match=r"wte.weight is \(11, 6\) where config.json asks for \(11, 768\)"):
        load_pretrained(folder)


@pytest.mark.parametrize(
    ("kind", "left_out"),
    [
        ("masked words", ["architectures", "hidden_act", "layer_norm_eps", "is_decoder"]),
        ("T5", ["architectures", "relative_attention_num_buckets", "feed_forward_proj", "scale_decoder_outputs"]),
        ("GPT", ["architectures", "activation_function", "resid_pdrop", "tie_word_embeddings"]),
    ],
)
def test_fields_that_are_left_out(write, kind, left_out):
    folder, model = write(kind)
    edit_config(folder, **dict.fromkeys(left_out, ...))
    assert load_pretrained(folder).config == model.config
    edit_config(folder, **dict.fromkeys(left_out))
    assert load_pretrained(folder).config == model.config


def test_the_width_of_gpt2s_feed_forward_layers_may_be_left_out(tmp_path):
    model = GPT(GPTConfig(11, context=9, layers=1, heads=2, d_model=6, d_ff=24))
    save_pretrained(model, tmp_path)
    edit_config(tmp_path, n_inner=None)
    same(tmp_path, model)


def test_two_classes_need_no_names(write):
    folder, _ = write("classes")
    edit_tensors(
        folder, lambda a: a.update({name: a[name][:2].copy() for name in ("classifier.weight", "classifier.bias")})
    )
    edit_config(folder, id2label=..., label2id=...)
    assert load_pretrained(folder).config.classes == 2
    assert read_labels(folder) is None
