"""How fast this machine is: matrix products, and steps of `pretrain` with its default preset."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minillm.models import GPT, GPTConfig
from minillm.pretraining.presets import DEFAULT, PRESETS
from minillm.pretraining.task import SIZES
from minillm.text import Corpus
from minillm.training import Trainer, TrainOptions, default_workers


class Speed(NamedTuple):
    """Operations a second in matrix products; tokens a second in training the default model; how long its whole run would take."""

    flops: float
    tokens: float
    steps: int  # of the default run
    seconds: float


def measure_speed(seconds: float = 1.5) -> Speed:
    """Matrix products, then training steps on random tokens, for so many seconds each."""
    rows, columns = 768, 512
    a = np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)
    b = np.ascontiguousarray(a.T)
    product = median_time(lambda: a @ b, seconds)
    preset = PRESETS[DEFAULT]
    config = GPTConfig(vocab_size=100, **{name: preset[name] for name in SIZES if name in preset})
    ids = np.random.default_rng(0).integers(config.vocab_size, size=20 * (config.context + 1))
    options = TrainOptions(batch=preset["batch"], workers=default_workers(preset["batch"]))
    step = median_time(Trainer(GPT(config), Corpus(ids, config.context), options).step, seconds)
    tokens = preset["batch"] * config.context
    return Speed(2 * rows * rows * columns / product, tokens / step, preset["steps"], preset["steps"] * step)


def median_time(work: Callable[[], object], seconds: float) -> float:
    """Median seconds of one call, over at least `seconds`; a first call warms caches up."""
    work()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or not times:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
