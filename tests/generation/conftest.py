"""Small models with weights of order one: their next tokens are far from equally likely."""

import numpy as np
import pytest

from minillm.models import GPT, GPTConfig

KINDS = {
    "pre-LN, learned positions": {},
    "post-LN, sinusoidal positions, untied": {"norm": "post", "positions": "sinusoidal", "tie_head": False},
    "untied head, no bias": {"tie_head": False, "bias": False},
}


def build(context=16, **choices) -> GPT:
    model = GPT(GPTConfig(13, context=context, layers=2, heads=2, d_model=16, **choices), seed=5, dtype=np.float64)
    rng = np.random.default_rng(5)
    for parameter in model.vector.named.values():
        if parameter.data.ndim == 2:
            parameter.data[...] = rng.standard_normal(parameter.data.shape)
    return model


@pytest.fixture(scope="session", params=KINDS)
def model(request) -> GPT:
    """A GPT of each kind, context 16, vocabulary 13."""
    return build(**KINDS[request.param])


@pytest.fixture(scope="session")
def make_model():
    return build
