"""What follows from what is said, and what is chosen where nothing is."""

from minillm.finetuning.defaults import completed
from minillm.finetuning.pairs.model import settings_for_pairs
from minillm.models import GPTConfig
from minillm.training import TrainOptions

USUAL = {"epochs": 4, "batch": 32, "lr": 1e-3}


def test_a_run_is_evaluated_eight_times_and_one_by_the_clock_as_often_as_any_other():
    body = GPTConfig(vocab_size=9)
    assert completed(USUAL, body, {"texts": 6400})["eval_every"] == 100
    assert completed(USUAL, body, {"texts": 640, "minutes": 60})["eval_every"] == TrainOptions.eval_every
    assert settings_for_pairs(None, 640, {})["eval_every"] == 250
    assert settings_for_pairs(None, 640, {"steps": 80})["eval_every"] == 10
    by_clock = settings_for_pairs(None, 64, {"epochs": 1, "minutes": 60})
    assert by_clock["eval_every"] == TrainOptions.eval_every


def test_few_texts_are_read_for_a_hundred_steps_unless_something_else_is_said():
    body = GPTConfig(vocab_size=9)
    assert completed(USUAL, body, {"texts": 64})["steps"] == 100
    assert completed(USUAL, body, {"texts": 6400})["steps"] == 800
    assert completed(USUAL, body, {"texts": 64, "epochs": 4})["steps"] == 8
    assert completed(USUAL, body, {"texts": 64, "steps": 3})["steps"] == 3
