"""Models in Hugging Face's layout: what we write we read again, each number in its place, and what has no place there is refused."""

import json
import tracemalloc

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from minillm.backend import to_host
from minillm.errors import InputError
from minillm.gradcheck import randomize
from minillm.models import (
    GPT,
    T5,
    ClassifierConfig,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    SequenceClassifier,
    T5Config,
    Transformer,
    TransformerConfig,
    config_to_dict,
)
from minillm.models.huggingface import is_pretrained, load_pretrained, read_labels, save_pretrained, tensors_of
from minillm.models.huggingface.checkpoint import _architecture_of
from minillm.models.huggingface.fields import ACTIVATIONS
from minillm.models.kinds import build
from tests.models.pretrained import ENCODER, GPT_SIZES, LLAMA, MODELS, T5_SIZES


@pytest.fixture(params=MODELS)
def model(request):
    """One of each kind, with random weights."""
    kind, config = MODELS[request.param]
    return randomize(kind(config, dtype=np.float32), np.random.default_rng(0))


def config_of(folder) -> dict:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_written_is_read(tmp_path, model, dtype):
    wide = randomize(type(model)(model.config, dtype=np.dtype(dtype)), np.random.default_rng(0))
    save_pretrained(wide, tmp_path / "new" / "folder")
    again = load_pretrained(tmp_path / "new" / "folder", dtype=np.dtype(dtype))
    assert type(again) is type(wide) and again.config == wide.config
    assert again.vector.data.dtype == dtype
    assert config_of(tmp_path / "new" / "folder")["dtype"] == dtype
    np.testing.assert_array_equal(again.vector.data, wide.vector.data)
    narrow = load_pretrained(tmp_path / "new" / "folder")
    np.testing.assert_array_equal(narrow.vector.data, wide.vector.data.astype(np.float32))


def test_every_parameter_is_in_one_tensor_of_the_shape_that_is_foretold(model):
    """A parameter that no tensor holds would stay zero, and no error tell it."""
    tensors = list(_architecture_of(model).tensors(model.config))
    parameters = [name for tensor in tensors for name in tensor.parameters]
    assert sorted(parameters) == sorted(model.vector.named)
    arrays = tensors_of(model)
    assert {tensor.name: tensor.shape for tensor in tensors} == {name: array.shape for name, array in arrays.items()}


def test_gradients_have_the_same_layout(model):
    model.vector.grad[...] = 2 * model.vector.data
    data, gradients = tensors_of(model), tensors_of(model, "grad")
    assert data.keys() == gradients.keys()
    for name, array in data.items():
        np.testing.assert_array_equal(gradients[name], 2 * array)


def test_layouts(tmp_path):
    """By hand: GPT-2 has query, key and value side by side; torch's linear layers are transposed, embeddings are not."""
    gpt = GPT(GPTConfig(**GPT_SIZES))
    save_pretrained(gpt, tmp_path / "gpt")
    stored, attention = load_file(tmp_path / "gpt" / "model.safetensors"), gpt.blocks[1].attention
    weight = stored["transformer.h.1.attn.c_attn.weight"]
    for i, part in enumerate((attention.query, attention.key, attention.value)):
        np.testing.assert_array_equal(weight[:, 6 * i : 6 * i + 6], part.weight.data)
    np.testing.assert_array_equal(stored["transformer.h.1.mlp.c_fc.weight"], gpt.blocks[1].ffn.expand.weight.data)
    llama = GPT(MODELS["Qwen2"][1])
    save_pretrained(llama, tmp_path / "llama")
    stored, block = load_file(tmp_path / "llama" / "model.safetensors"), llama.blocks[1]
    for name, linear in (
        ("self_attn.q_proj", block.attention.query),
        ("self_attn.v_proj", block.attention.value),
        ("mlp.gate_proj", block.ffn.gate),
        ("mlp.up_proj", block.ffn.expand),
        ("mlp.down_proj", block.ffn.contract),
    ):
        np.testing.assert_array_equal(stored[f"model.layers.1.{name}.weight"], linear.weight.data.T)
    np.testing.assert_array_equal(stored["model.layers.1.self_attn.k_proj.bias"], block.attention.key.bias.data)
    bert = MaskedLM(ENCODER)
    save_pretrained(bert, tmp_path / "bert")
    stored, block = load_file(tmp_path / "bert" / "model.safetensors"), bert.body.blocks[0]
    np.testing.assert_array_equal(
        stored["bert.encoder.layer.0.intermediate.dense.weight"], block.ffn.expand.weight.data.T
    )
    words = stored["bert.embeddings.word_embeddings.weight"]
    np.testing.assert_array_equal(words, bert.body.embedding.weight.data)
    t5 = T5(MODELS["T5 1.1"][1])
    save_pretrained(t5, tmp_path / "t5")
    stored, block = load_file(tmp_path / "t5" / "model.safetensors"), t5.decoder[1]
    for name, linear in (
        ("1.EncDecAttention.q", block.cross_attention.query),
        ("1.EncDecAttention.k", block.cross_attention.key),
        ("1.EncDecAttention.v", block.cross_attention.value),
        ("2.DenseReluDense.wi_0", block.ffn.gate),
        ("2.DenseReluDense.wi_1", block.ffn.expand),
    ):
        np.testing.assert_array_equal(stored[f"decoder.block.1.layer.{name}.weight"], linear.weight.data.T)
    with safe_open(tmp_path / "bert" / "model.safetensors", framework="numpy") as file:
        assert file.metadata() == {"format": "pt"}


