"""The configuration: what cannot work is refused with words that help, and what it costs is counted right."""

import json

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import GPT, T5, EncoderConfig, GPTConfig, MaskedLM, T5Config, config_from_dict, config_to_dict

GOOD = {"vocab_size": 11, "context": 7, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5}

BAD = [
    ({"vocab_size": 0}, "vocab_size must be a whole number of at least 1, got 0.", "Give 1 or more."),
    ({"context": -3}, "context must be a whole number of at least 1, got -3.", "Give 1 or more."),
    ({"layers": 1.5}, "layers must be a whole number of at least 1, got 1.5.", "Give 1 or more."),
    ({"heads": True}, "heads must be a whole number of at least 1, got True.", "Give 1 or more."),
    ({"d_model": "6"}, "d_model must be a whole number of at least 1, got '6'.", "Give 1 or more."),
    ({"d_ff": -1}, "d_ff must be a whole number of at least 1, got -1.", "Give 1 or more."),
    ({"ngram": 0}, "ngram must be a whole number of at least 1, got 0.", "Give 1 or more."),
    ({"heads": 4}, "4 heads do not divide d_model = 6.", "try 3 heads"),
    ({"dropout": 1.0}, "dropout must lie in [0, 1), got 1.0.", "0 turns it off"),
    ({"dropout": -0.1}, "dropout must lie in [0, 1), got -0.1.", "0 turns it off"),
    ({"activation": "swish"}, "There is no activation 'swish'.", "Choose one of gelu, gelu_erf, relu, silu, swiglu."),
    ({"norm": "none"}, "There is no norm 'none'.", "Choose one of pre, post, rms."),
    ({"positions": "conv"}, "There is no positions 'conv'.", "Choose one of learned, sinusoidal, rotary, alibi."),
    (
        {"positions": "rotary"},
        "Rotary positions need heads of an even width, got 3.",
        "try heads of 4 columns, d_model = 8",
    ),
    ({"rope_theta": 0.5}, "rope_theta must be at least 1, got 0.5.", "Leave it out"),
    ({"rope_factor": float("inf")}, "rope_factor must be at least 1, got inf.", "Leave it out"),
    ({"kv_heads": 3}, "3 heads of keys and values can't be shared evenly by 2 of queries.", "that divide `heads`"),
    (
        {"positions": "rotary", "d_kv": 5},
        "Rotary positions need heads of an even width, got 5.",
        "try heads of 6 columns",
    ),
    ({"window": -1}, "window must be a whole number of at least 0, got -1.", "Give 0 or more."),
    ({"rope_original_context": -1}, "rope_original_context must be a whole number of at least 0", "Give 0 or more."),
    ({"positions": "sinusoidal", "d_model": 7, "heads": 7}, "need an even d_model, got 7", "try d_model = 8"),
    ({"eps": 0.0}, "eps must be positive, got 0.0.", "1e-5 is GPT-2's"),
    ({"eps": float("nan")}, "eps must be positive, got nan.", "1e-5 is GPT-2's"),
    ({"eps": float("inf")}, "eps must be positive, got inf.", "1e-5 is GPT-2's"),
    ({"eps": "1e-6"}, "eps must be positive, got '1e-6'.", "1e-5 is GPT-2's"),
]


@pytest.mark.parametrize(("change", "wrong", "remedy"), BAD)
def test_a_bad_config_says_what_is_wrong_and_what_to_do(change, wrong, remedy):
    with pytest.raises(InputError) as caught:
        GPTConfig(**(GOOD | change))
    assert wrong in caught.value.wrong and remedy in caught.value.remedy


def test_the_remedy_works():
    GPTConfig(**(GOOD | {"heads": 3}))
    GPTConfig(**(GOOD | {"positions": "sinusoidal", "d_model": 8}))
    GPTConfig(**(GOOD | {"positions": "rotary", "d_model": 8}))


def test_d_ff_is_four_times_the_width_unless_given():
    assert GPTConfig(vocab_size=5, d_model=12).d_ff == 48
    assert GPTConfig(vocab_size=5, d_model=12, d_ff=7).d_ff == 7


def test_a_gate_makes_the_usual_d_ff_smaller():
    """Three matrices of 8/3 are as large as two of four."""
    assert GPTConfig(vocab_size=5, d_model=12, activation="swiglu").d_ff == 32


LLAMA = {"positions": "rotary", "heads": 3, "norm": "rms", "activation": "swiglu", "bias": False}
MODERN = LLAMA | {"heads": 4, "d_kv": 4, "kv_heads": 2, "qkv_bias": True, "window": 5}
ROPE = {"rope_theta": 50.0, "rope_factor": 4.0, "rope_original_context": 3}


@pytest.mark.parametrize(
    "change", [{"dropout": 0.1, "norm": "post", "tie_head": False, "ngram": 3}, LLAMA, MODERN, LLAMA | ROPE]
)
def test_a_config_survives_json(change):
    config = GPTConfig(**GOOD | change)
    assert config_from_dict(json.loads(json.dumps(config_to_dict(config)))) == config


