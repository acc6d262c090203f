"""Training steps on a GPU, minillm beside PyTorch on the same card: python -m benchmarks.gpu [--steps N] [--models NAME ...]

Each step is forward, backward, clipping and AdamW; minillm's steps plain and captured in a CUDA graph, PyTorch's eager, through
torch.compile, and through torch.compile with CUDA graphs of its own; in float32, in TF32 and in bfloat16, for which PyTorch has
`torch.autocast`: it keeps activations in bfloat16, too, where minillm rounds in products only. The share of the card's peak is
6 N D / (seconds x peak), with N parameters and D tokens to a step (Kaplan et al. 2020, section 2.1). Writes benchmarks/gpu.md. On a machine
without a GPU it says so, and ends with code 2.
"""

import argparse
import gc
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.claims import Claim, keep
from benchmarks.machine import machine
from minillm.backend import Device, choose_device
from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.gpu.cublas import PRECISIONS
from minillm.models import GPT, GPTConfig
from minillm.text import Corpus
from minillm.training import Trainer, TrainOptions

PAGE = Path(__file__).with_name("gpu.md")
SIZES = {  # and the sequences of a batch
    "2×128": (GPTConfig(65, layers=2, heads=4, d_model=128, context=64), 12),
    "6×384": (GPTConfig(65, layers=6, heads=6, d_model=384, context=256), 64),
    "12×768": (GPTConfig(50257, layers=12, heads=12, d_model=768, context=1024), 8),
}
TURNS = 5
WARM_UP = 5  # steps: kernels are compiled, the graph is captured
# TFLOP/s, float32, TF32 and bfloat16 (dense, half of what is advertised "with sparsity"), by NVIDIA's data sheet of each card.
PEAKS = {
    "H100 PCIe": {"highest": 51, "high": 378, "medium": 756},
    "H100 80GB HBM3": {"highest": 67, "high": 494.7, "medium": 989.4},
    "H200": {"highest": 67, "high": 494.7, "medium": 989.4},
    "A100": {"highest": 19.5, "high": 156, "medium": 312},
    "L40S": {"highest": 91.6, "high": 183, "medium": 362},
    "L4": {"highest": 30.3, "high": 60, "medium": 121},
    "T4": {"highest": 8.1},
}


class Row(NamedTuple):
    model: str
    precision: str
    side: str
    seconds: float  # to a step
    tokens: int  # to a step
    peak_share: float | None


def peak_of(card: str, precision: str) -> float | None:
    """Operations a second, of the card that has this name; None if it is not in the table."""
    for name, peaks in PEAKS.items():
        if re.search(rf"\b{name}\b", card):  # an L40 is no L4
            return None if precision not in peaks else 1e12 * peaks[precision]
    return None


def peak_share(parameters: int, tokens: int, seconds: float, peak: float | None) -> float | None:
    return None if peak is None else 6 * parameters * tokens / (seconds * peak)


def random_corpus(config: GPTConfig, batch: int) -> Corpus:
    ids = np.random.default_rng(0).integers(config.vocab_size, size=20 * (batch + 2) * config.context)
    return Corpus(ids, config.context)


class Minillm:
    """The trainer as the command line runs it, but that it never logs."""

    def __init__(self, config: GPTConfig, batch: int, precision: str, device: Device, *, captured: bool):
        options = TrainOptions(batch=batch, log_every=1 << 30, matmul_precision=precision)
        self.trainer = Trainer(GPT(config, device=device), random_corpus(config, batch), options)
        self.trainer.captured.possible = captured
        self.step, self.wait = self.trainer.step, device.synchronize


class Torch:
    """PyTorch's GPT with fused attention and AdamW; eager, or through torch.compile in one of its modes."""

    def __init__(self, config: GPTConfig, batch: int, precision: str, device: Device, *, mode: str | None):
        import torch

        from benchmarks.torch_gpt import TorchGPT

        torch.set_float32_matmul_precision(precision)
        self.rounded = torch.autocast("cuda", torch.bfloat16, enabled=precision == "medium")
        torch.compiler.reset()  # after eight models torch.compile would give up, and run the next one eagerly
        self.model = TorchGPT(config).cuda()
        self.loss = torch.compile(self.model.loss, mode=mode) if mode else self.model.loss
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, betas=(0.9, 0.99), fused=True)
        self.data, self.rng, self.batch = random_corpus(config, batch), np.random.default_rng(0), batch
        self.wait = torch.cuda.synchronize

    def step(self) -> None:
        import torch

        batch = self.data.batch(self.rng, self.batch)
        with self.rounded:
            loss = self.loss(*(torch.from_numpy(array).cuda(non_blocking=True) for array in batch))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()