def test_a_seed_of_none_leaves_the_weights_zero():
    """Of every kind of model: gains of norms are still one, everything else is zero."""
    for _, config in MODELS.values():
        for name, parameter in build(config, seed=None).vector.named.items():
            assert (parameter.data == name.endswith("gamma")).all(), name


def test_a_seed_of_none_asks_for_the_memory_of_the_vectors_alone():
    """Weights and gradients, 4 bytes each: a file's numbers need no other place before they are there."""
    tracemalloc.start()
    try:
        size = GPT(GPTConfig(vocab_size=500, context=50, layers=2, heads=2, d_model=100), seed=None).vector.size
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 8 * size < peak < 8.8 * size


def test_models_travel_between_devices(device, tmp_path, model):
    save_pretrained(model, tmp_path / "host")
    there = load_pretrained(tmp_path / "host", device)
    assert isinstance(there.vector.data, device.xp.ndarray)
    np.testing.assert_array_equal(to_host(there.vector.data), model.vector.data)
    save_pretrained(there, tmp_path / "device")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "device" / name).read_bytes() == (tmp_path / "host" / name).read_bytes()


# What is written besides -------------------------------------------------------------------------------------------------


@pytest.fixture
def classifier():
    return SequenceClassifier(ClassifierConfig(ENCODER, classes=3, pooler=True))


def test_labels(tmp_path, classifier):
    save_pretrained(classifier, tmp_path, labels=["sad", "glad", "还行"])
    assert read_labels(tmp_path) == ["sad", "glad", "还行"]
    save_pretrained(classifier, tmp_path)
    assert read_labels(tmp_path) == ["LABEL_0", "LABEL_1", "LABEL_2"]
    save_pretrained(MaskedLM(ENCODER), tmp_path)
    assert read_labels(tmp_path) is None


@pytest.mark.parametrize("labels", [["sad", "glad"], ["sad", "glad", "sad"], []])
def test_labels_that_do_not_fit(tmp_path, classifier, labels):
    with pytest.raises(InputError, match=f"There are {len(labels)} labels for 3 classes"):
        save_pretrained(classifier, tmp_path / "new", labels=labels)
    assert not (tmp_path / "new").exists()


def test_labels_are_for_classifiers(tmp_path):
    with pytest.raises(InputError, match="There are 2 labels for 0 classes"):
        save_pretrained(GPT(GPTConfig(**GPT_SIZES)), tmp_path, labels=["sad", "glad"])


def test_no_special_token_is_taken_for_granted(tmp_path):
    """Absent, transformers would take GPT-2's 50256 and BERT's 0."""
    for name, (kind, config) in MODELS.items():
        save_pretrained(kind(config), tmp_path / name, eos_id=5)
        values = config_of(tmp_path / name)
        pad = config.pad_id if kind is T5 else None
        assert [values[f"{role}_token_id"] for role in ("bos", "eos", "pad")] == [None, 5, pad]


def test_t5_says_in_both_ways_whether_its_head_is_its_own(tmp_path):
    """transformers 4 asks the one field, and transformers 5 the other."""
    for name, shared in (("T5", True), ("T5 1.1", False)):
        kind, config = MODELS[name]
        save_pretrained(kind(config), tmp_path)
        values = config_of(tmp_path)
        assert values["tie_word_embeddings"] == values["scale_decoder_outputs"] == shared


