"""Training on 1, 2 and 4 ranks of one machine, beside a model of the time of a step: python -m benchmarks.many_machines

Needs mpi4py and an MPI (pip install mpi4py mpich). Writes benchmarks/many_machines.md. Times of computing are processor seconds, which
other work on the machine hardly changes; an all-reduce is the shortest of many. Takes ten minutes of two cores.
"""

import argparse
import itertools
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.claims import Claim, keep
from benchmarks.machine import machine
from benchmarks.train_step import SIZES
from minillm.files import write_atomic
from minillm.models import GPTConfig

PAGE = Path(__file__).with_suffix(".md")
COMMAND = "python -m benchmarks.many_machines"
RANKS = (1, 2, 4)
STEPS = {"2×64": 40, "4×128": 10, "6×384": 2}
ROUNDS = 3


class Network(NamedTuple):
    """Between two machines: seconds until the first byte, and bytes a second after it."""

    name: str
    latency: float
    bandwidth: float

    def allreduce(self, ranks: int, size: float) -> float:
        """Seconds to sum `size` bytes over the ranks in a ring: 2 (n - 1) messages one after the other, each of an n-th of the bytes.

        Patarasuk and Yuan (2009), Bandwidth optimal all-reduce algorithms for clusters of workstations.
        """
        return 2 * (ranks - 1) * (self.latency + size / ranks / self.bandwidth)

    def numbers(self, ranks: int, count: int) -> float:
        """Seconds to sum so many numbers, such as the loss, one after the other: each doubles its way."""
        return count * math.ceil(math.log2(ranks)) * self.latency


NETWORKS = (
    Network("1 Gbit/s Ethernet", 50e-6, 0.118e9),
    Network("10 Gbit/s Ethernet", 20e-6, 1.18e9),
    Network("100 Gbit/s InfiniBand", 2e-6, 12e9),
)
MACHINES = (8, 64)
CORES = (1, 16)  # that compute a step so many times as fast


class Step(NamedTuple):
    """One rank's, in seconds of one core: all that it computes, and from the last block to the first when its pieces are ready."""

    seconds: float
    ready: list[float]  # since the step began; none if the gradient is too small to be sent in pieces
    sizes: list[int]  # of the pieces, bytes

    def after(self, ranks: int, network: Network, size: float, cores: int) -> float:
        """The share of a step in which is computed, if the whole gradient is summed when the backward pass has ended."""
        computing = self.seconds / cores
        return computing / (computing + network.allreduce(ranks, size) + network.numbers(ranks, 2))

    def overlapped(self, ranks: int, network: Network, cores: int) -> float:
        """The same if the network carries each piece as soon as it is ready and the one before has been carried."""
        computing, free = self.seconds / cores, 0.0
        for ready, size in zip(self.ready, self.sizes, strict=True):
            free = max(free, ready / cores) + network.allreduce(ranks, size)
        left = free - self.ready[-1] / cores
        return computing / (computing + left + network.numbers(ranks, 3))


def ask(ranks: int, *what: str):
    launcher = shutil.which("mpiexec", path=Path(sys.executable).parent) or "mpiexec"
    command = [launcher, "-n", str(ranks), sys.executable, "-m", "benchmarks.rank", *what]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment).stdout)


class Row(NamedTuple):
    """One model. Seconds for each number of ranks, in the order of RANKS."""

    model: str
    batch: int
    size: int  # bytes of a gradient
    busy: list[float]  # computing, on the rank that takes longest
    spoken: list[float]  # the gradient's all-reduce

    def step(self, i: int) -> float:
        return self.busy[i] + self.spoken[i]

    def efficiency(self, i: int) -> float:
        return self.step(0) / RANKS[i] / self.step(i)

    def parts(self) -> tuple[float, float]:
        """A step costs a + b · rows: what every rank does, such as AdamW's update, and what is shared. From one rank and from two."""
        b = 2 * (self.busy[0] - self.busy[1]) / self.batch
        return self.busy[0] - b * self.batch, b

    def foretold(self, ranks: int, network: Network) -> float:
        a, b = self.parts()
        return a + b * math.ceil(self.batch / ranks) + network.allreduce(ranks, self.size)


