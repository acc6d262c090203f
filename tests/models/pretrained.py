"""One small model of each kind that Hugging Face has too, and ways to change what is in its folder."""

import json

import numpy as np
from safetensors.numpy import load_file, save_file

from minillm.models import (
    GPT,
    T5,
    ClassifierConfig,
    Encoder,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
    T5Config,
)
from minillm.models.huggingface import load_pretrained

ENCODER = EncoderConfig(vocab_size=11, context=9, layers=2, heads=3, d_model=6, d_ff=10, dropout=0.2, token_types=3)
GPT_SIZES = {"vocab_size": 11, "context": 9, "layers": 2, "heads": 3, "d_model": 6, "d_ff": 10}
LLAMA = GPT_SIZES | {"heads": 4, "d_kv": 4, "kv_heads": 2, "positions": "rotary", "norm": "rms", "activation": "swiglu"}
LLAMA |= {"bias": False, "rope_theta": 50.0}
T5_SIZES = {"vocab_size": 11, "layers": 2, "decoder_layers": 3, "heads": 3, "d_model": 6, "d_kv": 5, "d_ff": 10}
V11 = {"activation": "gelu", "gated": True, "tie_head": False}

MODELS = {
    "GPT": (GPT, GPTConfig(**GPT_SIZES, dropout=0.1)),
    "GPT with a head of its own": (GPT, GPTConfig(**GPT_SIZES, tie_head=False, activation="gelu_erf", eps=1e-6)),
    "Llama": (GPT, GPTConfig(**LLAMA, tie_head=False, rope_factor=2.0, rope_original_context=7, dropout=0.1)),
    "Mistral": (GPT, GPTConfig(**LLAMA, window=3, eps=1e-6)),
    "Qwen2": (GPT, GPTConfig(**LLAMA, qkv_bias=True, rope_factor=4.0)),
    "masked words": (MaskedLM, ENCODER),
    "body": (Encoder, ENCODER),
    "classes": (SequenceClassifier, ClassifierConfig(ENCODER, classes=4, pooler=True, head_dropout=0.3)),
    "questions": (QuestionAnswering, QuestionAnsweringConfig(ENCODER)),
    "T5": (T5, T5Config(**T5_SIZES)),
    "T5 1.1": (T5, T5Config(**T5_SIZES, **V11, buckets=8, max_distance=9, pad_id=2, eps=1e-5)),
}


def edit_config(folder, **fields):
    """A field of the value `...` is taken out."""
    path = folder / "config.json"
    values = json.loads(path.read_text(encoding="utf-8")) | fields
    path.write_text(json.dumps({name: value for name, value in values.items() if value is not ...}), encoding="utf-8")


def edit_tensors(folder, edit):
    """edit(arrays) changes the dictionary of tensors in place."""
    arrays = load_file(folder / "model.safetensors")
    edit(arrays)
    save_file(arrays, folder / "model.safetensors")


def renamed(arrays, change):
    for name in list(arrays):
        arrays[change(name)] = arrays.pop(name)


def same(folder, model):
    np.testing.assert_array_equal(load_pretrained(folder).vector.data, model.vector.data)