@pytest.mark.parametrize("ours", sorted(set(ACTIVATIONS.values())))
def test_every_activation_survives(tmp_path, ours):
    for kind, config in (
        (GPT, GPTConfig(**GPT_SIZES, activation=ours)),
        (T5, T5Config(**T5_SIZES, activation=ours)),
        (MaskedLM, EncoderConfig(vocab_size=11, layers=1, d_model=8, activation=ours)),
    ):
        save_pretrained(kind(config), tmp_path)
        assert load_pretrained(tmp_path).config == config


# What can't be written -----------------------------------------------------------------------------------------------------

UNWRITABLE = {
    "norm": (GPT, GPTConfig(**GPT_SIZES, norm="post")),
    "window": (GPT, GPTConfig(**GPT_SIZES, window=3)),
    "kv_heads": (GPT, GPTConfig(**GPT_SIZES, kv_heads=1)),
    "d_kv": (GPT, GPTConfig(**GPT_SIZES, d_kv=5)),
    "window is 3, and a Qwen2": (GPT, GPTConfig(**LLAMA, qkv_bias=True, window=3)),
    "norm is 'pre', and a Llama": (GPT, GPTConfig(**LLAMA | {"norm": "pre"})),
    "activation is 'silu', and a Llama": (GPT, GPTConfig(**LLAMA | {"activation": "silu"})),
    "bias is True, and a Mistral": (GPT, GPTConfig(**LLAMA | {"bias": True, "window": 3})),
    "gated": (GPT, GPTConfig(**GPT_SIZES, activation="swiglu")),
    "positions": (GPT, GPTConfig(**GPT_SIZES, positions="sinusoidal")),
    "bias": (GPT, GPTConfig(**GPT_SIZES, bias=False)),
    "ngram": (GPT, GPTConfig(**GPT_SIZES, ngram=2)),
    "norm is 'pre'": (MaskedLM, EncoderConfig(11, d_model=8, norm="pre")),
    "positions is 'sinusoidal'": (MaskedLM, EncoderConfig(11, d_model=8, positions="sinusoidal")),
    "no segments": (MaskedLM, EncoderConfig(11, d_model=8, token_types=0)),
    "pooling": (SequenceClassifier, ClassifierConfig(ENCODER, pooling="mean", pooler=True)),
    "pooler": (SequenceClassifier, ClassifierConfig(ENCODER)),
    "body of this classifier is a GPT": (SequenceClassifier, ClassifierConfig(GPTConfig(**GPT_SIZES), pooler=True)),
    "activation": (T5, T5Config(**T5_SIZES, gated=True, activation="relu")),
    "no model like a Transformer": (Transformer, TransformerConfig(11, d_model=8, heads=2)),
}


@pytest.mark.parametrize("wrong", UNWRITABLE)
def test_what_has_no_place_there_is_refused(tmp_path, wrong):
    kind, config = UNWRITABLE[wrong]
    with pytest.raises(InputError, match=wrong) as caught:
        save_pretrained(kind(config), tmp_path / "new")
    assert caught.value.remedy.endswith(".")
    assert not (tmp_path / "new").exists()


def test_a_run_is_not_written_over(tmp_path):
    config = GPTConfig(**GPT_SIZES)
    (tmp_path / "config.json").write_text(json.dumps(config_to_dict(config)), encoding="utf-8")
    with pytest.raises(InputError, match="holds a run of minillm"):
        save_pretrained(GPT(config), tmp_path)
    assert not (tmp_path / "model.safetensors").exists()


def test_which_folders_are_theirs(tmp_path):
    assert not is_pretrained(tmp_path / "nowhere")
    for content, theirs in (
        ("{", False),
        ("{}", False),
        ('{"kind": "gpt", "model_type": "gpt2"}', False),
        ('{"model_type": "gpt2"}', True),
        ('{"architectures": ["LlamaForCausalLM"]}', True),
        ('{"vocab_size": 30522, "hidden_size": 768}', True),
        ('{"vocab_size": 50257, "n_embd": 768}', True),
        ('{"vocab_size": 32128, "relative_attention_num_buckets": 32}', True),
    ):
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
        assert is_pretrained(tmp_path) == theirs
