"""Pretraining from a program: the same settings, the same models and the same records as the command line's."""

import dataclasses

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import GPT, GPTConfig, MaskedLM, Transformer
from minillm.pretraining import OBJECTIVES, PREFERENCES, PRESETS, prepare, pretrain, settings_for, task_from_record
from minillm.training import Trainer

TEXT = "The cat is on the table. The dog is under it, and sleeps.\n\n" * 60
TINY = {"preset": "tiny", "layers": 1, "d_model": 16, "heads": 2, "context": 24, "batch": 4, "workers": 1, "merges": 20}
TINY_CHAR = {name: value for name, value in TINY.items() if name != "merges"}


def sizes(objective: str) -> dict:
    return TINY_CHAR if objective == "causal" else TINY


@pytest.mark.parametrize(
    "objective, kind", [("causal", GPT), ("masked", MaskedLM), ("denoise", Transformer), ("span", Transformer)]
)
def test_a_model_is_pretrained_on_a_text_and_says_what_it_makes_of_a_few_words(objective, kind):
    model, tokenizer = pretrain(TEXT, objective=objective, steps=2, eval_every=2, progress=False, **sizes(objective))
    assert isinstance(model, kind)
    sample = OBJECTIVES[objective](context=24).sample(model, tokenizer, "The cat is on", seed=0)
    assert "The" in sample


@pytest.mark.parametrize("preference", PREFERENCES)
def test_a_preference_is_learned_and_leaves_a_plain_gpt(preference):
    text = "x = 1\ny = 2\n\na=1\nb=2\n\n" * 40
    model, _ = pretrain(text, preference=preference, steps=2, eval_every=2, progress=False, **TINY_CHAR)
    assert isinstance(model, GPT)


def test_the_weights_are_those_of_the_lowest_validation_loss():
    settings = settings_for(steps=6, eval_every=1, lr=0.5, **TINY_CHAR)  # a rate at which the loss goes up again
    model, data, _ = prepare(settings, TEXT)
    trainer, losses, best = Trainer(model, data, settings.options), [], None
    for progress in trainer.run():
        if progress.validation is not None:
            losses.append(progress.validation)
        if progress.best:
            best = model.vector.data.copy()
    assert min(losses) < losses[-1]
    again, _ = pretrain(TEXT, steps=6, eval_every=1, lr=0.5, progress=False, **TINY_CHAR)
    assert np.array_equal(again.vector.data, best)


@pytest.mark.parametrize("task", [*OBJECTIVES.values(), *PREFERENCES.values()], ids=lambda task: task.name)
def test_what_a_run_remembers_makes_the_same_objective(task):
    made = task(context=48)
    assert task_from_record(made.record()) == made


@pytest.mark.parametrize("task", [*OBJECTIVES.values(), *PREFERENCES.values()], ids=lambda task: task.name)
def test_a_record_with_a_value_of_another_type_is_refused(task):
    record = task(context=48).record()
    for name in record:
        for value in ([], {}, -(10**400), "no" if name not in ("noise", "reward", "reward_sha256") else 0):
            with pytest.raises(InputError):
                task_from_record(record | {name: value})


def test_a_record_with_an_unknown_setting_is_refused():
    with pytest.raises(InputError, match="has no setting `noise`"):
        task_from_record(OBJECTIVES["masked"](context=8).record() | {"noise": "mask"})


def test_a_record_from_before_a_setting_was_written_takes_the_usual_value():
    assert task_from_record({"objective": "masked", "context": 32, "whole_words": False}).rate == 0.15


def test_a_setting_named_wins_over_the_objective_and_the_objective_over_the_preset():
    assert settings_for().options.lr == PRESETS["laptop"]["lr"]
    assert settings_for("denoise").options.lr == OBJECTIVES["denoise"].laptop["lr"]
    assert settings_for("denoise", lr=0.25).options.lr == 0.25
    assert settings_for("denoise", preset="tiny").options.lr == PRESETS["tiny"]["lr"]


@pytest.mark.parametrize(
    "named, wrong",
    [
        ({"layer": 3}, "no setting 'layer'"),
        ({"rate": 0.2}, "`rate` means nothing to the objective causal"),
        ({"objective": "masked", "beta": 0.2}, "`beta` means nothing to the objective masked"),
        ({"preference": "mle", "alpha": 0.2}, "`alpha` means nothing to the preference mle"),
        ({"preference": "rwr", "label_smoothing": 0.1}, "smooths no labels"),
        ({"preference": "rwr", "beta": -1.0}, "`beta` must lie in"),
        ({"preference": "mle", "objective": "masked"}, "does something else"),
        ({"objective": "mask"}, "no objective 'mask'"),
        ({"preset": "huge"}, "no preset 'huge'"),
        ({"tokenizer": "words"}, "no tokenizer 'words'"),
        ({"merges": 10}, "`merges` is for the bpe tokenizer only"),
        ({"tokenizer": "bpe", "merges": -1}, "-1 merges"),
        ({"objective": "masked", "bias": False}, "An encoder has no bias"),
        ({"objective": "denoise", "positions": "learned"}, "positions are sinusoidal"),
        ({"heads": 3}, "heads"),
    ],
)
def test_settings_that_mean_nothing_are_refused_before_a_text_is_read(named, wrong):
    with pytest.raises(InputError, match=wrong):
        settings_for(**named)


def test_every_size_of_a_gpt_is_a_setting():
    sizes = {field.name for field in dataclasses.fields(GPTConfig)} - {"vocab_size"}
    assert settings_for(**{name: getattr(GPTConfig(1), name) for name in sizes}).sizes.keys() == sizes


def test_a_program_may_name_a_python_file_of_its_own_as_the_reward(tmp_path):
    (tmp_path / "mine.py").write_text(
        "def score(lines):\n    return [-len(line) for line in lines]\n", encoding="utf-8"
    )
    task = settings_for(preference="mle", reward=f"{tmp_path / 'mine.py'}:score").task
    assert list(task.reward(["ab", ""])) == [-2, 0]
    again = task_from_record(task.record())
    assert isinstance(again.reward, str), "what stands in a file of a run is never run"
