"""The config of a folder of Hugging Face: what minillm does not do is named, fields have types and ranges, defaults are theirs."""

import json

import pytest

from minillm.errors import InputError
from minillm.models import GPT, GPTConfig
from minillm.models.huggingface import load_pretrained, read_labels, save_pretrained
from tests.models.pretrained import edit_config, edit_tensors, same

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
