"""The encoder-decoders' configurations: what cannot work is refused with words that help."""

import pytest

from minillm.errors import InputError
from minillm.models import T5Config, TransformerConfig

SIZES = {"vocab_size": 11, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5}

BAD = [
    (TransformerConfig, {"vocab_size": 0}, "vocab_size must be a whole number of at least 1, got 0.", "or more"),
    (TransformerConfig, {"layers": 1.5}, "layers must be a whole number of at least 1, got 1.5.", "or more"),
    (TransformerConfig, {"heads": 4}, "4 heads do not divide d_model = 6.", "try 3 heads"),
    (TransformerConfig, {"d_model": 7, "heads": 7}, "Sinusoidal positions need an even d_model", "try d_model = 8"),
    (TransformerConfig, {"dropout": 1.0}, "dropout must lie in [0, 1), got 1.0.", "0 turns it off"),
    (TransformerConfig, {"activation": "swish"}, "There is no activation 'swish'.", "relu"),
    (TransformerConfig, {"norm": "none"}, "There is no norm 'none'.", "Choose one of pre, post."),
    (T5Config, {"decoder_layers": -1}, "decoder_layers must be a whole number of at least 1, got -1.", "or more"),
    (T5Config, {"d_kv": 0}, "d_kv must be a whole number of at least 1, got 0.", "or more"),
    (T5Config, {"buckets": 3}, "buckets must be a whole number of at least 4, got 3.", "or more"),
    (T5Config, {"max_distance": 16}, "max_distance must be a whole number above 16, got 16.", "32 buckets up to 128"),
    (T5Config, {"max_distance": 64.5}, "max_distance must be a whole number above 16, got 64.5.", "up to 128"),
    (T5Config, {"pad_id": -1}, "pad_id must be a whole number of at least 0, got -1.", "Give 0 or more."),
    (T5Config, {"pad_id": 11}, "The pad token 11 is outside the vocabulary of 11.", "T5's is 0"),
    (T5Config, {"activation": "gated-gelu"}, "There is no activation 'gated-gelu'.", "gelu"),
    (T5Config, {"dropout": -0.1}, "dropout must lie in [0, 1), got -0.1.", "0 turns it off"),
    (T5Config, {"eps": 0.0}, "eps must be positive, got 0.0.", "1e-6"),
]


@pytest.mark.parametrize(("kind", "change", "wrong", "remedy"), BAD)
def test_a_bad_config_says_what_is_wrong_and_what_to_do(kind, change, wrong, remedy):
    with pytest.raises(InputError) as caught:
        kind(**(SIZES | change))
    assert wrong in caught.value.wrong and remedy in caught.value.remedy


def test_the_remedies_work():
    TransformerConfig(**(SIZES | {"heads": 3}))
    TransformerConfig(**(SIZES | {"d_model": 8, "heads": 4}))
    T5Config(**(SIZES | {"max_distance": 17}))


def test_heads_of_a_t5_have_the_width_that_is_asked_for():
    assert T5Config(**(SIZES | {"heads": 4})).d_kv == 64


def test_a_decoder_is_as_deep_as_the_encoder_unless_it_is_said():
    assert T5Config(**SIZES).decoder_layers == 2
    assert T5Config(**SIZES, decoder_layers=3).decoder_layers == 3
