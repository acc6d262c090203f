"""A policy learns from rewards of its own answers: its batches, its loss, and that the rewarded becomes likelier, within a budget."""

import itertools

import numpy as np
import pytest

from minillm.alignment import PolicyBatch, PolicyData, PolicyTrainer, evaluate_policy, prompts_from
from minillm.alignment.policy_loss import LOSSES, policy_loss
from minillm.models import GPTWithValue
from minillm.ops import IGNORE, kl_divergence
from minillm.preferences import Reward
from minillm.text import WordPieceTokenizer
from minillm.training import TrainOptions
from minillm.training.run import state_arrays
from tests.alignment.conftest import make_gpt
from tests.alignment.rewards import LIKES_A, TEXT
from tests.scripted import scripted_gpt


def data_for(model, tokenizer, method="grpo", **choices):
    prompts = prompts_from(TEXT, tokenizer, 3)
    return PolicyData(model, tokenizer, prompts, LIKES_A, method, **{"tokens": 6, "group": 4} | choices)


def trainer_for(method, tokenizer, *, updates=1, steps=25, seed=0, **choices):
    body = make_gpt(np.float32)
    model = GPTWithValue(body) if method == "ppo" else body
    options = TrainOptions(steps=steps, batch=32, lr=2e-2, warmup=0, eval_every=steps, weight_decay=0.0, seed=seed)
    return PolicyTrainer(
        model, data_for(model, tokenizer, method), options, method, make_gpt(np.float32), updates=updates, **choices
    )


def test_a_sample_is_shown_as_it_stands_after_its_prompt():
    """With pieces of words: the first of an answer may be the end of the prompt's last word."""
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "he", "is", "run", "##ning", "on"])
    model = scripted_gpt(tokenizer.vocab_size, [8, 9], after=3)
    model.head.weight.data *= 100  # no chance is left
    data = PolicyData(model, tokenizer, np.array([tokenizer.encode("he is run")] * 4), LIKES_A, "grpo", tokens=2)
    assert evaluate_policy(model, model, data).sample == "ning on"


@pytest.mark.parametrize("method", ["reinforce", "grpo", "ppo"])
def test_a_batch(method, tokenizer):
    model = make_gpt()
    model = GPTWithValue(model) if method == "ppo" else model
    data = data_for(model, tokenizer, method)
    batch = data.batch(np.random.default_rng(1), 16)
    scored = batch.targets != IGNORE
    assert len(batch.inputs) == 16 and all(array.shape == batch.inputs.shape for array in batch)
    for group in batch.inputs.reshape(4, 4, -1):
        assert (group[:, :3] == group[0, :3]).all(), "four answers to one prompt"
    assert not scored[:, :2].any() and scored[:, 2].all(), (
        "the first guess that counts is that of the answer's first token"
    )
    assert (batch.old_logp[scored] < 0).all() and not batch.old_logp[~scored].any()
    assert not batch.advantages[~scored].any()
    if method != "ppo":
        means = (batch.advantages * scored).sum(axis=1) / scored.sum(axis=1)
        np.testing.assert_allclose(means.reshape(4, 4).sum(axis=1), 0, atol=1e-6)
    again = data.batch(np.random.default_rng(1), 16)
    np.testing.assert_array_equal(again.inputs, batch.inputs)


@pytest.mark.parametrize(("method", "updates"), [("reinforce", 1), ("grpo", 2), ("ppo", 3)])
def test_it_learns_to_write_what_is_rewarded(method, updates, tokenizer):
    trainer = trainer_for(method, tokenizer, updates=updates)
    reports = []
    for progress in trainer.run():
        if progress.validation is not None:
            reports.append(trainer.report)
            assert progress.validation == pytest.approx(-trainer.report.reward, abs=1e-12)
    assert reports[0].kl == pytest.approx(0, abs=1e-6) and reports[-1].kl > 0.5
    assert reports[-1].reward > reports[0].reward + 0.3
    assert trainer.optimizer.steps == 25 * updates


def test_a_step_tells_its_mean_reward_and_which_groups_are_without_spread(tokenizer):
    """Here every second group is: its answers all have the reward 1, whatever they say."""
    trainer = trainer_for("grpo", tokenizer, steps=1)
    trainer.data.reward = Reward("half", lambda texts: np.resize([1, 1, 1, 1, 0, 1, 0, 1], len(texts)))
    told = [progress for progress in trainer.run() if progress.loss is not None]
    assert [(p.reward, p.frac_reward_zero_std) for p in told] == [(0.75, 0.5)]
    assert trainer.describe_groups().startswith("4 of 8 groups of answers")
    assert trainer.describe_groups() is None, "they are told of once"


def test_a_constant_reward_teaches_nothing(tokenizer):
    trainer = trainer_for("grpo", tokenizer, steps=2)
    trainer.data.reward = Reward("constant", lambda texts: np.full(len(texts), 0.3))
    told = [progress for progress in trainer.run() if progress.loss is not None]
    assert [p.frac_reward_zero_std for p in told] == [1.0] * len(told)
    np.testing.assert_array_equal(trainer.model.vector.data, make_gpt(np.float32).vector.data)


