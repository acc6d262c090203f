"""Time to a given loss, minillm beside PyTorch: python -m benchmarks.time_to_loss --text tinyshakespeare.txt

PyTorch runs nanoGPT's recipe for a processor in full: 4 layers, 4 heads, 128 wide, context 64, batch 12, 2,000 steps. minillm runs what
`pretrain` does if nothing is said: its preset `laptop`, a smaller model that reads n-grams, at a higher learning rate; and with Muon the
recipe of the speedrun (benchmarks/speedrun.md), a model of one layer in fewer and larger steps. All are measured on the whole validation
split, the last tenth of the text. One run follows the other, each in a process of its own, and the clock runs from the first step on and
stands still during evaluations. The time to the loss is that of the first evaluation that found it.
"""

import argparse
import dataclasses
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from minillm.backend import reuse_freed_memory
from minillm.models import GPT, GPTConfig
from minillm.ops import IGNORE
from minillm.pretraining import DEFAULT, PRESETS
from minillm.text import CharTokenizer, Corpus, read_text
from minillm.training import Trainer, TrainOptions, default_workers
from minillm.training.schedules import learning_rate

TARGET = 1.898  # nats a character
MUON = PRESETS[DEFAULT] | {
    "layers": 1, "norm": "rms", "activation": "relu", "bias": False, "positions": "alibi",
    "optimizer": "muon", "lr": 1.6e-2, "beta1": 0.7, "batch": 24, "steps": 120, "warmup": 10, "eval_every": 30,
}  # fmt: skip
TORCH = {"layers": 4, "heads": 4, "d_model": 128, "context": 64, "batch": 12, "steps": 2000, "eval_every": 250}


class Outcome(NamedTuple):
    side: str
    seed: int
    parameters: int
    steps: int
    loss: float  # at the end
    seconds: float  # of training, all steps
    seconds_to_target: float | None  # None: it never got there


def clocked(step: Callable[[], object], evaluate: Callable[[], float], steps: int, every: int, target: float) -> tuple:
    """Take all the steps; the last loss, the seconds of all steps, and those until an evaluation first found the target (or None)."""
    seconds, reached = 0.0, None
    for stop in [*range(every, steps, every), steps]:
        start = time.perf_counter()
        for _ in range((stop - 1) % every + 1):
            step()
        seconds += time.perf_counter() - start
        loss = evaluate()
        if reached is None and loss <= target:
            reached = seconds
        print(f"step {stop:>5,}  {seconds:6.1f} s  validation loss {loss:.3f}", file=sys.stderr, flush=True)
    return loss, seconds, reached


def fields_of(kind: type, recipe: dict) -> dict:
    """What of the recipe belongs to this dataclass."""
    return {field.name: recipe[field.name] for field in dataclasses.fields(kind) if field.name in recipe}


def run_minillm(text: str, seed: int, target: float, side: str = "minillm", recipe: dict = PRESETS[DEFAULT]) -> Outcome:
    """As `pretrain` runs it, from the first step: starting the processes that share the work counts."""
    reuse_freed_memory()
    tokenizer = CharTokenizer.train(text)
    config = GPTConfig(tokenizer.vocab_size, **fields_of(GPTConfig, recipe))
    workers = default_workers(recipe["batch"])
    options = TrainOptions(seed=seed, workers=workers, **fields_of(TrainOptions, recipe))
    trainer = Trainer(GPT(config, seed=seed), Corpus(tokenizer.encode(text), config.context), options)
    taken = clocked(trainer.step, trainer.evaluate, options.steps, options.eval_every, target)
    return Outcome(side, seed, config.parameter_count(), options.steps, *taken)


