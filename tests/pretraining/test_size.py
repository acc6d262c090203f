"""The size for a time: by a law that runs gave, from steps that were timed, and nothing that was named is chosen."""

import json
from pathlib import Path

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import GPTConfig
from minillm.pretraining import choose_size, pretrain, settings_for
from minillm.pretraining.scaling_law import fit_scaling_law
from minillm.pretraining.size import DROPOUT, LADDER, LAW, best_size, dropout_for, pace, sizes_of

TEXT = "The cat is on the table. The dog is under it, and sleeps.\n\n" * 60
RUNS = Path(__file__).parents[2] / "benchmarks" / "scaling.json"


def weights(layers: int, width: int) -> int:
    return 12 * layers * width**2


def at_one_rate(layers: int, width: int) -> float:
    """Seconds of a step of 768 tokens on a machine that does 5e10 operations a second, whatever the size."""
    return 6 * 768 * weights(layers, width) / 5e10


def test_the_law_is_the_one_that_the_kept_runs_give():
    runs = json.loads(RUNS.read_text(encoding="utf-8"))
    columns = zip(*((weights(2, run["width"]), run["tokens"], run["loss"]) for run in runs), strict=True)
    assert tuple(fit_scaling_law(*columns)) == pytest.approx(tuple(LAW), rel=1e-3)


@pytest.mark.parametrize("seconds", [6, 60, 1200, 72_000])
def test_no_rung_of_the_ladder_is_better_by_the_law(seconds):
    losses = {rung: LAW.loss(weights(*rung), 768 * seconds / at_one_rate(*rung)) for rung in LADDER}
    size = best_size(seconds, 768, at_one_rate)
    assert (size.layers, size.d_model) == min(losses, key=losses.get)
    assert (size.seconds, size.loss) == (at_one_rate(size.layers, size.d_model), min(losses.values()))


def test_more_time_is_for_larger_models_as_the_law_has_it():
    found = [weights(*best_size(seconds, 768, at_one_rate)[:2]) for seconds in (60, 600, 6000)]
    assert found == sorted(found) and found[0] < found[-1]
    exact = [LAW.best_size(5e10 * seconds)[0] for seconds in (60, 600, 6000)]
    np.testing.assert_allclose(found, exact, rtol=0.5)  # a rung is half as large again as the one below


def test_what_counts_is_the_time_of_a_step_and_not_its_operations():
    """Where all steps take the same, as on a processor that waits for something else, the largest model is the best."""
    size = best_size(60, 768, lambda layers, width: 0.01)
    assert (size.layers, size.d_model) == LADDER[-1]


def test_sizes_far_too_large_are_not_timed_and_one_slow_step_does_not_end_the_climb():
    timed = []

    def slow_once(layers, width):
        timed.append((layers, width))
        return at_one_rate(layers, width) * (10 if (layers, width) == (2, 48) else 1)

    size = best_size(60, 768, slow_once)
    best = LADDER.index((size.layers, size.d_model))
    assert best > LADDER.index((2, 48)) and timed == [*LADDER[: best + 3]]


def test_sizes_for_which_there_is_no_memory_are_not_timed():
    def up_to_4_layers(layers, width):
        if layers > 4:
            raise InputError("This needs more memory.", "")
        return 0.01

    assert best_size(60, 768, up_to_4_layers)[:2] == (4, 320)
    settings = settings_for(size="auto", minutes=1, batch=10**9, workers=1)
    with pytest.raises(InputError, match="memory"):
        choose_size(settings, TEXT)


def test_nothing_is_timed_for_a_text_that_is_too_short(monkeypatch):
    monkeypatch.setattr("minillm.pretraining.job.seconds_of_step", lambda *_: pytest.fail("a step was timed"))
    with pytest.raises(InputError, match="too short for a context of 5,000"):
        choose_size(settings_for(size="auto", minutes=1, context=5000, workers=1), TEXT)


def test_every_rung_is_a_model_and_larger_than_the_one_below():
    counts = [GPTConfig(vocab_size=65, **sizes_of(*rung)).parameter_count() for rung in LADDER]
    assert counts == sorted(counts)


@pytest.mark.parametrize("seconds", [60, 300, 1200])
@pytest.mark.parametrize("batches", [10, 145, 40_000])
def test_evaluations_take_about_a_tenth_of_the_time(seconds, batches):
    found = pace(seconds, 0.03, batches)
    read = batches if found.eval_batches is None else found.eval_batches
    times = -(-found.steps // found.eval_every)
    taken = times * (1 + 0.4 * 0.03 * read)
    assert 2 <= times <= 10 and taken <= 0.14 * seconds
    assert found.steps * 0.03 + taken == pytest.approx(seconds, rel=0.01)
    assert (found.eval_batches is None) == (batches < 40_000)


def test_dropout_is_for_a_model_larger_than_its_text_that_reads_it_more_than_four_times():
    assert dropout_for(parameters=2000, tokens=1000, read=4001) == DROPOUT > 0
    assert dropout_for(parameters=2000, tokens=1000, read=4000) == dropout_for(1000, tokens=1000, read=9000) == 0


def test_dropout_follows_from_the_text_and_the_time_and_is_told(monkeypatch):
    monkeypatch.setattr("minillm.pretraining.job.seconds_of_step", lambda *_: 0.01)
    long = choose_size(settings_for(size="auto", minutes=1, workers=1), TEXT)  # of 3,600 characters
    assert long.settings.sizes["dropout"] == DROPOUT and f"dropout {DROPOUT:g}:" in long.why
    short = choose_size(settings_for(size="auto", minutes=1e-3, workers=1), TEXT)
    assert not short.settings.sizes["dropout"] and "dropout" not in short.why
    named = choose_size(settings_for(size="auto", minutes=1, dropout=0.3, workers=1), TEXT)
    assert named.settings.sizes["dropout"] == 0.3


def test_what_is_named_is_not_chosen_and_all_else_is():
    settings = settings_for(size="auto", minutes=0.01, context=16, lr=0.02, eval_every=7, workers=1)
    chosen, why = choose_size(settings, TEXT)
    assert (chosen.options.lr, chosen.options.eval_every, chosen.task.context) == (0.02, 7, 16)
    assert (chosen.sizes["layers"], chosen.sizes["d_model"]) in LADDER and not chosen.to_choose
    assert f"{chosen.sizes['layers']} layers of {chosen.sizes['d_model']}, learning rate 0.02" in why


def test_a_program_names_it_as_the_command_line_does():
    model, _ = pretrain(TEXT, size="auto", minutes=0.005, context=16, workers=1, progress=False)
    assert (model.config.layers, model.config.d_model) in LADDER


@pytest.mark.parametrize(
    "named, wrong",
    [
        ({}, "none is named"),
        ({"steps": 10}, "none is named"),
        ({"minutes": 1, "d_model": 64}, "`d_model` names it"),
        ({"minutes": 1, "preset": "laptop"}, "`preset` names it"),
        ({"minutes": 1, "kv_heads": 1}, "`kv_heads` names it"),
        ({"minutes": 1, "objective": "masked"}, "no size for masked"),
        ({"minutes": 1, "preference": "mle"}, "no size for mle"),
        ({"minutes": 1, "size": "large"}, "no size 'large'"),
    ],
    ids=str,
)
def test_a_size_that_cannot_be_chosen_is_refused(named, wrong):
    with pytest.raises(InputError, match=wrong):
        settings_for(**{"size": "auto"} | named)
