"""One core each, minillm beside PyTorch, eager and compiled: python -m benchmarks.one_core [--models NAME ...] [--seconds S]

minillm trains with one process a core, so this is the arithmetic that each of its workers does: a training step with the whole batch, and
attention over long contexts. The sides take turns; figures are medians of CPU time, which other work on the machine disturbs least.
Writes benchmarks/one_core.md. The first run waits some minutes for PyTorch's compiler.
"""

import argparse
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from statistics import median

from threadpoolctl import threadpool_limits

from benchmarks.claims import Claim, keep
from benchmarks.long_context import FORMS
from benchmarks.machine import machine
from benchmarks.train_step import FAMILIES, SIZES, Side, in_turns
from minillm.backend import reuse_freed_memory
from minillm.files import write_atomic

PAGE = Path(__file__).with_name("one_core.md")
MODELS = SIZES | FAMILIES
SIDES = {"minillm": "minillm", "torch": "PyTorch, eager", "torch.compile": "PyTorch, compiled"}
LENGTHS = [1024, 2048, 4096, 8192]


def training_step(name: str, seconds: float) -> dict[str, float]:
    """By its name, the CPU seconds of each side's step."""
    sizes, batch = MODELS[name]
    sides = [Side(side, sizes, batch, cores=1) for side in SIDES]
    pace = max(side.ask("cpu 3")[-1] for side in sides)
    turns = in_turns(sides, f"cpu {max(1, round(seconds / pace / 24))}")
    for side in sides:
        side.close()
    return {side: median(chain(*times)) for side, times in zip(SIDES, turns, strict=True)}


def attention(length: int, seconds: float) -> dict[str, float]:
    """CPU seconds of attention in chunks and of PyTorch's fused one, forward and backward."""
    import torch

    torch.set_num_threads(1)
    runs = {form: FORMS[form](length) for form in ("chunked", "PyTorch")}
    times: dict[str, list[float]] = {form: [] for form in runs}
    with threadpool_limits(1):
        for run in runs.values():
            run()
        while sum(chain(*times.values())) < seconds or len(times["chunked"]) < 3:
            for form, run in runs.items():
                times[form].append(cpu_time(run))
    return {form: median(found) for form, found in times.items()}


def cpu_time(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def page(
    steps: Mapping[str, dict[str, float]], attentions: Mapping[int, dict[str, float]], command: str
) -> Iterator[str]:
    yield "# One core each\n"
    yield "minillm trains with one process a core; here is what one of them does, beside PyTorch on one core: eager, and with its training"
    yield "step's forward and backward pass through `torch.compile`. float32, the whole batch on the one core, fused AdamW for PyTorch. CPU"
    yield "time, which other work on the machine disturbs least; taking turns, medians; a ratio below 1 says that minillm is faster.\n"
    yield f"Measured on {machine('numpy', 'torch')}: `{command}`\n"
    yield f"| model | {' | '.join(f'{told}, ms' for told in SIDES.values())} | minillm / eager | minillm / compiled |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, found in steps.items():
        cells = [f"{1e3 * found[side]:,.1f}" for side in SIDES]
        ratios = [f"**{found['minillm'] / found[side]:.2f}**" for side in ("torch", "torch.compile")]
        yield f"| {' | '.join([name, *cells, *ratios])} |"
    yield "\nAttention alone, forward and backward, causal, one sequence, 4 heads of width 64.\n"
    yield "| T | in chunks, ms | PyTorch's fused, ms | chunks / PyTorch |"
    yield "|---:|---:|---:|---:|"
    for length, found in attentions.items():
        ours, theirs = found["chunked"], found["PyTorch"]
        yield f"| {length:,} | {1e3 * ours:,.1f} | {1e3 * theirs:,.1f} | **{ours / theirs:.2f}** |"


def claims(steps: Mapping[str, dict[str, float]], attentions: Mapping[int, dict[str, float]]) -> Iterator[Claim]:
    for name, found in steps.items():
        for side in ("torch", "torch.compile"):
            yield Claim(f"{name}: a training step, minillm / {SIDES[side]}", found["minillm"] / found[side], 2)
    for length, found in attentions.items():
        yield Claim(
            f"attention over {length:,} tokens, chunks / PyTorch's fused", found["chunked"] / found["PyTorch"], 2
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="of a row, about (60)")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), help="these only")
    args = parser.parse_args()
    command = (
        f"python -m benchmarks.one_core --models {' '.join(map(shlex.quote, args.models))} --seconds {args.seconds:g}"
    )
    reuse_freed_memory()
    attentions, steps = {}, {}
    for length in LENGTHS:
        attentions[length] = attention(length, args.seconds / 3)
        print(length, attentions[length], flush=True)
    for name in args.models:
        steps[name] = training_step(name, args.seconds)
        print(name, steps[name], flush=True)
    write_atomic(PAGE, "\n".join([*page(steps, attentions, command), ""]).encode("utf-8"))
    keep("one_core", "One core each", command, machine("numpy", "torch"), [*claims(steps, attentions)])
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