def test_a_config_of_an_earlier_time_is_read_and_its_files_fit():
    """`eps` came later: what was written before has none, and is compared word for word with what is written now. So did others."""
    before = {"vocab_size": 11, "context": 7, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5, "dropout": 0.0}
    before |= {"activation": "gelu", "norm": "pre", "positions": "learned", "tie_head": True, "bias": True, "ngram": 1}
    assert GPTConfig(**GOOD).to_dict() == before
    assert GPTConfig.from_dict(before).eps == 1e-5
    other = GPTConfig(**GOOD, eps=1e-6)
    assert other.to_dict() == before | {"eps": 1e-6} and GPTConfig.from_dict(other.to_dict()) == other


@pytest.mark.parametrize("norm", ["pre", "post", "rms"])
def test_eps_reaches_every_norm(norm):
    gpt = GPT(GPTConfig(**GOOD, eps=0.25, norm=norm))
    found = [layer for layer in [gpt.norm, *(n for block in gpt.blocks for n in (block.norm1, block.norm2))] if layer]
    assert [layer.eps for layer in found] == [0.25] * (4 if norm == "post" else 5)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({**GPTConfig(**GOOD).to_dict(), "wings": 2}, "wings"),
        ({key: value for key, value in GPTConfig(**GOOD).to_dict().items() if key != "heads"}, "heads"),
        ([1, 2], "[1, 2]"),
        (None, "None"),
    ],
)
def test_a_dictionary_that_is_no_config_is_refused(values, named):
    with pytest.raises(InputError, match="not the config of a GPT") as caught:
        GPTConfig.from_dict(values)
    assert named in caught.value.wrong


def test_a_bad_value_in_a_file_is_refused_like_any_other():
    with pytest.raises(InputError, match="heads must be"):
        GPTConfig.from_dict({**GPTConfig(**GOOD).to_dict(), "heads": 0})


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"tie_head": False},
        {"bias": False},
        {"norm": "post"},
        {"positions": "sinusoidal"},
        {"positions": "alibi"},
        {"ngram": 3},
        {"layers": 3, "heads": 3, "d_ff": 0},
        {"norm": "post", "bias": False, "tie_head": False, "positions": "sinusoidal"},
        {"norm": "rms", "activation": "swiglu"},
        LLAMA,
        MODERN,
    ],
)
def test_parameter_count_is_that_of_the_model(change):
    config = GPTConfig(**(GOOD | change))
    assert config.parameter_count() == GPT(config).vector.data.size


def test_parameter_count_of_gpt2():
    config = GPTConfig(vocab_size=50257, context=1024, layers=12, heads=12, d_model=768)
    assert config.parameter_count() == 124_439_808


def test_flops_by_hand():
    """V = 11, S = 7, L = 2, D = 6, F = 5, one token forward, two operations for each multiplication:

    query, key, value, output: 4·6·6 = 144 multiplications; feed-forward: 6·5 + 5·6 = 60; scores q kᵀ: 7·6 = 42; p v: 42.
    That is 288 in a block, 576 in two; the head has 6·11 = 66: 642 in all, 1284 operations. Backward does each product twice.
    """
    assert GPTConfig(**GOOD).flops_per_token() == 3 * 1284


def test_a_window_makes_attention_cheaper_and_a_larger_one_than_the_context_does_not():
    narrow, wide, whole = (GPTConfig(**GOOD, window=window).flops_per_token() for window in (3, 100, 0))
    assert whole - narrow == 12 * 2 * 6 * (7 - 3) and wide == whole


@pytest.mark.parametrize("change", [{"positions": "sinusoidal", "ngram": 2}, MODERN | {"window": 0}])
def test_flops_of_the_products_that_are_really_done(change, monkeypatch):
    """Counted from the matrices that meet while a model runs, forward and backward, at full context."""
    count = 0

    class Counting(np.ndarray):
        __array_priority__ = 1.0  # else what is concatenated is plain

        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            nonlocal count
            plain = [x.view(np.ndarray) if isinstance(x, Counting) else x for x in inputs]
            if "out" in kwargs:
                kwargs["out"] = tuple(x.view(np.ndarray) for x in kwargs["out"])
            result = getattr(ufunc, method)(*plain, **kwargs)
            if ufunc is np.matmul and plain[0].ndim > 1 and plain[1].ndim > 1:
                count += 2 * result.size * plain[0].shape[-1]
            return result.view(Counting) if isinstance(result, np.ndarray) else result

    config = GPTConfig(**GOOD | change)
    model = GPT(config)
    for parameter in model.parameters():
        parameter.data = parameter.data.view(Counting)
    monkeypatch.setattr("minillm.ops.embeddings.ONE_HOT_LIMIT", 0)  # the embedding's look-up is no product of the model
    ids = np.random.default_rng(0).integers(0, 11, (3, 7))
    logits, saved = model.forward(ids)
    model.backward(np.ones(logits.shape, np.float32).view(Counting), saved)
    assert count == ids.size * config.flops_per_token()


@pytest.mark.parametrize("model, config", [(GPT, GPTConfig), (MaskedLM, EncoderConfig), (T5, T5Config)])
def test_a_model_takes_the_fields_of_its_config_by_name(model, config):
    sizes = {"vocab_size": 9, "layers": 1, "heads": 2, "d_model": 8}
    made, same = model(**sizes, seed=3), model(config(**sizes), seed=3)
    assert made.config == same.config and np.array_equal(made.vector.data, same.vector.data)
    with pytest.raises(TypeError, match="give the config or layers, not both"):
        model(config(**sizes), layers=2)
