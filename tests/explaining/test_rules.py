"""Each rule on a run made by hand: it fires where its cause is, and not on the near miss."""

import argparse
import dataclasses
import functools
import re

import numpy as np
import pytest

from minillm.cli import align, finetune, pretrain
from minillm.explaining import RULES, explanation_of, loss_rules
from minillm.explaining.course import Course
from minillm.explaining.evidence import Evidence, Moments
from minillm.explaining.texts import Measured, Texts, how_far_apart
from minillm.models import GPT, GPTConfig
from minillm.training import AdamW, Muon, TrainOptions
from minillm.training.record import State

CONFIG = GPTConfig(vocab_size=50, context=16, layers=1, heads=2, d_model=8)
OPTIONS = TrainOptions(steps=200, batch=8, lr=3e-3, warmup=20, eval_every=50)
NAMED = {rule.__name__: rule for rule in RULES}


def log(losses, validation, *, lr=3e-3, norm=0.5, steps=200, **more) -> list[dict]:
    """Losses evenly over the steps, and evaluations from step 0 to the end."""
    rows = [
        {"step": int(step), "loss": loss, "lr": lr, "grad_norm": norm} | more
        for step, loss in zip(np.linspace(1, steps, len(losses)), losses, strict=True)
    ]
    return rows + [
        {"step": int(step), "validation": loss}
        for step, loss in zip(np.linspace(0, steps, len(validation)), validation, strict=True)
    ]


def falling(first: float, last: float, count: int = 20) -> list[float]:
    """Fast at first, then level."""
    return (last + (first - last) * np.exp(-np.linspace(0, 7, count))).tolist()


def evidence(rows=None, options=None, settings=None, step=200, **more) -> Evidence:
    """A healthy run, but for what is given."""
    rows = log(falling(3.9, 1.5), falling(3.9, 1.6, 5)) if rows is None else rows
    best = min((row["validation"] for row in rows if "validation" in row), default=None)
    values = {"chance": 3.91, "unigram": 3.0, "config": CONFIG} | more
    return Evidence(
        Course.from_log(rows),
        dataclasses.replace(OPTIONS, **(options or {})),
        {"objective": "causal", "context": 16} | (settings or {}),
        State(step, 10.0, best, step, step),
        **values,
    )


def texts(count=10_000, copied=0.0, unknown=0.0, per_character=1.0, measured=None, apart=1.0) -> Texts:
    return Texts(count, copied, unknown, per_character, measured, apart)


def moments(**zero) -> dict[str, Moments]:
    """Of one block, 8 wide, with two heads and 32 units; `zero` names columns without a gradient, by the tensor's part."""
    shapes = {"query": (8, 8), "key": (8, 8), "value": (8, 8), "output": (8, 8), "expand": (8, 32)}
    found = {}
    for part, shape in shapes.items():
        place = "ffn" if part == "expand" else "attention"
        array = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        array[:, zero.get(part, slice(0, 0))] = 0
        found[f"blocks.0.{place}.{part}.weight"] = Moments(array, array**2)
    return found


