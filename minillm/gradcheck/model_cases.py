"""Gradient checks of whole models and of the objectives on top of them: every parameter, at tiny sizes."""

from functools import partial

import numpy as np

from minillm.backend import array_module
from minillm.gradcheck.cases import LayerCase, case
from minillm.layers.gradcheck import randomize
from minillm.models import GPT, GPTConfig, GPTWithValue
from minillm.objectives import causal_lm, loss_backward
from minillm.ops import IGNORE

IDS = np.array([[3, 1, 3, 9, 0], [7, 3, 2, 2, 10]])  # B = 2, T = 5, with repeated tokens, and tokens that never come
TARGETS = np.array([[1, 3, IGNORE, 0, 4], [3, IGNORE, 2, 10, IGNORE]])

LLAMA = {"positions": "rotary", "norm": "rms", "activation": "swiglu", "bias": False, "qkv_bias": True}
LLAMA |= {"heads": 4, "kv_heads": 2, "d_kv": 4, "window": 3, "rope_theta": 50.0, "tie_head": False}


def tiny_gpt(rng: np.random.Generator, **changes) -> GPT:
    """A float64 GPT of about 600 parameters, all of them random and of order one."""
    sizes = {"vocab_size": 11, "context": 7, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5}
    return randomize(GPT(GPTConfig(**(sizes | changes)), dtype=np.float64), rng)


@case("GPT:tied")
def _(rng):
    return LayerCase(tiny_gpt(rng), (IDS,))


@case("GPT:untied")
def _(rng):
    return LayerCase(tiny_gpt(rng, tie_head=False), (IDS,))


@case("GPT:sinusoidal")
def _(rng):
    return LayerCase(tiny_gpt(rng, positions="sinusoidal", activation="gelu_erf", bias=False), (IDS,))


@case("GPT:post")
def _(rng):
    return LayerCase(tiny_gpt(rng, norm="post", activation="relu"), (IDS,))


@case("GPT:ngram")
def _(rng):
    return LayerCase(tiny_gpt(rng, ngram=3, positions="sinusoidal"), (IDS,))


@case("GPT:alibi")
def _(rng):
    return LayerCase(tiny_gpt(rng, positions="alibi", heads=3, window=3), (IDS,))


@case("GPT:llama")
def _(rng):
    return LayerCase(tiny_gpt(rng, **LLAMA), (IDS,))


@case("GPT:dropout")
def _(rng):
    return LayerCase(tiny_gpt(rng, dropout=0.2), (IDS,), {"dropout_seed": 3})


@case("GPTWithValue")
def _(rng):
    model = randomize(GPTWithValue(tiny_gpt(rng)), rng)

    def forward(ids):
        (logits, values), saved = model.forward(ids)
        return array_module(values).concatenate([logits, values[..., None]], axis=-1), saved

    def backward(dy, saved):
        model.backward(dy[..., :-1], dy[..., -1], saved)

    return LayerCase(model, (IDS,), {"forward": forward, "backward": backward})


def causal_case(model: GPT, **options) -> LayerCase:
    pair = {"forward": partial(causal_lm, model), "backward": partial(loss_backward, model)}
    return LayerCase(model, (IDS, TARGETS), options | pair)


@case("causal_lm")
def _(rng):
    return causal_case(tiny_gpt(rng))


@case("causal_lm:smoothing")
def _(rng):
    return causal_case(tiny_gpt(rng, norm="post", dropout=0.2), label_smoothing=0.2, dropout_seed=3)
