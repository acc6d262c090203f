"""microgpt's model, number by number and in arrays: python -m benchmarks.microgpt [--names FILE] [--scalar-steps N]

The shape, the data and the steps of Karpathy's microgpt (2026): one block, 16 wide with 4 heads, a context of 16, 26 letters and an end;
Adam with a rate that falls from 0.01 in a line; 1,000 steps of a name each. FILE is its names.txt (github.com/karpathy/makemore); without
it the names are words of the Python reference. The scalar side is `benchmarks.scalar_gpt`, our own. Both start from the same weights and
take turns; figures are medians of CPU time on one core. In the same turns the script of `python -m minillm one-file` does its steps, on a
model of this size. Writes benchmarks/microgpt.md.
"""

import argparse
import random
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks import scalar_gpt
from benchmarks.claims import Claim, keep
from benchmarks.machine import machine
from minillm.files import write_atomic
from minillm.models import GPT
from minillm.one_file import one_file
from minillm.ops import cross_entropy, cross_entropy_backward
from minillm.text.corpus import default_text
from minillm.training import AdamW

PAGE = Path(__file__).with_name("microgpt.md")
SCALAR_STEPS = 100
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
END, CONTEXT, HEADS, STEPS, RATE, BETAS = 26, 16, 4, 1000, 0.01, (0.85, 0.99)