def run_torch(text: str, seed: int, target: float) -> Outcome:
    import torch
    import torch.nn.functional as F

    from benchmarks.torch_gpt import TorchGPT

    torch.manual_seed(seed)
    tokenizer, steps, batch = CharTokenizer.train(text), TORCH["steps"], TORCH["batch"]
    config = GPTConfig(tokenizer.vocab_size, **fields_of(GPTConfig, TORCH))
    corpus, model = Corpus(tokenizer.encode(text), config.context), TorchGPT(config)
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.99), fused=True)
    done = 0

    def loss_of(ids: np.ndarray, targets: np.ndarray, reduction: str) -> torch.Tensor:
        logits = model(torch.from_numpy(ids)).reshape(-1, config.vocab_size)
        return F.cross_entropy(logits, torch.from_numpy(targets).reshape(-1), ignore_index=IGNORE, reduction=reduction)

    def step() -> None:
        nonlocal done
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(done, steps, peak=1e-3, warmup=100, floor=1e-4)
        loss = loss_of(*corpus.batch(np.random.default_rng((seed, done)), batch), "mean")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        done += 1

    @torch.inference_mode()
    def evaluate() -> float:
        total = sum(loss_of(*rows, "sum").item() for rows in corpus.validation_batches(batch))
        return total / (len(corpus.validation) - 1)

    taken = clocked(step, evaluate, steps, TORCH["eval_every"], target)
    return Outcome("PyTorch", seed, sum(p.numel() for p in model.parameters()), steps, *taken)


def run_muon(text: str, seed: int, target: float) -> Outcome:
    return run_minillm(text, seed, target, "minillm, Muon", MUON)


SIDES = {"minillm": run_minillm, "minillm, Muon": run_muon, "PyTorch": run_torch}


def in_own_process(side: str, text: str, seed: int, target: float) -> Outcome:
    print(f"{side}, seed {seed}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.time_to_loss", "--text", text, "--target", str(target)]
    command += ["--side", side, "--seeds", str(seed)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, encoding="utf-8")
    return Outcome(*json.loads(answer.stdout))


def compare(text: str, seeds: Sequence[int] = (0, 1, 2), target: float = TARGET) -> list[Outcome]:
    """PyTorch's run with the first seed, then two of minillm for each seed, on the text in that file."""
    return [
        in_own_process("PyTorch", text, seeds[0], target),
        *(in_own_process(side, text, seed, target) for side in ("minillm", "minillm, Muon") for seed in seeds),
    ]


def ratios(theirs: Outcome, ours: Outcome) -> tuple[float | None, float | None]:
    """minillm's time to the target over PyTorch's whole run, and over PyTorch's time to the target; None where it was not reached."""
    reached = ours.seconds_to_target
    if reached is None:
        return None, None
    return reached / theirs.seconds, theirs.seconds_to_target and reached / theirs.seconds_to_target


def table(outcomes: Sequence[Outcome], target: float = TARGET) -> str:
    """Markdown. PyTorch's outcome comes first."""
    theirs = outcomes[0]
    head = ["", "seed", "parameters", "steps", "loss at the end", "seconds in all", f"seconds to {target}"]
    head += ["of PyTorch's run", f"of PyTorch's time to {target}"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for one in outcomes:
        cells = [one.side, str(one.seed), f"{one.parameters:,}", f"{one.steps:,}", f"{one.loss:.3f}"]
        cells += [f"{one.seconds:.1f}", number(one.seconds_to_target, 1, "not reached")]
        cells += ["", ""] if one is theirs else [number(ratio, 3, "none") for ratio in ratios(theirs, one)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def number(value: float | None, digits: int, otherwise: str) -> str:
    return otherwise if value is None else f"{value:.{digits}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", required=True, help="the text; the target is meant for tiny Shakespeare")
    parser.add_argument("--target", type=float, default=TARGET, help=f"validation loss, nats a character ({TARGET})")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of minillm's runs (0 1 2)")
    parser.add_argument("--side", choices=SIDES, help="run this side only, with the first seed, and print JSON")
    args = parser.parse_args()
    if args.side:
        print(json.dumps(SIDES[args.side](read_text(args.text), args.seeds[0], args.target)))
        return
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    print(table(compare(args.text, args.seeds, args.target), args.target))


if __name__ == "__main__":
    main()
