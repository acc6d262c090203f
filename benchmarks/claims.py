"""What a benchmark found, as rows of RESULTS.md: python -m benchmarks.claims writes that page anew.

Every benchmark ends with `keep`: its claims, each with its figure, lie in benchmarks/results/NAME.json with the day, the machine and the
command. Those of the lessons are chosen here, out of what `python -m benchmarks.lessons` measured with three seeds.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.machine import today
from benchmarks.papers import PAPERS
from minillm.course.outline import outlines
from minillm.files import write_atomic
from minillm.preferences import mean_and_error

FOLDER = Path(__file__).parent / "results"
LESSONS = Path(__file__).with_name("lessons.json")
PAGE = Path(__file__).parents[1] / "RESULTS.md"
PAGES = {"speed": "benchmarks/README.md"}  # of the benchmarks whose page has another name


@dataclass
class Claim:
    """One row: what is claimed, its figure, and how sure it is."""

    what: str
    value: float
    digits: int = 1
    low: float | None = None  # the interval of 95 %
    high: float | None = None
    error: float | None = None  # the standard error over seeds

    def figure(self) -> str:
        value = f"{self.value:,.{self.digits}f}"
        if self.low is not None:
            return f"{value} ({self.low:,.{self.digits}f} to {self.high:,.{self.digits}f})"
        return value if self.error is None else f"{value} ± {self.error:,.{self.digits}f}"


def over_seeds(what: str, values: Sequence[float], digits: int = 1) -> Claim:
    """Mean ± standard error; of a single run the value alone."""
    mean, error = mean_and_error(np.array(values))
    return Claim(what, mean, digits, error=error if len(values) > 1 else None)


def within(what: str, score: Sequence[float], digits: int = 1) -> Claim:
    """A score with its interval: value, low, high."""
    value, low, high = score
    return Claim(what, value, digits, low=low, high=high)


class Kept(NamedTuple):
    """The claims of one benchmark."""

    title: str
    command: str
    where: str
    date: str
    claims: list[Claim]


def keep(name: str, title: str, command: str, where: str, claims: Sequence[Claim]) -> None:
    content = Kept(title, command, where, today(), [asdict(claim) for claim in claims])._asdict()
    FOLDER.mkdir(exist_ok=True)
    write_atomic(FOLDER / f"{name}.json", (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))


class Told(NamedTuple):
    """A claim that a lesson makes: the number at `place` of the `#>` line that begins so."""

    lesson: str
    line: str
    place: int
    what: str
    digits: int = 1


TOLD = [
    Told("01", "n = 4: alpha", 3, "perplexity, on held-out stories, of a model that counts and sees three words"),
    Told("04", "held-out loss: counted", 1, "held-out loss of a network over a window of 12 words, nats a word", 3),
    Told(
        "04", "held-out loss: counted", 0, "held-out loss of the best counted model on the same words, nats a word", 2
    ),
    Told("08", "held-out loss before", 3, "held-out loss of a GPT in a hundred lines, nats a word", 3),
    Told("09", "exact answers on held-out words", 0, "held-out words that a whole Transformer answers exactly, %", 0),
    Told("10", "held-out loss", 0, "held-out loss of a GPT after two minutes, nats a word", 3),
    Told("10", "held-out loss", 2, "by how much that is below the 5-gram's, nats a word", 3),
    Told("11", "both ways: 80", 0, "holes that a masked model fills, reading both ways, %", 0),
    Told("11", "GPT, from the left", 0, "holes that a GPT fills, from the left, %", 0),
    Told("11", "1 deleted: restored exactly", 1, "stories that lack one word and are restored exactly, %"),
    Told(
        "12",
        "best at induction",
        1,
        "attention of the best induction head to the word that came next last time (0 to 1)",
        2,
    ),
    Told(
        "13",
        "8 labels, frozen body",
        1,
        "reviews judged rightly after 8 labels, by a last layer on a frozen pretrained body, %",
    ),
    Told("13", "bag of words", 0, "reviews judged rightly after 8 labels, by a bag of words, %"),
    Told("14", "step 525", 2, "held-out combinations that are translated exactly, %"),
    Told("14", "trained on depths 0, 1: exact", 4, "exact translations one clause deeper than was trained, %"),
    Told("15", "all: exact match", 0, "questions on held-out stories that are answered exactly, %"),
    Told(
        "15",
        "learned and asked without the question",
        0,
        "the same, if the model learns and answers without the question, %",
    ),
    Told(
        "16", "- unseen pairs: ROUGE-L 89", 0, "ROUGE-L (0 to 100) of summaries of matches between teams that never met"
    ),
    Told("16", "- unseen pairs: ROUGE-L 89", 1, "of these, summaries in which every fact is right, %"),
    Told("16", "lead-1: ROUGE-1 12", 5, "ROUGE-L of the first sentence, taken as the summary"),
    Told("17", "MLE: 4", 0, "rude lines that a model writes after plain pretraining, %"),
    Told("17", "conditional: 1.3", 0, "rude lines after conditional pretraining, asked for kind ones, %"),
    Told("17", "conditional: 1.3", 2, "right answers of that model on facts that mostly the grumpy tell, %"),
    Told("18", "DPO: 1.3", 0, "rude lines that a model writes after DPO, %"),
    Told("18", "best of 4", 1, "rude lines where the best of four answers is taken, %"),
    Told("19", "rotary: 100", 4, "words found again 120 words back after training on 64 words, rotary positions, %", 0),
    Told("19", "rotary, squeezed: 100", 4, "the same weights, all angles divided by four, %", 0),
    Told("19", "ALiBi: 100", 4, "the same with ALiBi, %", 0),
    Told("19", "needles, ALiBi", 3, "a needle found in stories 500 words back, ALiBi, trained on 64 words, %", 0),
    Told("19", "needles, rotary, squeezed", 4, "the same with rotary positions, all angles divided by eight, %", 0),
    Told("19", "needles, rotary: 97", 3, "the same with rotary positions as they are, %", 0),
    Told(
        "19",
        "shared names: in the",
        6,
        "facts told in one language and known in the other, where names are shared and half is told in both, %",
        0,
    ),
    Told("19", "own names: in the", 6, "the same with names of each language's own, %", 0),
    Told(
        "19",
        "shared names: tr",
        1,
        "sentences whose nearest one in the other language, about other people, has the same answer, names shared, %",
        0,
    ),
    Told("19", "shared names, untrained: tr", 1, "the same in a model that was never trained, %", 0),
    Told("20", "the law:", 1, "a run of ten times the cost: the law's forecast is off by, %"),
    Told("20", "without E:", 1, "the forecast of a law without a floor, off by, %"),
    Told("20", "the best so far:", 1, "the best small run as the forecast, off by, %"),
    Told("21", "37", 0, "trades, of 42, of which the model says *she* as often as the text, within 95 %", 0),
    Told(
        "21", "greedy:", 0, "how much oftener the commoner pronoun comes in greedy answers than in the text, points", 0
    ),
    Told("21", "as it was: gap", 0, "how far the trades' shares of *she* lie from their mean (0 to 0.5)", 3),
    Told("21", "without she - he: cosine", 1, "the same, the direction she - he taken out of the trades' vectors", 3),
    Told("21", "without eight pairs:", 1, "the same, the direction of eight pairs taken out", 3),
    Told("21", "reweighed: gap", 0, "the same, after training on reweighed stories", 3),
    Told("21", "doubled: gap", 0, "the same, after training on stories doubled, with *she* and *he* exchanged", 3),
    Told("21", "doubled: gap", 3, "names that keep their pronoun in that model, %", 0),
    Told("21", "as it was: gap", 3, "names that keep their pronoun where nothing is doubled, %", 0),
    Told(
        "21",
        "word for word, told 1 or 2 times 6",
        6,
        "what the model knows of a code told 16 times or more, of 13.3 bits",
    ),
    Told("21", "word for word, told 1 or 2 times 4", 6, "the same, where each story is read once (deduplicated), bits"),
    Told("21", "as it was: never told", 0, "the same of a code that was never told, bits"),
    Told("22", "answers only:", 0, "sums right, of a model that learned from the answers alone, %", 0),
    Told("22", "everything:", 0, "sums right, of one that learned from every token, %", 0),
    Told(
        "22",
        "pretrained: who",
        5,
        "questions about a story, four turns: answered by a pretrained model after 3,000 talks, %",
        0,
    ),
    Told("22", "random weights: who", 5, "the same by random weights after the same talks, %", 0),
    Told("22", "common words: who", 5, "the same by a rule that compares words, %", 0),
    Told("22", "pretrained: who", 3, "*and where is it?* answered by the pretrained model, %", 0),
    Told("22", "last question: who", 3, "the same when it hears the last question only, %", 0),
    Told("22", "taught: greedy", 0, "sums right before GRPO, greedily, %", 0),
    Told("22", "after GRPO: greedy", 0, "sums right after GRPO, greedily, %", 0),
]


def lesson_claims(kept: dict) -> Iterator[tuple[str, Claim]]:
    """The lesson and the claim, mean ± standard error over the seeds."""
    for told in TOLD:
        if told.lesson in kept:
            numbers = kept[told.lesson]["numbers"]
            runs = next(runs for line, runs in numbers.items() if line.startswith(told.line))
            yield told.lesson, over_seeds(told.what, [run[told.place] for run in runs], told.digits)


def page() -> Iterator[str]:
    """The lines of RESULTS.md."""
    yield "# Results\n"
    yield "What minillm claims in numbers, and how to see each yourself. In brackets an interval of 95 %, behind ± the standard error over"
    yield "seeds. Each row comes out of the file that its benchmark left in [benchmarks/results](benchmarks/results), or of"
    yield "[what the lessons printed](benchmarks/lessons.json) with three seeds. Under each table stands the command that measures it anew;"
    yield "`--help` says what its files are. The page beside it has all of it, with what lost, and says how it was measured."
    yield "\n*A / B* is A's figure over B's: of times and of memory, less than 1 is better for A. *4×128* is a model of 4 layers, 128 wide."
    yield "A *loss* is in nats, the mean of -ln p of what came; the lower, the better. BLEU, ROUGE-L, F1 and exact match go from 0 to 100;"
    yield "the higher, the better ([what each counts](docs/metrics.md))."
    yield "\n## The lessons\n"
    kept = json.loads(LESSONS.read_text(encoding="utf-8"))
    claims = [*lesson_claims(kept)]
    scripts = {lesson.name: lesson.path.name for lesson in outlines()}
    yield "| lesson | claim | figure | measured | cores | seconds |"
    yield "|---|---|---:|---|---:|---:|"
    for name, claim in claims:
        run = kept[name]
        cores, seconds = run["where"].split()[0], f"{np.median(run['seconds']):.0f}"
        yield f"| [{name}](lessons/{scripts[name]}) | {claim.what} | {claim.figure()} | {run['date']} | {cores} | {seconds} |"
    machines = sorted({kept[name]["where"] for name, _ in claims})
    yield f"\n`python -m benchmarks.lessons {claims[0][0]}` measures that lesson anew, and without a number all. Measured on"
    yield f"{'; '.join(machines)}. The seconds are those of one run, beside whatever else ran."
    for path in sorted(FOLDER.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        yield f"\n## {found['title']}\n"
        yield "| claim | figure |"
        yield "|---|---:|"
        for claim in found["claims"]:
            yield f"| {claim['what']} | {Claim(**claim).figure()} |"
        commands = "`, `".join(found["command"].split(" && "))
        yield f"\n`{commands}`, {found['date']}, on {found['where']}. [All of it]({PAGES.get(path.stem, f'benchmarks/{path.stem}.md')})."
    yield "\n## The papers behind the lessons\n"
    yield "| lesson | paper | what of it is seen here | what is not |"
    yield "|---|---|---|---|"
    for paper in PAPERS:
        yield f"| [{paper.lesson}](lessons/{scripts[paper.lesson]}) | {paper.paper} | {paper.here} | {paper.missing} |"


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    write_atomic(PAGE, "\n".join([*page(), ""]).encode("utf-8"))
    print(f"{PAGE.name} is written.")


if __name__ == "__main__":
    main()