def names_of(path: Path | None) -> list[str]:
    """The names of a file, a line each; without one, words of 3 to 10 letters, each once."""
    if path is not None:
        return [line.strip().lower() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return sorted(set(re.findall(r"\b[a-z]{3,10}\b", default_text().lower())))


def ids_of(name: str) -> list[int]:
    """The end token before and behind the letters, at most one more than the context."""
    return [END, *(ALPHABET.index(letter) for letter in name if letter in ALPHABET), END][: CONTEXT + 1]


def new_model() -> GPT:
    """In float64, as Python's own numbers are."""
    sizes = {"vocab_size": 27, "context": CONTEXT, "layers": 1, "heads": HEADS, "d_model": 16}
    return GPT(**sizes, norm="rms", bias=False, activation="relu", tie_head=False, eps=1e-6, dtype=np.float64)


def as_numbers(model: GPT) -> dict[str, list[list[scalar_gpt.Number]]]:
    """Its weights as the scalar GPT reads them."""
    return {
        re.sub(r"^blocks\.0\.(attention\.|ffn\.)?|\.(weight|gamma)$", "", name): [
            list(map(scalar_gpt.Number, row)) for row in np.atleast_2d(parameter.data).tolist()
        ]
        for name, parameter in model.named_parameters()
    }


class Scalar:
    """A training of the scalar GPT, step by step."""

    def __init__(self, model: GPT):
        self.weights = as_numbers(model)
        self.optimizer = scalar_gpt.Adam(
            [number for rows in self.weights.values() for row in rows for number in row], BETAS
        )

    def step(self, ids: Sequence[int], rate: float) -> float:
        loss = scalar_gpt.loss_of(self.weights, ids, HEADS)
        loss.backward()
        self.optimizer.step(rate)
        return loss.value


class Arrays:
    """The same training by the library."""

    def __init__(self, model: GPT):
        self.model, self.optimizer = model, AdamW(model.vector, betas=BETAS, weight_decay=0.0)

    def step(self, ids: Sequence[int], rate: float) -> float:
        rows = np.array([ids])
        self.model.vector.grad[...] = 0
        logits, saved = self.model.forward(rows[:, :-1])
        loss, scored = cross_entropy(logits, rows[:, 1:])
        self.model.backward(cross_entropy_backward(1.0, scored), saved)
        self.optimizer.step(rate)
        return float(loss)


def script_steps(names: Sequence[str]) -> Iterator[tuple[int, float]]:
    """The one-file script's own training of a model of this size, on 16 letters a step, wherever names begin and end."""
    sizes = "LAYERS, HEADS, D, CONTEXT, BATCH = "
    text, changed = re.subn(f"^{sizes}.*", f"{sizes}1, {HEADS}, 16, {CONTEXT}, 1", one_file(), flags=re.M)
    assert changed == 1
    script: dict[str, Any] = {"__name__": "gpt"}
    exec(text, script)
    rng, ids = np.random.default_rng(0), np.concatenate([ids_of(name)[1:] for name in names])
    return script["train"](script["first_weights"](27, rng), ids, STEPS, rng)


class Trained(NamedTuple):
    scalar: list[float]  # seconds of each step
    arrays: list[float]
    script: list[float]
    apart: float  # the largest difference of their losses
    losses: list[float]  # of the arrays, all steps


def train(names: Sequence[str], scalar_steps: int) -> Trained:
    names = list(names)
    random.Random(42).shuffle(names)
    scalar, arrays = Scalar(new_model()), Arrays(new_model())
    script, clocks, losses, apart = script_steps(names), ([], [], []), [], 0.0
    for step in range(STEPS):
        ids, rate = ids_of(names[step % len(names)]), RATE * (1 - step / STEPS)
        began = time.process_time()
        losses.append(arrays.step(ids, rate))
        clocks[1].append(time.process_time() - began)
        began = time.process_time()
        next(script)
        clocks[2].append(time.process_time() - began)
        if step < scalar_steps:
            began = time.process_time()
            apart = max(apart, abs(scalar.step(ids, rate) - losses[-1]))
            clocks[0].append(time.process_time() - began)
    return Trained(*clocks, apart, losses)


def page(found: Trained, names: int, source: str, command: str) -> str:
    scalar, arrays = median(found.scalar), median(found.arrays)
    return "\n".join(
        [
            "# microgpt's model\n",
            "Karpathy's microgpt (2026) is a GPT in 200 lines without any library: every number is an object that knows how to pass its",
            "gradient back. Here its shape (one block, 16 wide, 4 heads, a context of 16 letters, RMSNorm, ReLU), its 1,000 steps of one",
            f"name each, and its Adam are trained twice from the same weights on {names:,} {source}:",
            "number by number, by a scalar autograd of our own after its idea (`benchmarks/scalar_gpt.py`; not the program itself), and by",
            "minillm's arrays with their backward pass by hand. float64, one core, CPU time, taking turns; medians of a step.\n",
            f"Measured on {machine('numpy')}: `{command}`\n",
            "| | ms a step | 1,000 steps |",
            "|---|---:|---:|",
            f"| number by number ({len(found.scalar)} steps measured) | {1e3 * scalar:.1f} | {scalar * STEPS:.0f} s |",
            f"| minillm | {1e3 * arrays:.2f} | {sum(found.arrays):.2f} s |",
            f"| ratio | **{scalar / arrays:.0f}** | |",
            f"| the script of `python -m minillm one-file` | {1e3 * median(found.script):.2f} | {sum(found.script):.2f} s |\n",
            f"In those {len(found.scalar)} steps the two losses are never more than {found.apart:.0e} apart: it is the same training.",
            "The script has a model of the same size, but its head is the embedding table, and each of its steps reads 16 letters.",
            f"The loss of the first hundred names is {np.mean(found.losses[:100]):.2f} nats a letter, of the last hundred "
            f"{np.mean(found.losses[-100:]):.2f}.",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=Path, metavar="FILE", help="names, a line each")
    parser.add_argument(
        "--scalar-steps", type=int, default=SCALAR_STEPS, metavar="N", help="steps of the scalar side (100)"
    )
    args = parser.parse_args()
    names = names_of(args.names)
    found = train(names, args.scalar_steps)
    source = "names" if args.names else "words of the Python reference"
    options = f" --names {args.names}" if args.names else ""
    options += f" --scalar-steps {args.scalar_steps}" if args.scalar_steps != SCALAR_STEPS else ""
    command = f"python -m benchmarks.microgpt{options}"
    write_atomic(PAGE, page(found, len(names), source, command).encode("utf-8"))
    ratio = median(found.scalar) / median(found.arrays)
    claims = [
        Claim("minillm: ms a step", 1e3 * median(found.arrays), 2),
        Claim("the same step number by number / minillm", ratio, 0),
        Claim("the script of `one-file`: ms a step", 1e3 * median(found.script), 2),
    ]
    keep("microgpt", "microgpt's model", command, machine("numpy"), claims)
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