EXAMPLES = {"settings": {"objective": "classification"}, "chance": 0.693, "unigram": 0.68}
RISING = [1.6 + 0.05 * i for i in range(5)]
STUCK = log(falling(3.9, 3.1), falling(3.9, 3.1, 5))
POST = {"config": dataclasses.replace(CONFIG, norm="post"), "options": {"warmup": 0}}
FIRES = {
    "diverged": evidence([*log([], [3.9]), {"step": 7, "diverged": "loss"}]),
    "constant_reward": evidence(log(falling(0.1, 0.0), [-1.0] * 3, frac_reward_zero_std=1.0, reward=1.0), chance=None),
    "answer_in_the_input": evidence(log(falling(3.9, 0.01), falling(3.9, 0.02, 5))),
    "shifted_too_far": evidence(texts=texts(measured=Measured({0: 5.0, 1: 4.0, 2: 2.0, 3: 4.0}, 3.5))),
    "softmax_twice": evidence(
        log(falling(3.9, 3.1), falling(3.9, 3.1, 5)),
        texts=texts(measured=Measured({0: 9.0, 1: 2.2, 2: 9.0, 3: 9.0}, 3.11)),
    ),
    "other_files": evidence(misfit="tokenizer.json knows 89 tokens, and the model 50."),
    "post_norm": evidence(STUCK, **POST),
    "other_text": evidence(log(falling(3.9, 1.5), falling(3.9, 2.5, 5)), texts=texts(apart=1.3)),
    "warmup_too_long": evidence(options={"warmup": 200}),
    "frozen": evidence(moments={"embedding.weight": Moments(np.zeros((2, 2)), np.zeros((2, 2)))} | moments()),
    "label_smoothing": evidence(options={"label_smoothing": 0.5}),
    "dropout": evidence(config=dataclasses.replace(CONFIG, dropout=0.8)),
    "weight_decay": evidence(options={"weight_decay": 30.0}),
    "clipped": evidence(options={"clip": 1e-7}),
    "unknown_tokens": evidence(texts=texts(unknown=0.3)),
    "rate_too_low": evidence(log(falling(3.9, 3.5), falling(3.9, 3.5, 5), lr=1e-5)),
    "rate_too_high": evidence(log([3.9, *falling(2.5, 3.1, 19)], [3.9, 3.2, 3.1])),
    "dead_heads": evidence(moments=moments(query=slice(0, 4))),
    "dead_units": evidence(moments=moments(expand=slice(0, 20))),
    "leak": evidence(texts=texts(copied=0.9)),
    "no_shuffling": evidence(log(falling(3.9, 0.1), RISING), texts=texts(count=8_000)),
    "labels_are_noise": evidence(log(falling(0.7, 0.1), [0.7, 0.75, 0.9]), **EXAMPLES),
    "text_too_small": evidence(log(falling(3.9, 0.1), RISING), texts=texts(count=1_000)),
    "no_warmup": evidence(log([3.9, 9.0, *falling(3.9, 1.5, 18)], falling(3.9, 1.6, 5)), options={"warmup": 0}),
    "stopped_early": evidence(step=120),
}
NEAR_MISSES = {
    "constant_reward": evidence(log(falling(0.1, 0.0), [-1.0] * 3, frac_reward_zero_std=0.5, reward=1.0), chance=None),
    "answer_in_the_input": evidence(log(falling(3.9, 0.4), falling(3.9, 0.5, 5))),
    "shifted_too_far": evidence(texts=texts(measured=Measured({0: 5.0, 1: 1.6, 2: 3.0, 3: 3.4}, 3.5))),
    "softmax_twice": evidence(
        log(falling(3.9, 3.1), falling(3.9, 3.1, 5)),
        texts=texts(measured=Measured({0: 9.0, 1: 3.1, 2: 9.0, 3: 9.0}, 3.2)),
    ),
    "other_files": evidence(texts=texts(measured=Measured({0: 5.0, 1: 1.7, 2: 3.0, 3: 3.4}, 3.5))),
    "post_norm": evidence(**POST),
    "other_text": evidence(texts=texts(apart=1.3)),
    "warmup_too_long": evidence(options={"warmup": 200, "lr": 2e-4}),
    "frozen": evidence(moments={"blocks.0.attention.key.bias": Moments(np.zeros(2), np.zeros(2))} | moments()),
    "label_smoothing": evidence(options={"label_smoothing": 0.1}),
    "dropout": evidence(config=dataclasses.replace(CONFIG, dropout=0.5)),
    "weight_decay": evidence(options={"weight_decay": 1.0}),
    "clipped": evidence(options={"clip": 0.01}),
    "unknown_tokens": evidence(texts=texts(unknown=0.01)),
    "rate_too_low": evidence(log(falling(3.9, 1.5), falling(3.9, 1.6, 5), lr=1e-5)),
    "rate_too_high": evidence(log([3.9, 4.5, *falling(3.9, 1.5, 18)], falling(3.9, 1.6, 5))),
    "dead_heads": evidence(moments=moments(query=slice(0, 3))),
    "dead_units": evidence(moments=moments(expand=slice(0, 10))),
    "leak": evidence(texts=texts(copied=0.6)),
    "no_shuffling": evidence(log(falling(3.9, 0.1), RISING), texts=texts(count=4_000)),
    "labels_are_noise": evidence(log(falling(0.7, 0.1), [0.7, 0.5, 0.6]), **EXAMPLES),
    "text_too_small": evidence(log(falling(3.9, 1.4), [3.9, 1.6, 1.65]), texts=texts(count=1_000)),
    "no_warmup": evidence(log([3.9, 9.0, *falling(3.9, 1.5, 18)], falling(3.9, 1.6, 5))),
    "stopped_early": evidence(),
}


def named(e: Evidence) -> str | None:
    finding = explanation_of(e).finding
    return None if finding is None else finding.name


def test_every_rule_has_a_run_on_which_it_fires():
    assert FIRES.keys() == NAMED.keys() and NEAR_MISSES.keys() == FIRES.keys() - {"diverged"}


@pytest.mark.parametrize("name", NAMED)
def test_it_fires_where_its_cause_is_and_is_the_one_that_is_named(name):
    assert named(FIRES[name]) == name


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_it_does_not_fire_on_the_near_miss(name):
    assert NAMED[name](NEAR_MISSES[name]) is None


