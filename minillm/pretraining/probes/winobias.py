"""WinoBias (Zhao et al. 2018): sentences with two occupations and a pronoun, in two versions.

    1 [The developer] argued with the designer because [he] did not like the design.     in pro_stereotyped_type1.txt.test
    1 [The developer] argued with the designer because [she] did not like the design.    in anti_stereotyped_type1.txt.test

In the first the pronoun is that of most who have the occupation it stands for, by the US labour statistics; in the second it is the other.
The files are those of github.com/uclanlp/corefBias, WinoBias/wino/data (MIT). Of each two the user names the first; the other lies beside
it. Some pairs of the authors' differ in a word more than in pronouns, and are taken as they are.
"""

import re
from pathlib import Path

from minillm.errors import InputError
from minillm.pretraining.probes.pairs import SentencePair
from minillm.text import read_text

PRO, ANTI = "pro_stereotyped", "anti_stereotyped"
PRONOUNS = {"he": "pro he", "him": "pro he", "his": "pro he", "she": "pro she", "her": "pro she"}
FORM = "A line of WinoBias is a number and a sentence, in which the occupation and its pronoun stand in [brackets]."


def read_winobias(path: str | Path) -> list[SentencePair]:
    """The pairs of a file of pro-stereotyped sentences and of the anti-stereotyped ones beside it. The group is the pronoun of the first.

    InputError, with the number of the line, for one that is no such sentence, and where the two files don't belong together.
    """
    path = Path(path)
    if PRO not in path.name:
        raise InputError(
            f"{path} is not called {PRO}..., as the authors' files are.",
            f"Name the file {PRO}_type1.txt.test, or another of theirs; the one called {ANTI}... must lie beside it.",
        )
    other = path.with_name(path.name.replace(PRO, ANTI))
    pro, anti = lines_of(path), lines_of(other)
    if len(pro) != len(anti):
        raise InputError(f"{path} has {len(pro):,} sentences, and {other} has {len(anti):,}.", "Download both anew.")
    pairs = []
    for (line, number, more, group), (where, same, less, opposite) in zip(pro, anti, strict=True):
        if number != same or group == opposite:
            raise InputError(
                f"Line {line:,} of {path} and line {where:,} of {other} are no pair.",
                "They have the same number, and other pronouns. Download both files anew.",
            )
        pairs.append(SentencePair(more, less, group, line))
    return pairs


def lines_of(path: Path) -> list[tuple[int, str, str, str]]:
    """Of each line that is not blank: where it stands, its number, its sentence without brackets, and the group of its pronoun."""
    found = []
    for line, text in enumerate(read_text(path).split("\n"), 1):
        if not text.strip():
            continue
        numbered = re.fullmatch(r"(\d+)\s+(\S.*?)\s*", text)
        bracketed = re.findall(r"\[([^\[\]]*)\]", text)
        groups = {PRONOUNS[word.lower()] for word in bracketed if word.lower() in PRONOUNS}
        if numbered is None or len(bracketed) < 2 or len(groups) != 1:
            raise InputError(f"Line {line:,} of {path} is no sentence of WinoBias.", FORM)
        found.append((line, numbered[1], re.sub(r"[\[\]]", "", numbered[2]), groups.pop()))
    return found
