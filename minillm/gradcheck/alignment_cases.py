"""Gradient checks of learning from preferences after pretraining, each objective on top of a whole tiny model: every parameter."""

from functools import partial

import numpy as np

from minillm.alignment.offline import offline_objective
from minillm.alignment.policy_loss import LOSSES, policy_loss, policy_loss_backward
from minillm.alignment.reward_model import reward_model_loss, reward_model_loss_backward
from minillm.gradcheck.cases import LayerCase, case
from minillm.gradcheck.model_cases import tiny_gpt
from minillm.layers.gradcheck import randomize
from minillm.models import GPT, ClassifierConfig, GPTWithValue, SequenceClassifier, copy_parameters
from minillm.ops import IGNORE

N = IGNORE
# B = 2 pairs and, for KTO, a third row; T = 5. Prompts of 1 and 2 tokens, padding on the right, a repeated token
PAIR_IDS = np.array(
    [[[3, 1, 3, 9, 0], [3, 7, 7, 0, 0], [3, 2, 2, 10, 0]], [[7, 3, 2, 2, 10], [7, 3, 4, 0, 0], [7, 3, 1, 3, 9]]]
)
PAIR_TARGETS = np.array(
    [[[1, 3, 9, N, N], [7, 7, N, N, N], [2, 2, 10, N, N]], [[N, 2, 2, 10, 5], [N, 4, 6, N, N], [N, 1, 3, 9, N]]]
)
PAIR_MASK = np.array([[[1, 1, 1, 1, 0], [1, 1, 1, 0, 0]], [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]], bool)


def pair_case(rng: np.random.Generator, method: str, **options) -> LayerCase:
    model, objective = tiny_gpt(rng, layers=1), offline_objective(method, **options)
    rows = 3 if objective.measure else 2
    constants = {"reference": rng.normal(-8, 2, (2, rows))}
    if objective.measure:
        constants["measured"] = np.array([[-7.0, -8.5], [-9.0, -9.2]])  # from which KTO's KL is 0.85

    def forward(ids, *, reference, **measured):
        return objective.forward(model, ids, PAIR_TARGETS[:, :rows], reference, **measured)

    pair = {"forward": forward, "backward": partial(objective.backward, model)}
    return LayerCase(model, (PAIR_IDS[:, :rows],), pair | constants)


@case("pair_lm:dpo")
def _(rng):
    return pair_case(rng, "dpo", beta=0.3, label_smoothing=0.2)


@case("pair_lm:kto")
def _(rng):
    return pair_case(rng, "kto", beta=0.2)


@case("pair_lm:simpo")
def _(rng):
    return pair_case(rng, "simpo", beta=1.5, gamma=0.5)


@case("pair_lm:orpo")
def _(rng):
    return pair_case(rng, "orpo", beta=0.4)


@case("reward_model")
def _(rng):
    body = tiny_gpt(rng, layers=1).config
    model = randomize(SequenceClassifier(ClassifierConfig(body, 1), dtype=np.float64), rng)

    def forward(ids):
        return reward_model_loss(model, ids, PAIR_MASK)

    return LayerCase(
        model, (PAIR_IDS[:, :2],), {"forward": forward, "backward": partial(reward_model_loss_backward, model)}
    )


POLICY_IDS = np.array([[3, 1, 3, 9, 0], [7, 3, 2, 2, 10], [7, 3, 4, 0, 0], [3, 5, 5, 1, 0]])
POLICY_TARGETS = np.array([[N, 3, 9, 2, N], [N, 2, 2, 10, 5], [N, 4, 6, N, N], [N, 5, 1, 1, N]])


def policy_case(rng: np.random.Generator, method: str, *, valued: bool = False) -> LayerCase:
    model, reference = tiny_gpt(rng, layers=1), tiny_gpt(rng, layers=1)
    if valued:
        model = randomize(GPTWithValue(model), rng)
    shape = POLICY_IDS.shape
    advantages = rng.normal(0, 1, (shape[0], 1 if method != "ppo" else shape[1])) * np.ones(shape)
    constants = {
        "old_logp": rng.normal(-2.5, 0.1, shape),
        "advantages": advantages,
        "old_values": rng.normal(0, 0.1, shape),
        "returns": rng.normal(0, 2, shape),
    }

    def forward(ids, **constants):
        beside = GPT(reference.config, seed=None, dtype=model.vector.dtype.type, device=model.vector.device)
        copy_parameters(reference, beside)
        options = {"reference": beside, "loss_fn": LOSSES[method], "kl_weight": 0.3}
        return policy_loss(model, inputs=ids, targets=POLICY_TARGETS, **constants, **options)

    pair = {"forward": forward, "backward": partial(policy_loss_backward, model)}
    return LayerCase(model, (POLICY_IDS,), pair | constants)


@case("policy_loss:reinforce")
def _(rng):
    return policy_case(rng, "reinforce")


@case("policy_loss:grpo")
def _(rng):
    return policy_case(rng, "grpo")


@case("policy_loss:ppo")
def _(rng):
    return policy_case(rng, "ppo", valued=True)
