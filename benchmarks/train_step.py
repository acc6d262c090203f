"""Training steps and generation, minillm beside PyTorch: python -m benchmarks.train_step [--quick]

Each side runs in a process of its own and they take turns, so that a slow minute of the machine slows all. Reported are medians and
ratios, minillm / the other: below 1 minillm is faster.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from minillm.training import default_workers

SIZES = {
    "2×64": ({"layers": 2, "heads": 2, "d_model": 64, "context": 32}, 16),
    "4×128": ({"layers": 4, "heads": 4, "d_model": 128, "context": 64}, 12),
    "6×384": ({"layers": 6, "heads": 6, "d_model": 384, "context": 256}, 8),
}
FAMILIES = {
    "encoder 4×128": ({"kind": "encoder", "layers": 4, "heads": 4, "d_model": 128, "context": 64}, 12),
    "encoder-decoder 2+2×128": (
        {
            "kind": "transformer", "layers": 2, "heads": 4, "d_model": 128, "d_ff": 512, "context": 64,
            "activation": "gelu", "norm": "pre", "dropout": 0.0, "tie_head": True,
        },
        12,
    ),
}  # fmt: skip
TURNS = 8


class Row(NamedTuple):
    model: str
    figure: str
    ours: float
    theirs: float
    other: str = "PyTorch"


class Side:
    """A worker process, and how to ask it."""

    def __init__(self, name: str, sizes: dict, batch: int, cores: int | None = None):
        cores = cores or default_workers(batch)
        command = [sys.executable, "-m", "benchmarks.worker", name, json.dumps(sizes), str(batch), str(cores)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=os.environ | {"OPENBLAS_NUM_THREADS": str(cores)},
        )
        self.process.stdout.readline()  # ready

    def ask(self, command: str):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def in_turns(sides: list[Side], command: str) -> list[list]:
    """Every side's answers to the same command, asked `TURNS` times round."""
    answers = [[side.ask(command) for side in sides] for _ in range(TURNS)]
    return list(zip(*answers, strict=True))


def compare(name: str, seconds: float) -> Iterator[Row]:
    """Both sides at one size, for about `seconds` of training steps."""
    sizes, batch = (SIZES | FAMILIES)[name]
    sides = [Side(side, sizes, batch) for side in ("minillm", "torch")]
    pace = max(side.ask("step 3")[-1] for side in sides)
    steps = max(1, int(seconds / (2 * TURNS * pace)))
    times = in_turns(sides, f"step {steps}")
    yield Row(name, "ms a step", *(1e3 * median(itertools.chain(*turns)) for turns in times))
    memory = [side.ask("memory") for side in sides]
    if None not in memory:
        yield Row(name, "peak MB", *(peak / 1e6 for peak in memory))
    if name in SIZES:
        yield from compare_generation(name, sides)
    for side in sides:
        side.close()


def compare_generation(name: str, sides: list[Side]) -> Iterator[Row]:
    sizes, batch = SIZES[name]
    sides.append(Side("transformers", sizes, batch))
    tokens = sizes["context"] - 1
    ours, torch, transformers = (1e3 * median(t) / tokens for t in in_turns(sides, f"generate {tokens}"))
    yield Row(name, "ms a token", ours, torch)
    yield Row(name, "ms a token", ours, transformers, "transformers")


def measure(names: list[str], quick: bool) -> Iterator[Row]:
    for name in names:
        yield from compare(name, 4 if quick else 40)


def table(rows: Iterator[Row]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| model | figure | minillm | the other | ratio |"
    yield "|---|---|---:|---:|---:|"
    for row in rows:
        ratio = row.ours / row.theirs
        yield f"| {row.model} | {row.figure} | {row.ours:.2f} | {row.theirs:.2f} ({row.other}) | **{ratio:.2f}** |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds in all, for a first look")
    parser.add_argument("--size", choices=[*SIZES, *FAMILIES], help="this size only")
    args = parser.parse_args()
    for line in table(measure([args.size] if args.size else [*SIZES, *FAMILIES], args.quick)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
