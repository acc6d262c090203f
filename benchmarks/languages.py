"""How many tokens do the same words take in seventeen languages? python -m benchmarks.languages FOLDER

The folder holds the Universal Declaration of Human Rights, one file a language (eng.txt, cmn_hans.txt ...), as unicode.org/udhr has it. The
first half of each text is for learning a tokenizer, the second for counting. Takes half a minute of one core; writes
benchmarks/languages.md.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.claims import Claim, keep
from benchmarks.machine import machine
from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.text import BPETokenizer
from minillm.training import load

PAGE = Path(__file__).with_name("languages.md")
COMMAND = "python -m benchmarks.languages FOLDER"
NAMES = {
    "eng": "English", "spa": "Spanish", "por_BR": "Portuguese", "fra": "French", "swh": "Swahili", "fin": "Finnish", "tur": "Turkish",
    "vie": "Vietnamese", "rus": "Russian", "ell_monotonic": "Greek", "heb": "Hebrew", "arb": "Arabic", "hin": "Hindi", "tha": "Thai",
    "kor": "Korean", "jpn": "Japanese", "cmn_hans": "Chinese",
}  # fmt: skip
MERGES = 4000
Count = Callable[[str], int]


def halves(folder: Path) -> dict[str, tuple[str, str]]:
    """By the name of its language, each text in two halves of as many lines."""
    if missing := [code for code in NAMES if not (folder / f"{code}.txt").is_file()]:
        raise InputError(
            f"{folder} lacks {', '.join(f'{code}.txt' for code in missing)}.", "unicode.org/udhr has them."
        )
    found = {}
    for code, name in NAMES.items():
        lines = [
            line.strip() for line in (folder / f"{code}.txt").read_text(encoding="utf-8").splitlines() if line.strip()
        ]
        found[name] = "\n".join(lines[: len(lines) // 2]), "\n".join(lines[len(lines) // 2 :])
    return found


def ways(texts: Mapping[str, tuple[str, str]]) -> dict[str, Count]:
    """How a text can be cut: in characters and bytes, by the byte pairs of `tales`, and by such as are learned here."""
    _, tales = load("tales")
    learned = {
        f"{MERGES:,} byte pairs of English": BPETokenizer.train(texts["English"][0], MERGES),
        f"{MERGES:,} byte pairs of all": BPETokenizer.train("\n".join(first for first, _ in texts.values()), MERGES),
    }
    return {
        "characters": len,
        "bytes": lambda text: len(text.encode("utf-8")),
        "`tales`": lambda text: len(tales.encode(text)),
        **{name: lambda text, tokenizer=tokenizer: len(tokenizer.encode(text)) for name, tokenizer in learned.items()},
    }


def page(taxes: Mapping[str, Mapping[str, float]], english: Mapping[str, int]) -> str:
    heads = list(english)
    shared = heads[-1]
    dearest, last = (max(taxes, key=lambda name: taxes[name][head]) for head in ("`tales`", shared))
    lines = [
        "# What a language costs in tokens\n",
        "The second half of the Universal Declaration of Human Rights, the same words in seventeen languages: its tokens, over those of",
        "the English text. A token is a step of writing and a place of the context, so this is what a reader of that language pays more",
        "(Petrov et al. 2023 call it the price of a tokenizer's unfairness). The byte pairs of the last two columns were learned from the",
        "first half: of the English text alone, and of all seventeen, in as many merges.\n",
        f"Counted with {machine('numpy')}: `{COMMAND}`\n",
        f"| | {' | '.join(heads)} |",
        f"|---|{'---:|' * len(heads)}",
        f"| English, tokens | {' | '.join(f'{english[head]:,}' for head in heads)} |",
        *(
            f"| {name} | {' | '.join(f'{each[head]:.2f}' for head in heads)} |"
            for name, each in taxes.items()
            if name != "English"
        ),
        "",
        f"With the byte pairs of `tales`, which are English, {dearest} pays most, {taxes[dearest]['`tales`']:.1f} times the English.",
        f"Where all languages had a say, the largest is {taxes[last][shared]:.1f} ({last}). English loses nothing by it here, since half a",
        "declaration is too short for so many merges of its own. Characters are no fair measure: a Chinese one says more than a Latin one,",
        "and a vocabulary of all characters is too large for a small model.\n",
        "Hindi stays dear for a reason of its own: byte pairs are joined within words, and the words are Python's `\\w+`, to which the",
        "vowel signs of Devanagari don't belong. So each sign cuts its word in two.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the declarations, NAME.txt for each language")
    texts = halves(parser.parse_args().folder)
    counted = {name: {way: count(second) for way, count in ways(texts).items()} for name, (_, second) in texts.items()}
    english = counted["English"]
    taxes = {name: {way: number / english[way] for way, number in each.items()} for name, each in counted.items()}
    write_atomic(PAGE, page(taxes, english).encode("utf-8"))
    shared = list(english)[-1]
    claims = [
        Claim("tokens of `tales` for the Hindi text, over the English", taxes["Hindi"]["`tales`"], 1),
        Claim("tokens of `tales` for the Chinese text, over the English", taxes["Chinese"]["`tales`"], 1),
        Claim("largest such ratio with byte pairs of all languages", max(each[shared] for each in taxes.values()), 1),
    ]
    keep("languages", "What a language costs in tokens", COMMAND, machine("numpy"), claims)
    print(PAGE)


if __name__ == "__main__":
    main()
