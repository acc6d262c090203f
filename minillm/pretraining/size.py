"""The size for a time: which GPT learns most from a text in so many minutes on this machine.

A larger model learns more from each token, and reads fewer of them in the time. A scaling law weighs one against the other,

    loss(N, D) = E + A / N^a + B / D^b        N: weights in the matrices of the blocks, 12 L D_model²; D: tokens read

with the constants that the runs in benchmarks/scaling.json give (Hoffmann et al. 2022, approach 3). E is the text's, and the same for all
sizes. D is the time over the seconds of a step, which are measured: operations alone would mislead, since small matrices are multiplied at
half the rate of large ones, and the head for a large vocabulary may cost more than the blocks.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minillm.backend import CPU, Device
from minillm.errors import InputError
from minillm.models import GPT, GPTConfig
from minillm.pretraining.scaling_law import ScalingLaw
from minillm.text import Corpus
from minillm.training import Trainer, TrainOptions
from minillm.training.cost import median_time

LAW = ScalingLaw(floor=1.111, A=9.795, a=0.3697, B=108.7, b=0.4413)

# Layers and width: from rung to rung about half as many weights again. Heads are 32 wide, as in the preset `laptop`.
LADDER = (
    (2, 32), (2, 48), (2, 64), (2, 80), (2, 96), (2, 128), (2, 160), (2, 192), (3, 192), (3, 256), (4, 256), (4, 320), (5, 384), (6, 384),
    (6, 512), (8, 512), (8, 640), (12, 640), (12, 768), (16, 1024),
)  # fmt: skip
HEAD = 32
RATE = 0.5  # learning rate times width
TIMES, DROPOUT = 4, 0.1  # see `dropout_for`
EVALUATING = 0.1  # share of the time for evaluations
EVALUATIONS = (2, 10)  # at least and at most, besides the first


class Size(NamedTuple):
    """A rung of the ladder, the seconds of its step, and the loss that the law foretells for the end of the time."""

    layers: int
    d_model: int
    seconds: float
    loss: float


def sizes_of(layers: int, width: int) -> dict:
    return {"layers": layers, "d_model": width, "heads": max(1, width // HEAD)}


def best_size(seconds: float, tokens: int, time_step: Callable[[int, int], float]) -> Size:
    """The size of the least loss after so many seconds, by the law. `tokens` are those of a step, which takes `time_step(layers, d_model)`.

    The loss falls along the ladder, and then rises: the climb ends with the second rung in a row that is no better. It also ends before a
    rung for which `time_step` raises InputError, since there is no memory for it.
    """
    best, worse = None, 0
    for layers, width in LADDER:
        try:
            step = time_step(layers, width)
        except InputError:
            if best is None:
                raise
            break
        size = Size(layers, width, step, LAW.loss(12 * layers * width**2, tokens * seconds / step))
        if best is None or size.loss < best.loss:
            best, worse = size, 0
        elif worse:
            break
        else:
            worse = 1
    return best


def seconds_of_step(config: GPTConfig, options: TrainOptions, device: Device = CPU) -> float:
    """What a step of such a model takes here: the median over a tenth of a second, on random tokens, of one worker with its share."""
    ids = np.random.default_rng(0).integers(config.vocab_size, size=20 * (config.context + 1))
    share = -(-options.batch // options.workers)
    # A GPU is waited for in steps that are logged.
    options = dataclasses.replace(options, batch=share, workers=1, minutes=None, log_every=1)
    return median_time(Trainer(GPT(config, device=device), Corpus(ids, config.context), options).step, 0.1)


def dropout_for(parameters: int, tokens: int, read: int) -> float:
    """How much is dropped where a model could learn its text by heart: it has more parameters than the text has tokens, and reads it more
    than four times. Up to there a text that is read again teaches about as much as a new one (Muennighoff et al. 2023).
    """
    return DROPOUT if parameters > tokens and read > TIMES * tokens else 0.0


class Pace(NamedTuple):
    """About how many steps the time is for, and when the model is evaluated on how many batches (None: all there are)."""

    steps: int
    eval_every: int
    eval_batches: int | None


def pace(seconds: float, step: float, batches: int) -> Pace:
    """A tenth of the time goes into evaluations of at most so many batches, each two fifths of a step: as many as it pays for, 2 to 10.

    Each costs a second besides, for a sample and a checkpoint. The one at the end comes after the time.
    """
    most = max(1, int(EVALUATING * seconds / EVALUATIONS[0] / (0.4 * step)))
    evaluation = 1 + 0.4 * step * min(most, batches)
    times = max(EVALUATIONS[0], min(EVALUATIONS[1], int(EVALUATING * seconds / evaluation)))
    steps = max(times, int((seconds - times * evaluation) / step))
    return Pace(steps, -(-steps // times), most if most < batches else None)