def test_a_clip_of_zero_does_not_clip(tokenizer):
    lengths = []
    for clip in (1e9, 0.0):
        trainer = trainer_for("grpo", tokenizer, steps=1)
        trainer.options = TrainOptions(**trainer.options.to_dict() | {"clip": clip, "log_every": 1})
        trainer.step()
        lengths.append(float(np.linalg.norm(trainer.model.vector.grad)))
    assert lengths[0] == lengths[1] > 1e-3


def state_of(trainer):
    return [array.copy() for array in state_arrays(trainer).values()] + [trainer.optimizer.steps, trainer.steps_done]


@pytest.mark.parametrize("method", ["grpo", "ppo"])
@pytest.mark.parametrize("asked", range(1, 8))
def test_a_round_that_is_stopped_is_undone_and_made_again(method, asked, tokenizer):
    whole = trainer_for(method, tokenizer, updates=3, steps=2)
    for _ in whole.run():
        pass
    trainer, count = trainer_for(method, tokenizer, updates=3, steps=2), itertools.count(1)
    steps = [progress.step for progress in trainer.run(stop=lambda: next(count) >= asked)]
    between = trainer_for(method, tokenizer, updates=3, steps=2)
    for _ in between.run(until=trainer.steps_done):
        pass
    for array, same in zip(state_of(trainer), state_of(between), strict=True):
        np.testing.assert_array_equal(array, same)
    assert len(steps) == trainer.steps_done + 1 + trainer.finished(), "evaluations, and the rounds that were ended"
    for _ in trainer.run():
        pass
    for array, same in zip(state_of(trainer), state_of(whole), strict=True):
        np.testing.assert_array_equal(array, same)


def test_a_round_of_endless_updates_can_be_stopped(tokenizer):
    trainer, count = trainer_for("grpo", tokenizer, updates=10**9), itertools.count()
    assert [progress.step for progress in trainer.run(stop=lambda: next(count) == 5)] == [0]
    assert trainer.steps_done == 0


def test_a_weight_on_the_kl_holds_it_back(tokenizer):
    free, held = trainer_for("grpo", tokenizer), trainer_for("grpo", tokenizer, kl_weight=3.0)
    for trainer in (free, held):
        list(trainer.run())
    assert held.report.kl < 0.3 * free.report.kl


def test_a_budget_ends_it_and_what_is_outside_is_not_best(tokenizer):
    trainer = trainer_for("grpo", tokenizer, steps=40, kl_budget=0.5)
    trainer.options = TrainOptions(**trainer.options.to_dict() | {"eval_every": 2})
    evaluations = [(trainer.report, p) for p in trainer.run() if p.validation is not None]
    seen = [(report.kl, progress.best) for report, progress in evaluations]
    assert trainer.steps_done < 40 and seen[-1][0] > 0.5 and not seen[-1][1]
    assert all(kl <= 0.5 for kl, _ in seen[:-1]) and trainer.best_step > 0
    assert [progress.validation for _, progress in evaluations] == [-report.reward for report, _ in evaluations]
    assert evaluations[-1][1].validation < trainer.best_loss, "the lowest, and yet not the best"


def test_the_reference_stays_as_it_is(tokenizer):
    trainer = trainer_for("ppo", tokenizer, updates=2, steps=3)
    before = trainer.reference.vector.data.copy()
    list(trainer.run())
    np.testing.assert_array_equal(trainer.reference.vector.data, before)
    assert not trainer.reference.vector.grad.any()


@pytest.mark.parametrize("method", LOSSES)
def test_the_loss_has_the_mean_kl_of_the_answers_tokens_alone(method):
    """Prompts and padding have a KL too, which is nobody's business."""
    model, reference = make_gpt(), make_gpt(seed=9)
    ids = np.array([[1, 2, 3, 4, 0, 0], [5, 6, 7, 8, 9, 10]])
    targets = np.array([[IGNORE, 3, 4, 5, IGNORE, IGNORE], [IGNORE, IGNORE, 8, 9, 10, 1]])
    zeros = np.zeros(ids.shape)
    batch = PolicyBatch(ids, old_logp=zeros, advantages=zeros, old_values=zeros, returns=zeros, targets=targets)

    def loss(kl_weight):
        options = {"reference": reference, "loss_fn": LOSSES[method], "kl_weight": kl_weight}
        return policy_loss(model, **batch._asdict(), **options)[0]

    kl = kl_divergence(model.forward(ids)[0], reference.forward(ids)[0])[0]
    assert loss(0.7) - loss(0.0) == pytest.approx(0.7 * kl[targets != IGNORE].mean(), rel=1e-9)


def test_the_kl_is_that_of_the_answers(gpt, tokenizer):
    other = make_gpt(seed=9)
    data = data_for(gpt, tokenizer)
    report = evaluate_policy(gpt, other, data, most=200)
    prompts = np.resize(data.held_out, (200, 3))
    rollout = data.roll_out(prompts, 0)
    from minillm.alignment.offline import log_probabilities
    from minillm.alignment.pairs import answers_of

    answers = answers_of(rollout.prompts, rollout.answers)
    # k1, of which the KL is the expectation
    estimates = log_probabilities(gpt, answers) - log_probabilities(other, answers)
    error = estimates.std() / np.sqrt(200)
    assert abs(report.kl - estimates.mean()) < 5 * error + 1e-6
