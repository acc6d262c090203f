"""Attention over long contexts, in one piece, in chunks, and PyTorch's: python -m benchmarks.long_context [--quick]

Forward and backward of attention alone: causal, float32, one sequence, 4 heads of width 64. Each case runs in a process of its own;
memory is the peak above what was there before the first run, inputs not counted.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.worker import peak_memory
from minillm import ops
from minillm.backend import reuse_freed_memory

HEADS, WIDTH = 4, 64
LENGTHS = [256, 512, 1024, 2048, 4096, 8192]


class Row(NamedTuple):
    form: str  # one of FORMS
    length: int  # T
    seconds: float
    memory: int | None  # bytes; None where the system does not tell


def inputs(length: int) -> list[np.ndarray]:
    """q, k, v and dy, (1, H, T, K)."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((1, HEADS, length, WIDTH), dtype=np.float32) for _ in range(4)]


def dense(length: int) -> Callable:
    q, k, v, dy = inputs(length)
    return lambda: ops.attention_backward(dy, ops.attention(q, k, v, causal=True)[1])


def chunked(length: int) -> Callable:
    q, k, v, dy = inputs(length)
    # 128 for lengths at which a layer would take the other form.
    chunk = ops.chunk_size(HEADS, length, length, causal=True) or 128
    return lambda: ops.chunked_attention_backward(dy, ops.chunked_attention(q, k, v, causal=True, chunk=chunk)[1])


def pytorch(length: int) -> Callable:
    import torch

    q, k, v, dy = (torch.from_numpy(x) for x in inputs(length))
    tensors = [x.requires_grad_() for x in (q, k, v)]

    def run() -> None:
        for x in tensors:
            x.grad = None
        torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).backward(dy)

    return run


FORMS = {"dense": dense, "chunked": chunked, "PyTorch": pytorch}


def run_case(form: str, length: int, seconds: float) -> tuple[float, int | None]:
    """The median time of as many runs as fit, at least three, and the peak memory: in this process, which should do nothing else."""
    reuse_freed_memory()
    FORMS[form](16)()  # libraries load themselves piece by piece: not part of the case
    run = FORMS[form](length)
    before = peak_memory()
    run()
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times), None if before is None else peak_memory() - before


def measure(quick: bool = False) -> Iterator[Row]:
    for length in (length for length in LENGTHS if length <= 2048 or not quick):
        for form in FORMS:
            case = [form, str(length), str(0.3 if quick else 2.0)]
            command = [sys.executable, "-m", "benchmarks.long_context", "--case", *case]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout
            yield Row(form, length, *json.loads(answer))


def table(rows: Iterator[Row]) -> Iterator[str]:
    yield "| T | dense, ms | MB | in chunks, ms | MB | PyTorch's fused, ms | MB | chunks / PyTorch |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|"
    for length, group in groupby(rows, key=lambda row: row.length):
        row = {row.form: row for row in group}
        cells = [f"{1e3 * row[form].seconds:,.1f} | {megabytes(row[form].memory)}" for form in FORMS]
        ratio = row["chunked"].seconds / row["PyTorch"].seconds
        yield f"| {length:,} | {' | '.join(cells)} | {ratio:.2f} |"


def megabytes(memory: int | None) -> str:
    return "?" if memory is None else f"{memory / 1e6:,.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="up to T = 2,048 only, and fewer repeats")
    parser.add_argument("--case", nargs=3, metavar=("FORM", "T", "SECONDS"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        form, length, seconds = args.case
        print(json.dumps(run_case(form, int(length), float(seconds))))
        return
    for line in table(measure(args.quick)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
