"""python -m minillm explain: why did a training run go wrong?"""

from minillm.cli.parser import with_options
from minillm.cli.terminal import PROGRAM, program, say, visible
from minillm.explaining import explain

DESCRIPTION = """example: python -m minillm explain runs/first

Read the log, the checkpoint and the text of a run, and name one likely cause of what went wrong, the numbers that speak for
it, and one remedy; or say that there is nothing unusual, and what was looked at. Nothing is changed."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add("run", metavar="RUN", help="the folder of a run of pretrain, finetune or align")
    add("--text", metavar="FILE", help="the text or the examples that it learned from, if they are elsewhere now")


def run(args) -> None:
    found = explain(args.run, text=args.text, report=say)
    show("run", found.summary)
    if found.finding is None:
        show("cause", ("nothing unusual found",))
    else:
        show("cause", (found.finding.cause, *(f"- {line}" for line in found.finding.evidence)))
        show("remedy", (found.finding.remedy,))
    show("seen", found.looked_at)
    if found.not_looked_at:
        show("unseen", found.not_looked_at)


def show(name: str, lines: tuple[str, ...]) -> None:
    for number, line in enumerate(lines):
        text = with_options(visible(line)).replace(PROGRAM, program())
        print(f"{name if number == 0 else '':<8}{text}")
