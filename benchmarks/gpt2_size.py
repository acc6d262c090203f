"""A GPT-2 of its real size, 124 million random weights, read and writing: python -m benchmarks.gpt2_size [--quick]

transformers writes the model into a temporary folder, half a gigabyte, which is removed afterwards. Then the sides take turns, each in a
process of its own: it reads that folder, and writes tokens greedily after a prompt of one. Writes benchmarks/gpt2_size.md.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.claims import Claim, keep
from benchmarks.machine import machine
from benchmarks.worker import peak_memory
from minillm.files import write_atomic

PAGE = Path(__file__).parent / "gpt2_size.md"
CORES, TOKENS = 2, 64


class Row(NamedTuple):
    side: str
    load: float  # seconds from the folder to a model, its files being in the system's cache
    token: float  # seconds for each token
    memory: int | None  # peak resident bytes above that after the imports


class Minillm:
    int8 = False

    def __init__(self):
        from minillm.backend import reuse_freed_memory
        from minillm.generation import generate
        from minillm.models.huggingface import load_pretrained

        reuse_freed_memory()
        self.read, self.generate = load_pretrained, generate

    def load(self, folder: str) -> None:
        self.model = self.read(folder, int8=self.int8)

    def write(self) -> None:
        list(self.generate(self.model, [1], TOKENS, temperature=0))


class Int8(Minillm):
    """With its matrices in int8, rounded as they are read."""

    int8 = True


class Transformers:
    def __init__(self):
        import torch
        import transformers

        torch.set_num_threads(CORES)
        transformers.logging.set_verbosity_error()
        self.one, self.kind = torch.tensor([[1]]), transformers.GPT2LMHeadModel

    def load(self, folder: str) -> None:
        self.model = self.kind.from_pretrained(folder)

    def write(self) -> None:
        length = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS}
        self.model.generate(self.one, attention_mask=self.one, do_sample=False, **length)


SIDES = {"minillm": Minillm, "minillm, int8": Int8, "transformers": Transformers}


def work(name: str, folder: str, repeats: int) -> None:
    """What a process does for `measure`: its figures, as one line of JSON."""
    side = SIDES[name]()
    imported = peak_memory()
    load = seconds(lambda: side.load(folder))
    side.write()
    token = median(seconds(side.write) for _ in range(repeats)) / TOKENS
    print(json.dumps([load, token, None if imported is None else peak_memory() - imported]))


def seconds(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def write_model(folder: str) -> None:
    """In a process of its own, which takes its memory with it."""
    code = "import sys, transformers as t; t.GPT2LMHeadModel(t.GPT2Config()).save_pretrained(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, folder], check=True, capture_output=True)


def measure(quick: bool) -> Iterator[Row]:
    answers = {name: [] for name in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        write_model(folder)
        for _ in range(1 if quick else 3):
            for name in SIDES:
                command = [sys.executable, "-m", "benchmarks.gpt2_size", "--work", name, folder, "1" if quick else "5"]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                answers[name].append(json.loads(done.stdout))
    for name, turns in answers.items():
        yield Row(name, *(None if None in figures else median(figures) for figures in zip(*turns, strict=True)))


def claims(rows: list[Row]) -> Iterator[Claim]:
    for side, load, token, memory in rows:
        yield Claim(f"{side}: seconds to load", load, 2)
        yield Claim(f"{side}: ms a token", 1e3 * token)
        if memory is not None:
            yield Claim(f"{side}: peak MB", memory / 1e6, 0)
    tokens = {side: token for side, _, token, _ in rows}
    yield Claim("ms a token, minillm, int8 / minillm", tokens["minillm, int8"] / tokens["minillm"], 2)


def page(rows: list[Row]) -> Iterator[str]:
    """The lines of benchmarks/gpt2_size.md."""
    yield "# A GPT-2 of its real size\n"
    yield f"Measured on {machine('numpy', 'torch', 'transformers')}. Do it on yours:\n"
    yield "```\npip install -e .[dev]\npython -m benchmarks.gpt2_size\n```\n"
    yield "124 million random weights, float32, in Hugging Face's layout: seconds from the folder to the model, its file being in the"
    yield f"system's cache; milliseconds a token, greedily, over {TOKENS} tokens; and the peak of the memory, above that after the"
    yield "imports, with what is read of the file where it lies. In int8 the matrices are rounded as they are read, and stay so."
    yield "Medians; the sides take turns, each in a process of its own.\n"
    yield "| | s to load | ms a token | peak MB |"
    yield "|---|---:|---:|---:|"
    for side, load, token, memory in rows:
        yield f"| {side} | {load:.2f} | {1e3 * token:.1f} | {'?' if memory is None else f'{memory / 1e6:,.0f}'} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="once each")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        name, folder, repeats = args.work
        work(name, folder, int(repeats))
        return
    rows = [*measure(args.quick)]
    text = "\n".join([*page(rows), ""])
    print(text)
    write_atomic(PAGE, text.encode("utf-8"))
    where = machine("numpy", "torch", "transformers")
    keep("gpt2_size", "A GPT-2 of its real size", "python -m benchmarks.gpt2_size", where, [*claims(rows)])


if __name__ == "__main__":
    main()
