"""All benchmarks, and the page that holds their results: python -m benchmarks --text shakespeare.txt [--quick]

Writes benchmarks/README.md and benchmarks/step_time.png. Takes about half an hour; nothing else should run meanwhile.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from matplotlib.ticker import FuncFormatter

from benchmarks import cores, long_context, profile, time_to_loss, train_step
from benchmarks.claims import Claim, keep
from benchmarks.machine import machine
from minillm.files import write_atomic
from minillm.models import GPTConfig
from minillm.plots import save
from minillm.plots.style import COLOURS, house_style, new_figure

FOLDER = Path(__file__).parent


@house_style()
def step_time_figure(rows: list[train_step.Row]):
    """Step time against model size, minillm and PyTorch; and the words for those who cannot see it."""
    steps = [row for row in rows if row.figure == "ms a step" and row.model in train_step.SIZES]
    sizes = [GPTConfig(vocab_size=65, **train_step.SIZES[row.model][0]).parameter_count() for row in steps]
    figure = new_figure()
    axes = figure.subplots()
    for name, times, colour, marker in (
        ("PyTorch", [row.theirs for row in steps], COLOURS["vermillion"], "s"),
        ("minillm", [row.ours for row in steps], COLOURS["blue"], "o"),
    ):
        axes.loglog(sizes, times, color=colour, marker=marker, label=name)
    axes.set_xticks(sizes, [f"{row.model}\n{size / 1e6:.2g} M" for row, size in zip(steps, sizes, strict=True)])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("layers × width, and parameters")
    axes.set_ylabel("ms a training step")
    axes.legend(loc="upper left")
    told = "; ".join(f"{row.model}: {row.ours:.3g} ms against {row.theirs:.3g} ms" for row in steps)
    return figure, f"Time of a training step against model size, minillm against PyTorch. {told}."


def page(rows: list[train_step.Row], losses: list[time_to_loss.Outcome], alt: str, quick: bool) -> Iterator[str]:
    """The lines of benchmarks/README.md."""
    sizes = list(train_step.SIZES)
    yield "# How fast\n"
    yield f"Measured on {machine('numpy', 'torch', 'transformers')}. Do it on yours:\n"
    yield "```\npip install -e .[dev]\npython -m benchmarks --text shakespeare.txt\n```\n"
    yield "`shakespeare.txt` stands for tiny Shakespeare, 1.1 MB from github.com/karpathy/char-rnn. A ratio is minillm's figure"
    yield "over the other's: below 1 minillm is faster, or smaller. The sides take turns, each in a process of its own; figures are"
    yield "medians. On pages of their own: [what pretraining is worth](finetune.md),"
    yield "[translation and summaries](applications.md), [a GPT-2 of its real size](gpt2_size.md), [a scaling law](scaling.md),"
    yield "[what a language costs in tokens](languages.md), [many machines](many_machines.md), [microgpt's model](microgpt.md),"
    yield "[a size for the minutes](auto_size.md), [what repairing texts reaches](repair.md), [the speedrun](speedrun.md), and"
    yield "[one core each](one_core.md), beside `torch.compile` too. `python -m benchmarks.gpu` measures training steps on a GPU;"
    yield "it has not run on a card yet: [what is proven instead](../docs/cuda_graphs.md).\n"
    yield "## Training steps and generated tokens\n"
    yield "float32, batches of 16 × 32, 12 × 64 and 8 × 256 tokens; forward, backward, clipping and AdamW (PyTorch: eager, fused"
    yield "AdamW). Memory is the peak above what is there after the imports, over all processes. OpenBLAS multiplies NumPy's matrices"
    yield "with AVX-512 where the processor has it; PyTorch's MKL keeps to AVX2 on processors of AMD. With AVX2 on both sides the"
    yield "ratios are [those of one core each](one_core.md).\n"
    yield from train_step.table(rows)
    yield f"\n![{alt}](step_time.png)\n"
    yield "## Cores\n"
    yield from cores.table(cores.measure(sizes, quick))
    yield "\n## What is left to gain\n"
    yield "One worker's half of the batch on one core, and the same matrix products with nothing between them, which is the bound for"
    yield "any NumPy code. The rest is passes over arrays, one for each operation: GELU is 8 forward and 10 backward, AdamW is 14,"
    yield "where compiled code makes one. New memory is not what costs: freed memory is used again, and x * x takes no longer into it"
    yield "than in place.\n"
    yield from profile.table(sizes)
    yield "## Long context\n"
    yield "Attention alone, forward and backward, causal, one sequence, 4 heads of width 64.\n"
    yield from long_context.table(long_context.measure())
    if losses:
        yield "\n## Time to a given loss\n"
        yield "Tiny Shakespeare, to a loss of 1.898 nats a character on the whole validation split, evaluation left out. PyTorch trains"
        yield "nanoGPT's recipe for one processor; minillm trains its default preset, and with Muon [the speedrun's model](speedrun.md).\n"
        yield time_to_loss.table(losses)


def claims(rows: list[train_step.Row], losses: list[time_to_loss.Outcome]) -> Iterator[Claim]:
    for row in rows:
        yield Claim(f"{row.model}: {row.figure}, minillm / {row.other}", row.ours / row.theirs, 2)
    for one in losses[1:]:
        ratio, _ = time_to_loss.ratios(losses[0], one)
        if ratio is not None:
            yield Claim(
                f"tiny Shakespeare, seed {one.seed}: time to a loss of {time_to_loss.TARGET}, {one.side} / nanoGPT's recipe",
                ratio,
                3,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--text", metavar="FILE", help="tiny Shakespeare; without it the time to a given loss is left out"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repeats, shorter contexts: a first look")
    args = parser.parse_args()
    rows = list(train_step.measure([*train_step.SIZES, *train_step.FAMILIES], args.quick))
    figure, alt = step_time_figure(rows)
    save(figure, FOLDER / "step_time.png", alt=alt)
    losses = [] if args.text is None else time_to_loss.compare(args.text)
    lines = []
    for line in page(rows, losses, alt, args.quick):
        print(line, flush=True)
        lines.append(line)
    write_atomic(FOLDER / "README.md", "\n".join([*lines, ""]).encode("utf-8"))
    where = machine("numpy", "torch", "transformers")
    keep("speed", "How fast", "python -m benchmarks --text shakespeare.txt", where, [*claims(rows, losses)])


if __name__ == "__main__":
    main()
