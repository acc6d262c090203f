"""RESULTS.md is what the benchmarks left behind, and what README, docs and lessons say in numbers agrees with it."""

import argparse
import importlib
import importlib.util
import json
import re
import shlex
import sys

import pytest

from benchmarks.claims import FOLDER, LESSONS, PAGE, PAGES, TOLD, Claim, lesson_claims, page
from benchmarks.papers import PAPERS
from benchmarks.repair import WORDS
from minillm.course.expected import NUMBER, promises
from minillm.course.outline import ROOT, outlines

MEASURED = json.loads(LESSONS.read_text(encoding="utf-8"))

RUDE, LOSS = "rude lines among those that it writes, %", "loss on stories told in no mood, nats a word"
# where a number stands, the words around it, and the claims that it repeats; behind a | which number of the claim, if not its value
SAID = [
    (
        "README.md",
        r"Of 20 failures that were planted it names (\d+) rightly, and gives a false alarm on (\d+) of 20 healthy runs",
        ["explain: failures named rightly, of 20", "explain: false alarms, of 20 healthy runs"],
    ),
    ("README.md", r"takes (\d+) times as long a step as minillm", ["microgpt: the same step number by number / minillm"]),
    ("README.md", r"Ten minutes on one core reach BLEU ([\d.]+) with", ["applications: Multi30k, English to German: BLEU, greedy"]),
    (
        "README.md",
        r"have F1 ([\d.]+) \(([\d.]+) to ([\d.]+)\) and exact match ([\d.]+);",
        [f"applications: XQuAD, minilm: {what}" for what in ("F1", "F1 | low", "F1 | high", "exact match")],
    ),
    (
        "README.md",
        r"the sentence has F1 ([\d.]+), the same model without the question ([\d.]+\d)\.",
        [
            "applications: XQuAD, minilm: F1, the sentence most like the question",
            "applications: XQuAD, minilm: F1, the same model without the question",
        ],
    ),
    (
        "README.md",
        r"fills in ([\d.]+) % of the hidden tokens of text that it has not seen \(the commonest token, always: ([\d.]+) %; three seeds\)",
        [f"repair: `masked`: {WORDS[kind]}, %" for kind in ("filled", "commonest")],
    ),
    (
        "README.md",
        r"restores ([\d.]+) % of unseen sentences of up to 8 words exactly, and ([\d.]+) % of those of 9 to 16",
        [f"repair: `denoise`: {WORDS[kind]}, %" for kind in ("up to 8", "up to 16")],
    ),
    (
        "README.md",
        r"In lesson 11 it restores (\d+) % of the little stories that lack one word",
        ["lesson 11: stories that lack one word and are restored exactly, %"],
    ),
    ("README.md", r"learns next to nothing from so few: F1 ([\d.]+\d)", ["applications: XQuAD, reader: F1"]),
    ("README.md", r"captions, fifty minutes (\d+)\.", ["applications: Multi30k, English to German, wider and longer: BLEU, greedy"]),
    ("README.md", r"into Chinese, come to ([\d.]+) in twenty", ["applications: Tatoeba, English to Chinese: BLEU, 4 beams"]),
    (
        "docs/preferences.md",
        r"Conditional training writes ([\d.]+) % rude lines where MLE writes ([\d.]+) %",
        [f"village: conditional, drop 0.1: {RUDE}", f"village: mle: {RUDE}"],
    ),
    ("docs/preferences.md", r"as rude as the kind are at times \(([\d.]+) %\)", [f"village: filtering, kept 0.5: {RUDE}"]),
    ("docs/preferences.md", r"Unlikelihood is politer still \(([\d.]+) %\)", [f"village: unlikelihood, alpha 0.1: {RUDE}"]),
    (
        "docs/preferences.md",
        r"RWR \(([\d.]+) %\) and AWR \(([\d.]+) %\) keep the knowledge",
        [f"village: rwr, beta 0.5: {RUDE}", f"village: awr, beta 0.5: {RUDE}"],
    ),
    (
        "docs/preferences.md",
        r"all the knowledge and ([\d.]+) ± ([\d.]+) % rude lines",
        [f"village: conditional, drop 0.5: {RUDE}{which}" for which in ("", " | error")],
    ),
    (
        "docs/preferences.md",
        r"\(([\d.]+) and ([\d.]+) over three villages\)",
        [f"village: conditional, drop 0.5: {LOSS}", f"village: mle: {LOSS}"],
    ),
    *(
        (file, r"peak of (\d+) MB in place of (\d+)", ["gpt2_size: minillm, int8: peak MB", "gpt2_size: minillm: peak MB"])
        for file in ("docs/models.md", "CHANGELOG.md")
    ),
    ("docs/models.md", r"; ([\d.]+) times on two cores", ["gpt2_size: ms a token, minillm, int8 / minillm"]),
    ("CHANGELOG.md", r"and ([\d.]+) times on two\.", ["gpt2_size: ms a token, minillm, int8 / minillm"]),
    (
        "benchmarks/speedrun.md",
        r"the preset 6.1 to 6.7 s \(([\d.]+) to ([\d.]+)\), and the record's three seeds 1.5 s each \(([\d.]+)\)",
        [
            f"speed: tiny Shakespeare, seed {seed}: time to a loss of 1.898, {side} / nanoGPT's recipe"
            for seed, side in ((0, "minillm"), (2, "minillm"), (0, "minillm, Muon"))
        ],
    ),
]  # fmt: skip


