"""Small models with weights of order one: their next tokens are far from equally likely."""

import numpy as np
import pytest

from minillm.models import GPT, T5, EncoderDecoder, GPTConfig, T5Config, Transformer, TransformerConfig

KINDS = {
    "pre-LN, learned positions": {},
    "post-LN, sinusoidal positions, untied": {"norm": "post", "positions": "sinusoidal", "tie_head": False},
    "untied head, no bias": {"tie_head": False, "bias": False},
    "embeddings of four tokens": {"ngram": 4},
}


def build(context=16, **choices) -> GPT:
    model = GPT(GPTConfig(13, context=context, layers=2, heads=2, d_model=16, **choices), seed=5, dtype=np.float64)
    rng = np.random.default_rng(5)
    for parameter in model.vector.named.values():
        if parameter.data.ndim >= 2:
            parameter.data[...] = rng.standard_normal(parameter.data.shape)
    return model


@pytest.fixture(scope="session", params=KINDS)
def model(request) -> GPT:
    """A GPT of each kind, context 16, vocabulary 13."""
    return build(**KINDS[request.param])


@pytest.fixture(scope="session", params=["transformer", "t5"])
def encoder_decoder(request) -> EncoderDecoder:
    """An encoder-decoder of each kind, vocabulary 13, with varied answers."""
    sizes = {"vocab_size": 13, "layers": 2, "heads": 2, "d_model": 16, "d_ff": 24, "dropout": 0.0}
    if request.param == "t5":
        model = T5(T5Config(**sizes, d_kv=5, buckets=8, max_distance=9, tie_head=False), seed=1, dtype=np.float64)
    else:
        model = Transformer(TransformerConfig(**sizes, norm="pre"), seed=1, dtype=np.float64)
    rng = np.random.default_rng(2)
    for name, parameter in model.vector.named.items():
        if parameter.data.ndim == 2:
            parameter.data[...] = rng.standard_normal(parameter.data.shape) * (0.3 if "query" in name else 1)
    return model


@pytest.fixture(scope="session")
def make_model():
    return build