SIDES: dict[str, Callable] = {
    "minillm, plain": lambda *given: Minillm(*given, captured=False),
    "minillm, CUDA graph": lambda *given: Minillm(*given, captured=True),
    "PyTorch, eager": lambda *given: Torch(*given, mode=None),
    "PyTorch, compiled": lambda *given: Torch(*given, mode="default"),
    "PyTorch, compiled, CUDA graph": lambda *given: Torch(*given, mode="reduce-overhead"),
}


def seconds_per_step(side: Minillm | Torch, steps: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """The median of some turns. The clock is read only when the card has done what it was given."""
    for _ in range(WARM_UP):
        side.step()
    times = []
    for _ in range(TURNS):
        side.wait()
        start = clock()
        for _ in range(steps):
            side.step()
        side.wait()
        times.append((clock() - start) / steps)
    return median(times)


def free_memory(device: Device) -> None:
    """Give back to the card what the side before has left: both libraries keep freed memory for themselves."""
    gc.collect()
    device.xp.get_default_memory_pool().free_all_blocks()
    if torch := sys.modules.get("torch"):
        torch.cuda.empty_cache()


def measure(models: Sequence[str], sides: Sequence[str], steps: int, device: Device, card: str) -> Iterator[Row]:
    """One side after the other, each with the memory of the card to itself. One that fails says why, and has no row."""
    for model in models:
        config, batch = SIZES[model]
        tokens = batch * config.context
        for precision in PRECISIONS:
            for name in sides:
                try:
                    seconds = seconds_per_step(SIDES[name](config, batch, precision, device), steps)
                except Exception as error:  # out of memory, or no compiler for torch.compile
                    print(f"{model}, {precision}, {name}: {type(error).__name__}: {error}", file=sys.stderr)
                    continue
                finally:
                    free_memory(device)
                share = peak_share(config.parameter_count(), tokens, seconds, peak_of(card, precision))
                yield Row(model, precision, name, seconds, tokens, share)


def page(rows: Sequence[Row], card: str, where: str, command: str) -> Iterator[str]:
    yield "# On a GPU\n"
    yield "Training steps of GPTs, forward, backward, clipping and AdamW, minillm beside PyTorch. `highest` is float32 and `high` TF32, on"
    yield "both sides; `medium` is bfloat16, in products only (minillm), and for activations as well (PyTorch's autocast)."
    yield f"The share of the card's peak is 6 N D / (seconds × peak); medians of {TURNS} turns.\n"
    yield f"Measured on {card}; {where}: `{command}`\n"
    yield "| model | precision | | ms a step | tokens a second | of the peak |"
    yield "|---|---|---|---:|---:|---:|"
    for row in rows:
        share = "?" if row.peak_share is None else f"{row.peak_share:.1%}"
        figures = f"{1e3 * row.seconds:,.2f} | {row.tokens / row.seconds:,.0f} | {share}"
        yield f"| {row.model} | {row.precision} | {row.side} | {figures} |"


def claims(rows: Sequence[Row]) -> Iterator[Claim]:
    """minillm's graph over each way of PyTorch, for what both were measured with."""
    found = {(row.model, row.precision, row.side): row.seconds for row in rows}
    for (model, precision, side), seconds in found.items():
        ours = found.get((model, precision, "minillm, CUDA graph"))
        if side.startswith("PyTorch") and ours:
            yield Claim(f"{model} on a GPU, {precision}: a training step, minillm / {side}", ours / seconds, 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=50, metavar="N", help="of a turn (50)")
    parser.add_argument("--models", nargs="+", choices=SIZES, default=list(SIZES), help="these only")
    args = parser.parse_args()
    try:
        device = choose_device("gpu")
    except InputError as error:
        print(f"{error.wrong} This benchmark is for a machine with one.", file=sys.stderr)
        return 2
    card = device.xp.cuda.runtime.getDeviceProperties(device.xp.cuda.Device().id)["name"].decode()
    command = f"python -m benchmarks.gpu --models {' '.join(map(shlex.quote, args.models))} --steps {args.steps}"
    rows = []
    for row in measure(args.models, list(SIDES), args.steps, device, card):
        rows.append(row)
        print(row, flush=True)
    where = machine("numpy", "torch")
    write_atomic(PAGE, "\n".join([*page(rows, card, where, command), ""]).encode("utf-8"))
    keep("gpu", "On a GPU", command, f"{card}; {where}", [*claims(rows)])
    print(PAGE.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