def claims() -> dict[str, Claim]:
    found = {}
    for path in FOLDER.glob("*.json"):
        for claim in json.loads(path.read_text(encoding="utf-8"))["claims"]:
            found[f"{path.stem}: {claim['what']}"] = Claim(**claim)
    return found | {f"lesson {name}: {claim.what}": claim for name, claim in lesson_claims(MEASURED)}


def test_the_page_is_written_from_what_the_benchmarks_left():
    assert PAGE.read_text(encoding="utf-8") == "\n".join([*page(), ""]), "run python -m benchmarks.claims"


@pytest.mark.parametrize(("file", "words", "names"), SAID, ids=[f"{file}: {names[0]}" for file, _, names in SAID])
def test_what_is_said_in_numbers_is_what_was_measured(file, words, names):
    text = " ".join((ROOT / file).read_text(encoding="utf-8").split())
    said = re.search(words, text)
    assert said, f"{file} no longer says {words}"
    for number, name in zip(said.groups(), names, strict=True):
        digits, (claim, _, which) = len(number.partition(".")[2]), name.partition(" | ")
        assert f"{getattr(claims()[claim], which or 'value'):.{digits}f}" == number, name


@pytest.mark.parametrize(
    "lesson", [each for each in outlines() if each.name in MEASURED], ids=lambda lesson: lesson.name
)
def test_what_three_seeds_printed_is_what_the_lesson_promises(lesson):
    promised = {promise.text: promise for promise in promises(lesson.path.read_text(encoding="utf-8"))}
    for line, runs in MEASURED[lesson.name]["numbers"].items():
        assert line in promised, f"lesson {lesson.name} no longer prints: {line}; run python -m benchmarks.lessons"
        assert len(runs) == 3 and all(map(promised[line].holds, runs)), (line, runs)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_command_under_a_table_can_be_given(path, monkeypatch):
    """It names a benchmark that there is, with options that it takes; and its page is there."""

    class Taken(Exception):
        """All is read; nothing is measured."""

    parse = argparse.ArgumentParser.parse_args

    def parse_only(parser, *args):
        parse(parser, *args)
        raise Taken

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    for command in json.loads(path.read_text(encoding="utf-8"))["command"].split(" && "):
        python, m, module, *arguments = shlex.split(command)
        assert (python, m) == ("python", "-m")
        if importlib.util.find_spec(module).submodule_search_locations:
            module += ".__main__"
        monkeypatch.setattr(sys, "argv", [module, *arguments])
        with pytest.raises(Taken):
            importlib.import_module(module).main()
    assert (ROOT / PAGES.get(path.stem, f"benchmarks/{path.stem}.md")).is_file()


@pytest.mark.parametrize("told", TOLD, ids=lambda told: f"{told.lesson}: {told.what}")
def test_what_is_chosen_of_a_lesson_is_a_number_that_it_promises_within_a_band(told):
    source = next(each for each in outlines() if each.name == told.lesson).path.read_text(encoding="utf-8")
    (line,) = [promise for promise in promises(source) if promise.text.startswith(told.line)]
    numbers = re.findall(rf"(≤ )?(?:{NUMBER})( ± {NUMBER})?", line.text)
    assert any(numbers[told.place]), f"number {told.place} of “{line.text}” has no band: nobody measured it"


def test_each_lesson_that_reads_a_paper_says_what_of_it_is_seen():
    without = {"00", "02"}  # arrays; softmax and its gradient
    assert {paper.lesson for paper in PAPERS} == {lesson.name for lesson in outlines()} - without
