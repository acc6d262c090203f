"""Gradient checks of pretraining with preferences, each objective on top of a whole tiny model: every parameter."""

from functools import partial

import numpy as np

from minillm.backend import array_module
from minillm.gradcheck.cases import LayerCase, case
from minillm.gradcheck.model_cases import IDS, TARGETS, tiny_gpt
from minillm.gradcheck.preference_cases import awr_held
from minillm.layers.gradcheck import randomize
from minillm.models import GPTWithValue
from minillm.preferences import rwr, unlikelihood
from minillm.preferences.pretraining import advantage_weights
from minillm.preferences.rewarded_lm import rewarded_lm, rewarded_lm_backward, valued_lm, valued_lm_backward

REWARDS = np.array([[0.0, -0.3, -0.9, -0.9, 0.0], [-0.6, 0.0, 0.0, -1.0, -0.2]])


def rewarded_case(rng: np.random.Generator, loss_fn, **sizes) -> LayerCase:
    model = tiny_gpt(rng, layers=1, **sizes)

    def forward(ids, *, rewards, rng=None):
        return rewarded_lm(model, ids, rewards, TARGETS, rng=rng, loss_fn=loss_fn)

    pair = {"forward": forward, "backward": partial(rewarded_lm_backward, model)}
    return LayerCase(model, (IDS,), pair | {"rewards": REWARDS})


@case("rewarded_lm:unlikelihood")
def _(rng):
    return rewarded_case(rng, partial(unlikelihood, threshold=-0.5, alpha=0.7))


@case("rewarded_lm:rwr")
def _(rng):
    case = rewarded_case(rng, partial(rwr, beta=0.4), dropout=0.2)
    return case._replace(options=case.options | {"dropout_seed": 3})


@case("valued_lm")
def _(rng):
    model = randomize(GPTWithValue(tiny_gpt(rng, layers=1)), rng)
    (_, values), _ = model.forward(IDS)
    weights = advantage_weights(REWARDS - values, 0.4)  # they stand still, as they do for the gradient

    def forward(ids, *, rewards, weights):
        def loss_fn(logp, values, scored, rewards):
            held = array_module(logp).asarray(weights)
            loss, derivatives = awr_held(logp, values, scored, rewards, held, alpha=0.3, beta=0.4)
            return loss, *derivatives

        return valued_lm(model, ids, rewards, TARGETS, loss_fn=loss_fn)

    pair = {"forward": forward, "backward": partial(valued_lm_backward, model)}
    return LayerCase(model, (IDS,), pair | {"rewards": REWARDS, "weights": weights})