@pytest.mark.parametrize("name", FIRES)
def test_what_stands_in_backticks_is_an_option(name):
    """On the command line `lr` is shown as --lr, and `targets` would be as --targets, which there is not."""
    finding = explanation_of(FIRES[name]).finding
    words = re.findall(r"`(\w+)`", " ".join((finding.cause, *finding.evidence, finding.remedy)))
    assert {"--" + word.replace("_", "-") for word in words} <= options_of_the_commands()


@functools.cache
def options_of_the_commands() -> set[str]:
    """Of those that train."""
    found: set[str] = set()
    for command in (pretrain, finetune, align):
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        found |= parser._option_string_actions.keys()
    return found


@pytest.mark.parametrize("name", FIRES)
def test_a_finding_has_its_numbers_and_a_remedy(name):
    finding = explanation_of(FIRES[name]).finding
    assert all(any(c.isdigit() for c in line) or "tensor" in line for line in finding.evidence)
    assert finding.remedy.endswith(".") and "nan" not in " ".join(finding.evidence)


def test_of_a_healthy_run_nothing_is_found_and_what_was_looked_at_is_said():
    found = explanation_of(evidence(moments=moments(), texts=texts()))
    assert found.finding is None
    assert "the moments of 5 tensors" in found.looked_at and "20 logged steps and 5 evaluations" in found.looked_at


@pytest.mark.parametrize("validation", [falling(0.7, 0.02, 5), [0.7, 0.20, 0.21]])
def test_a_low_training_loss_is_a_classifiers_success(validation):
    assert named(evidence(log(falling(0.7, 0.01), validation), **EXAMPLES)) is None


def test_a_classifier_that_learns_its_examples_by_heart():
    assert named(evidence(log(falling(0.7, 0.01), [0.7, 0.2, 0.4]), **EXAMPLES)) == "text_too_small"


def test_the_path_counts_the_steps_between_two_lines_of_the_log():
    assert Course.from_log(log(falling(3.9, 3.5), [], lr=1e-5)).path() == pytest.approx(200 * 1e-5)


def test_weights_that_lose_more_anew_are_not_those_of_the_log():
    again = {0: 5.0, 1: 2.1, 2: 3.0, 3: 3.4}
    assert named(evidence(texts=texts(measured=Measured(again, 3.5)))) == "other_files"


def test_a_layer_whose_units_are_all_dead_is_enough():
    """Of three layers the other two learn."""
    layers = {}
    for number, dead in enumerate((0, 32, 0)):
        own = moments(expand=slice(0, dead))
        layers |= {name.replace("blocks.0", f"blocks.{number}"): each for name, each in own.items()}
    (said,) = explanation_of(evidence(moments=layers)).finding.evidence
    assert said == "32 of the 32 units of blocks.1.ffn.expand.weight have had no gradient of late"


@pytest.mark.parametrize(("method", "name"), [("reward", None), ("dpo", "frozen")])
def test_what_moves_all_rewards_alike_cancels_in_a_reward_model(method, name):
    still = {"head.linear.bias": Moments(np.zeros(1), np.zeros(1))} | moments()
    assert named(evidence(moments=still, settings={"objective": "alignment", "method": method})) == name


TUNED = {"chance": 0.693, "unigram": None}


@pytest.mark.parametrize(("lr", "name"), [(1.0, "rate_too_high"), (3e-3, None)])
@pytest.mark.parametrize("objective", ["alignment", "classification"])
def test_a_rate_at_which_a_pretrained_model_forgets(objective, lr, name):
    rows = log([0.693, 0.7, 20.0, *falling(5.0, 0.5, 7)], [0.693, 9.0, 0.6])
    assert named(evidence(rows, options={"lr": lr}, settings={"objective": objective}, **TUNED)) == name


@pytest.mark.parametrize(("checkpoint", "name"), [(None, "rate_too_low"), ("t5", None)])
def test_a_model_that_learns_to_translate_from_nothing_needs_a_rate_as_in_pretraining(checkpoint, name):
    rows = log(falling(3.9, 3.5), falling(3.9, 3.5, 5), lr=1e-5)
    assert named(evidence(rows, settings={"objective": "sequence to sequence", "checkpoint": checkpoint})) == name


@pytest.mark.parametrize(("first", "name"), [(3.9, "no_shuffling"), (2.5, "text_too_small")])
def test_a_text_of_which_nothing_held_for_the_rest_was_not_drawn_at_random(first, name):
    """It was read 200 · 8 · 16 / 2000 = 13 times; whoever knows the frequencies has 3.0."""
    rows = log(falling(3.9, 0.1), [3.9, first, 4.5, 5.0])
    assert named(evidence(rows, texts=texts(count=2_000))) == name


