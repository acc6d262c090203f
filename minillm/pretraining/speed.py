"""How fast this machine is: matrix products, and steps of `pretrain` with its default preset."""

from typing import NamedTuple

import numpy as np

from minillm.models import GPT, GPTConfig
from minillm.pretraining.presets import DEFAULT, PRESETS
from minillm.pretraining.task import SIZES
from minillm.text import Corpus
from minillm.training import Trainer, TrainOptions, default_workers
from minillm.training.cost import Rates, measure_rates, median_time


class Speed(NamedTuple):
    """The machine's rates; tokens a second in training the default model; how long its whole run would take."""

    rates: Rates
    tokens: float
    steps: int  # of the default run
    seconds: float


def measure_speed(seconds: float = 1.5) -> Speed:
    """The rates, then training steps on random tokens, for so many seconds each."""
    rates = measure_rates(seconds / 2)
    preset = PRESETS[DEFAULT]
    config = GPTConfig(vocab_size=100, **{name: preset[name] for name in SIZES if name in preset})
    ids = np.random.default_rng(0).integers(config.vocab_size, size=20 * (config.context + 1))
    options = TrainOptions(batch=preset["batch"], workers=default_workers(preset["batch"]))
    step = median_time(Trainer(GPT(config), Corpus(ids, config.context), options).step, seconds)
    tokens = preset["batch"] * config.context
    return Speed(rates, tokens / step, preset["steps"], preset["steps"] * step)
