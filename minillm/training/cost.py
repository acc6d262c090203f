"""What a training step of a GPT costs: operations, bytes that are moved, and from both its time on a machine of known speed."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minillm.models import GPTConfig
from minillm.training.options import TrainOptions


class Rates(NamedTuple):
    """How fast a machine is, both a second."""

    flops: float  # operations in matrix products
    bytes: float  # read and written by passes over whole arrays


class StepCost(NamedTuple):
    """flops: operations of all matrix products. bytes: what all other passes over arrays read and write, in float32."""

    flops: int
    bytes: int

    def seconds(self, rates: Rates) -> float:
        """The time of a step that multiplies and moves at these rates, and does nothing else: Python's own time comes on top."""
        return self.flops / rates.flops + self.bytes / rates.bytes


def step_cost(config: GPTConfig, options: TrainOptions) -> StepCost:
    """A whole step: forward, backward, clipping and AdamW.

    The operations are 6 for each weight and token, and attention's. What NumPy's passes move was counted, pass by pass: a block moves
    some 50 numbers for each of the F inside its feed-forward layer (GELU, its bias, and their backward), 100 for each of the D
    (LayerNorms, residuals, biases) and 20 for each attention weight (the softmax); what is outside of the blocks, 35 for each of the
    D and 12 for each score of a token; AdamW, clipping and adding up gradients, 40 for each parameter.
    """
    tokens = options.batch * options.accumulate * config.context
    block = 50 * config.d_ff + 100 * config.d_model + 20 * config.heads * config.context
    numbers = tokens * (config.layers * block + 35 * config.d_model + 12 * config.vocab_size)
    return StepCost(tokens * config.flops_per_token(), 4 * (numbers + 40 * config.parameter_count()))


def measure_rates(seconds: float = 0.5) -> Rates:
    """The rates of this machine: a matrix product, and a sum of two arrays of a megabyte each, for so many seconds each."""
    rows, columns = 768, 512
    a = np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)
    b = np.ascontiguousarray(a.T)
    x = np.ones(2**18, np.float32)
    product, total = median_time(lambda: a @ b, seconds), median_time(lambda: x + x, seconds)
    return Rates(2 * rows * rows * columns / product, 3 * x.nbytes / total)


def median_time(work: Callable[[], object], seconds: float) -> float:
    """Median seconds of one call, over at least `seconds`; a first call warms caches up."""
    work()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or not times:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
