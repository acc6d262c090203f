"""Training steps and generation, minillm beside PyTorch: python -m benchmarks.train_step [--quick]

Each side runs in a process of its own and the two take turns, so that a slow minute of the machine slows both. Reported are medians and
their ratio, minillm / PyTorch: below 1 minillm is faster.
"""

import argparse
import json
import platform
import subprocess
import sys
from statistics import median

SIZES = {
    "2×64": ({"layers": 2, "heads": 2, "d_model": 64, "context": 32}, 16),
    "4×128": ({"layers": 4, "heads": 4, "d_model": 128, "context": 64}, 12),
    "6×384": ({"layers": 6, "heads": 6, "d_model": 384, "context": 256}, 8),
}


class Side:
    """A worker process, and how to ask it."""

    def __init__(self, name: str, sizes: dict, batch: int):
        command = [sys.executable, "-m", "benchmarks.worker", name, json.dumps(sizes), str(batch)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.process.stdout.readline()  # ready

    def ask(self, command: str):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def compare(sizes: dict, batch: int, seconds: float) -> dict:
    """Both sides at one size, in turns for about `seconds`: each figure as (minillm, torch)."""
    sides = [Side(name, sizes, batch) for name in ("minillm", "torch")]
    for side in sides:
        warm = side.ask("step 3")
    turns, steps = 8, max(1, int(seconds / 16 / max(warm[-1], 1e-3)))
    times, tokens = ([], []), ([], [])
    for _ in range(turns):
        for i, side in enumerate(sides):
            times[i].extend(side.ask(f"step {steps}"))
    memory = [side.ask("memory") for side in sides]
    length = sizes["context"] - 1
    for _ in range(turns):
        for i, side in enumerate(sides):
            tokens[i].append(side.ask(f"generate {length}") / length)
    for side in sides:
        side.close()
    return {
        "ms a step": [1e3 * median(t) for t in times],
        "peak MB": [None if m is None else m / 1e6 for m in memory],
        "ms a token": [1e3 * median(t) for t in tokens],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds in all, for a first look")
    parser.add_argument("--size", choices=SIZES, help="this size only")
    args = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    print("| model | figure | minillm | PyTorch | ratio |\n|---|---|---|---|---|")
    for name in [args.size] if args.size else SIZES:
        sizes, batch = SIZES[name]
        for figure, (ours, theirs) in compare(sizes, batch, 4 if args.quick else 40).items():
            if ours is not None:
                print(
                    f"| {name}, batch {batch}, context {sizes['context']} | {figure} | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} |"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    main()