def measure() -> tuple[list[Row], Network]:
    """The models, and this machine as a network of two ranks."""
    sizes = {name: 4 * GPTConfig(vocab_size=65, **SIZES[name][0]).parameter_count() for name in STEPS}
    busy: dict = {(name, ranks): [] for name in STEPS for ranks in RANKS}
    for _ in range(ROUNDS):
        for name, steps in STEPS.items():
            for ranks in RANKS:
                busy[name, ranks].append(max(ask(ranks, "step", name, str(steps))["busy"]))
    spoken = {}
    for ranks in RANKS:
        rounds = [ask(ranks, "allreduce", "1", *(str(size // 4) for size in sizes.values())) for _ in range(ROUNDS)]
        spoken[ranks] = [min(each) for each in zip(*rounds, strict=True)]
    rows = [
        Row(
            name, SIZES[name][1], size, [median(busy[name, ranks]) for ranks in RANKS],
            [spoken[ranks][1 + i] if ranks > 1 else 0.0 for ranks in RANKS],
        )
        for i, (name, size) in enumerate(sizes.items())
    ]  # fmt: skip
    largest = rows[-1]
    here = Network("this machine", spoken[2][0], largest.size / (spoken[2][-1] - 2 * spoken[2][0]))
    return rows, here


def cell(step: Step, size: int, ranks: int, network: Network, cores: int) -> str:
    after = f"{step.after(ranks, network, size, cores):.0%}"
    return f"{after} → {step.overlapped(ranks, network, cores):.0%}" if step.ready else after


def page(
    rows: list[Row], here: Network, steps: dict[tuple[str, int], Step], gradients: dict[int, dict[str, float]]
) -> Iterator[str]:
    yield "# Many machines\n"
    yield f"Measured on {machine('numpy', 'mpi4py', 'mpich')}. Do it on yours:\n"
    yield f"```\npip install mpi4py mpich\n{COMMAND}\n```\n"
    yield "One worker a rank, one thread a worker, the batch as large for all numbers of ranks. Computing is in processor seconds of the"
    yield f"rank that takes longest, the median of {ROUNDS} rounds in which the numbers of ranks take turns; an all-reduce is the shortest"
    yield "of many. The machine had two cores and other work to do: with four ranks the clock could show no gain, and was not asked."
    yield "[How to train so, and where the model of a step comes from](../docs/many_machines.md).\n"
    yield "| model | ranks | computing, ms | all-reduce, ms | efficiency | the model says, ms | and measured |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        for i, ranks in enumerate(RANKS):
            told = f"{1e3 * row.foretold(ranks, here):.1f} | {1e3 * row.step(i):.1f}" if ranks > 2 else "fitted | "
            yield (
                f"| {row.model}, batch {row.batch} | {ranks} | {1e3 * row.busy[i]:.1f} | {1e3 * row.spoken[i]:.2f} | "
                f"{row.efficiency(i):.0%} | {told} |"
            )
    yield f"\nThe model knows one and two ranks. Between two of them a message takes {1e6 * here.latency:.1f} µs, and"
    yield f"{here.bandwidth / 1e9:.1f} GB/s pass.\n"
    yield "## The gradient\n"
    yield "How far the gradient of all ranks is from that of one process, over its length, in float32: each way to pretrain, and each"
    yield "method that learns from pairs.\n"
    yield f"| objective | {' | '.join(f'{ranks} ranks' for ranks in gradients)} |\n|---|{'---:|' * len(gradients)}"
    for name in next(iter(gradients.values())):
        yield f"| {name} | {' | '.join(f'{found[name]:.1e}' for found in gradients.values())} |"
    yield "\n## More machines than there are here\n"
    yield "**This is an extrapolation**: nobody measured it. Each machine has one rank, which reads a whole batch as above; the model"
    yield "adds what it costs to sum the gradients, on networks as they are sold (latency, bandwidth). The share of a step in which is"
    yield "computed, if the gradient is summed after the backward pass → if each piece is summed as soon as it is ready. The network"
    yield "carries one piece after the other. When each is ready is measured, in processor seconds of one core. Sixteen cores are taken"
    yield "to compute sixteen times as fast, which none do. Where there is no arrow the gradient is too small for pieces.\n"
    yield f"| model, MB of gradient | network | cores | {' | '.join(f'{ranks} machines' for ranks in MACHINES)} |\n|---|---|---:|---:|---:|"
    for row, network, cores in itertools.product(rows, NETWORKS, CORES):
        cells = (cell(steps[row.model, ranks], row.size, ranks, network, cores) for ranks in MACHINES)
        where = f"{network.name} ({1e6 * network.latency:.0f} µs, {network.bandwidth / 1e9:g} GB/s)"
        yield f"| {row.model}, {row.size / 1e6:.1f} | {where} | {cores} | {' | '.join(cells)} |"


def claims(
    rows: list[Row], here: Network, steps: dict[tuple[str, int], Step], gradients: dict[int, dict[str, float]]
) -> Iterator[Claim]:
    for row in rows:
        for i, ranks in enumerate(RANKS[1:], start=1):
            yield Claim(
                f"{row.model}: efficiency with {ranks} ranks of one machine, %, by processor time",
                100 * row.efficiency(i),
                0,
            )
        yield Claim(
            f"{row.model}: a step with 4 ranks, the model's time / the measured", row.foretold(4, here) / row.step(2), 2
        )
    largest = rows[-1]
    for network, cores in ((NETWORKS[0], 1), (NETWORKS[1], 16)):
        where = (
            f"{largest.model}, 8 machines of {cores} {'core' if cores == 1 else 'cores'}, {network.name}, extrapolated"
        )
        step = steps[largest.model, 8]
        yield Claim(
            f"{where}: computing, % of a step, summed after", 100 * step.after(8, network, largest.size, cores), 0
        )
        yield Claim(f"{where}: computing, % of a step, overlapped", 100 * step.overlapped(8, network, cores), 0)
    worst = max(distance for found in gradients.values() for distance in found.values())
    yield Claim(
        f"the gradient of 2 and 4 ranks, {len(gradients[2])} objectives: off by at most, millionths of its length",
        1e6 * worst,
        2,
    )


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    rows, here = measure()
    steps = {
        (name, ranks): Step(**ask(1, "pieces", name, str(2 * count), str(ranks)))
        for name, count in STEPS.items()
        for ranks in MACHINES
    }
    gradients = {ranks: ask(ranks, "gradients") for ranks in RANKS[1:]}
    write_atomic(PAGE, "\n".join([*page(rows, here, steps, gradients), ""]).encode("utf-8"))
    keep("many_machines", "Many machines", COMMAND, machine("numpy", "mpi4py"), [*claims(rows, here, steps, gradients)])


if __name__ == "__main__":
    main()