def test_a_swing_within_a_batch_of_few_is_no_sign():
    losses = falling(0.7, 0.02)
    losses[-3] = 2.5
    assert not loss_rules.swings(evidence(log(losses, [0.7, 0.3, 0.2]), options={"batch": 1}, **EXAMPLES))


def test_how_far_the_end_of_a_text_is_from_the_rest():
    english, numbers = "the cat sat on the mat and saw a hat. " * 90, "3141592653 5897932384 " * 15
    assert how_far_apart(english, len(english) * 9 // 10) == pytest.approx(1, abs=0.02)
    assert how_far_apart(english + numbers, len(english)) > 1.5
    assert how_far_apart("a", 0) == how_far_apart("", 0) == 1


def test_batches_of_one_class_each_make_the_training_loss_swing():
    losses = falling(0.7, 0.02)
    losses[-3] = 2.5
    assert named(evidence(log(losses, [0.7, 1.2, 1.3]), **EXAMPLES)) == "no_shuffling"


@pytest.mark.parametrize(("last", "name"), [(1.4, "stopped_early"), (1.9, None)])
def test_a_loss_that_was_still_falling_fast_at_the_end_is_told(last, name):
    """From 3.9 the last quarter brought 0.6 of 2.5, or 0.1 of 2.0."""
    rows = log([3.9] + [2.5] * 9 + [2.0] * 5 + [last] * 5, [3.9, 2.5, last])
    assert named(evidence(rows)) == name


def test_a_repaired_text_is_mostly_copied():
    rows = log(falling(3.9, 0.01), falling(3.9, 0.02, 5))
    assert named(evidence(rows, settings={"objective": "denoise"})) is None


def test_a_block_that_is_frozen_is_not_dead():
    everything = dict.fromkeys(("query", "key", "value", "output", "expand"), slice(None))
    assert (
        named(evidence(moments=moments(**everything) | {"embedding.weight": Moments(*np.ones((2, 2, 2)))})) == "frozen"
    )


@pytest.mark.parametrize("optimizer", [AdamW, Muon])
def test_one_gradient_long_ago_tells_a_weight_from_a_frozen_one(optimizer):
    """Muon keeps no mean of a matrix's g². A mean of g shrinks with every step, and stops at the smallest number above zero."""
    model = GPT(GPTConfig(5, context=4, layers=1, heads=1, d_model=4))
    still, vector = model.blocks[0].attention.value.weight.name, model.vector
    steps = optimizer(vector)
    vector.grad[...] = 1e-3
    vector.grad[vector.slices[still]] = 0
    for _ in range(2500):
        steps.step(lr=0.0)
        vector.grad.fill(0)
    moments = {name: Moments(steps.first_moment[x], steps.second_moment[x]) for name, x in vector.slices.items()}
    (found,) = NAMED["frozen"](evidence(moments=moments)).evidence
    assert found == f"1 tensor of {len(moments)} never had a gradient: {still}"


def test_what_was_frozen_on_purpose_is_no_mistake():
    still = {"embedding.weight": Moments(np.zeros((2, 2)), np.zeros((2, 2)))} | moments()
    e = evidence(moments=still, settings={"objective": "classification", "freeze": 1})
    assert NAMED["frozen"](e) is None


def test_a_low_loss_that_the_weights_confirm_is_no_leak_of_the_answer():
    """A text of one sentence over and over can be guessed that well."""
    rows = log(falling(3.9, 0.01), falling(3.9, 0.02, 5))
    e = evidence(rows, texts=texts(measured=Measured({0: 9.0, 1: 0.02, 2: 9.0, 3: 9.0}, 3.0)))
    assert NAMED["answer_in_the_input"](e) is None


@pytest.mark.parametrize("rows", [[{"step": 0, "validation": 3.9}], [{"step": 1, "loss": 3.9}], log([], [3.9, 3.0])])
def test_a_log_of_a_few_lines_is_no_reason_for_alarm(rows):
    assert named(evidence(rows)) is None


def test_values_that_are_no_numbers_are_left_out():
    course = Course.from_log([{"step": 1, "loss": 2.0, "lr": "high", "grad_norm": None}])
    assert np.isnan(course.rates).all() and np.isnan(course.norms).all() and course.final == 2.0


def test_before_the_first_step_no_rate_is_to_blame():
    finding = explanation_of(evidence([{"step": 0, "diverged": "validation loss"}])).finding
    assert "no step was done" in finding.cause and "rate" not in " ".join((*finding.evidence, finding.remedy))
