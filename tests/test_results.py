"""RESULTS.md is what the benchmarks left behind, and what README, docs and lessons say in numbers agrees with it."""

import json
import re

import pytest

from benchmarks.claims import FOLDER, LESSONS, PAGE, TOLD, Claim, lesson_claims, page
from benchmarks.papers import PAPERS
from minillm.course.expected import NUMBER, promises
from minillm.course.outline import ROOT, outlines

MEASURED = json.loads(LESSONS.read_text(encoding="utf-8"))

# where a number stands, the words around it, and the claims that it repeats
SAID = [
    (
        "README.md",
        r"Of 20 failures that were planted it names (\d+) rightly, and gives a false alarm on (\d+) of 20 healthy runs",
        ["explain: failures named rightly, of 20", "explain: false alarms, of 20 healthy runs"],
    ),
    ("README.md", r"takes (\d+) times as long a step as minillm", ["microgpt: a step number by number, over one of arrays"]),
    ("README.md", r"Ten minutes on one core reach BLEU ([\d.]+) with", ["applications: Multi30k, English to German: BLEU, greedy"]),
    (
        "README.md",
        r"have F1 ([\d.]+) \(38.4 to 43.2\) and exact match ([\d.]+)",
        ["applications: XQuAD, minilm: F1", "applications: XQuAD, minilm: EM"],
    ),
    ("README.md", r"learns next to nothing from so few: F1 ([\d.]+\d)", ["applications: XQuAD, reader: F1"]),
    ("README.md", r"captions, fifty minutes (\d+)\.", ["applications: Multi30k, English to German, wider and longer: BLEU, greedy"]),
    ("README.md", r"into Chinese, come to ([\d.]+) in twenty", ["applications: Tatoeba, English to Chinese: BLEU, 4 beams"]),
    (
        "docs/preferences.md",
        r"Conditional training writes ([\d.]+) % rude lines where MLE writes ([\d.]+) %",
        ["village: conditional, drop 0.1: rude lines, %", "village: mle: rude lines, %"],
    ),
    ("docs/preferences.md", r"as rude as the kind are at times \(([\d.]+) %\)", ["village: filtering, kept 0.5: rude lines, %"]),
    ("docs/preferences.md", r"Unlikelihood is politer still \(([\d.]+) %\)", ["village: unlikelihood, alpha 0.1: rude lines, %"]),
    (
        "docs/preferences.md",
        r"\(([\d.]+) and ([\d.]+) over three villages\)",
        ["village: conditional, drop 0.5: loss", "village: mle: loss"],
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
        digits = len(number.partition(".")[2])
        assert f"{claims()[name].value:.{digits}f}" == number, name


@pytest.mark.parametrize(
    "lesson", [each for each in outlines() if each.name in MEASURED], ids=lambda lesson: lesson.name
)
def test_what_three_seeds_printed_is_what_the_lesson_promises(lesson):
    promised = {promise.text: promise for promise in promises(lesson.path.read_text(encoding="utf-8"))}
    for line, runs in MEASURED[lesson.name]["numbers"].items():
        assert line in promised, f"lesson {lesson.name} no longer prints: {line}; run python -m benchmarks.lessons"
        assert len(runs) == 3 and all(map(promised[line].holds, runs)), (line, runs)


@pytest.mark.parametrize("told", TOLD, ids=lambda told: f"{told.lesson}: {told.what}")
def test_what_is_chosen_of_a_lesson_is_a_number_that_it_promises_within_a_band(told):
    source = next(each for each in outlines() if each.name == told.lesson).path.read_text(encoding="utf-8")
    (line,) = [promise for promise in promises(source) if promise.text.startswith(told.line)]
    numbers = re.findall(rf"(≤ )?(?:{NUMBER})( ± {NUMBER})?", line.text)
    assert any(numbers[told.place]), f"number {told.place} of “{line.text}” has no band: nobody measured it"


def test_each_lesson_that_reads_a_paper_says_what_of_it_is_seen():
    without = {"00", "02"}  # arrays; softmax and its gradient
    assert {paper.lesson for paper in PAPERS} == {lesson.name for lesson in outlines()} - without
