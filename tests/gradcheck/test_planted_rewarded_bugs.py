"""The check must fail on wrong gradients of pretraining with preferences: plausible mistakes, planted one at a time."""

import numpy as np
import pytest

from minillm.gradcheck import rewarded_cases
from minillm.gradcheck.model_cases import TARGETS
from minillm.gradcheck.rewarded_cases import REWARDS
from minillm.ops import token_logp_backward
from minillm.preferences import rewarded_lm as module
from minillm.preferences import rwr
from tests.gradcheck.planting import planter

BUGS = {}
bug = planter(BUGS)
right = {name: getattr(module, name) for name in ("rewarded_lm", "rewarded_lm_backward", "valued_lm_backward")}


@pytest.mark.parametrize("name", BUGS)
def test_the_check_fails(name, error_with):
    assert error_with(*BUGS[name]) > 1e-4


@bug("rewarded_lm:unlikelihood", rewarded_cases, "rewarded_lm_backward")
@bug("rewarded_lm:rwr", rewarded_cases, "rewarded_lm_backward")
def upstream_gradient_forgotten(model, dloss, saved):
    right["rewarded_lm_backward"](model, 1.0, saved)


@bug("rewarded_lm:unlikelihood", rewarded_cases, "rewarded_lm_backward")
@bug("rewarded_lm:rwr", rewarded_cases, "rewarded_lm_backward")
def rewards_forgotten(model, dloss, saved):
    scored = TARGETS != module.IGNORE
    model.backward(token_logp_backward(-dloss * scored / scored.sum(), saved.logp), saved.model)


@bug("rewarded_lm:rwr", rewarded_cases, "rewarded_lm_backward")
def rewards_off_by_one(model, dloss, saved):
    """Of the tokens that are read, in place of the targets'."""
    logp = np.zeros(TARGETS.shape)
    _, dlogp = rwr(logp, TARGETS != module.IGNORE, np.roll(REWARDS, 1, axis=1), beta=0.4)
    right["rewarded_lm_backward"](model, dloss, saved._replace(dlogp=dlogp))


@bug("rewarded_lm:unlikelihood", rewarded_cases, "rewarded_lm_backward")
def sign_of_the_bad_tokens(model, dloss, saved):
    right["rewarded_lm_backward"](model, dloss, saved._replace(dlogp=-np.abs(saved.dlogp)))


@bug("rewarded_lm:rwr", rewarded_cases, "rewarded_lm_backward")
def one_weight_for_a_whole_text(model, dloss, saved):
    mean = np.where(saved.dlogp, saved.dlogp.mean(axis=1, keepdims=True), 0)
    right["rewarded_lm_backward"](model, dloss, saved._replace(dlogp=mean))


@bug("valued_lm", rewarded_cases, "valued_lm_backward")
def upstream_gradient_of_the_values_forgotten(model, dloss, saved):
    right["valued_lm_backward"](model, dloss, saved._replace(dvalues=saved.dvalues / dloss))


@bug("valued_lm", rewarded_cases, "valued_lm_backward")
def values_of_the_targets(model, dloss, saved):
    """As if the value of a token stood at the token itself, and not at the one before."""
    right["valued_lm_backward"](model, dloss, saved._replace(dvalues=np.roll(saved.dvalues, 1, axis=1)))


@bug("valued_lm", rewarded_cases, "valued_lm_backward")
def values_not_learned(model, dloss, saved):
    right["valued_lm_backward"](model, dloss, saved._replace(dvalues=0 * saved.dvalues))
