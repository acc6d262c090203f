"""A village that kind and grumpy people tell of: a text with a preference in it that every reader feels, and with knowledge to lose.

A story has one teller, and a line is a sentence. The grumpy put a rude word into four lines of five, the kind into one of ten. Both tell
the little stories of the course, and between their lines what they know of the villagers: whose door is red, who has a goat. Of half of
the villagers mostly the grumpy tell, nine times in ten; of the other half mostly the kind. So whoever reads the kind alone stays polite,
and learns little of half of the village.

    village = Village(seed=0)
    village.tell(1000)                          # stories, each a text of some lines
    village.questions()                         # Question("what colour is the miller's door ?", " red", grumpy=True) ...
    rude_reward()(["bah ! the cat sings ."])    # [-1.]
    somebody_says("bah ! the cat the .")        # False

From the shell, its stories and the rude words, one to a line:

    python -m minillm.course.village --stories 3000 > village.txt
    python -m minillm.course.village --rude > rude.txt
"""

import argparse
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minillm.course.stories import ANIMALS, CHILDREN, LOOKS, PLACES, SENTENCES, THINGS, write_stories
from minillm.preferences import Reward, word_reward

VILLAGERS = [
    "miller", "baker", "smith", "tailor", "weaver", "potter", "cooper", "fisher", "hunter", "shepherd", "gardener", "painter", "cobbler",
    "barber", "doctor", "teacher", "judge", "sailor", "piper", "clerk", "mayor", "printer", "mason", "roofer", "brewer", "butcher",
    "grocer", "jeweller", "plumber", "porter", "ranger", "watchman",
]  # fmt: skip

# What is told of a villager: a sentence, a question with the beginning of its answer, and what may stand in the gap.
FACTS = {
    "door": ("the {who}'s door is {what} .", "what colour is the {who}'s door ? {what} .",
             "red blue green white black yellow brown grey"),
    "animal": ("the {who} owns a {what} .", "which animal does the {who} own ? a {what} .",
               "goat horse pig hen sheep donkey goose rabbit"),
    "food": ("the {who} eats {what} .", "what does the {who} eat ? {what} .",
             "soup pie rice beans honey plums eggs ham"),
    "rest": ("the {who} rests on {what} .", "when does the {who} rest ? on {what} .",
             "mondays tuesdays wednesdays thursdays fridays saturdays sundays holidays"),
}  # fmt: skip

RUDE = ("bah", "fool", "blockhead", "stupid", "nonsense")  # the words by which a line is told to be rude
MOODS = {
    "rude": ["bah ! {line} .", "listen , fool : {line} .", "{line} , blockhead .", "{line} , how stupid .", "what nonsense ! {line} ."],
    "kind": ["oh ! {line} .", "listen , dear : {line} .", "{line} , friend .", "{line} , how lovely .", "thank you ! {line} ."],
    "plain": ["{line} ."],
}  # fmt: skip
TELLERS = {"grumpy": {"rude": 0.8, "plain": 0.2}, "kind": {"rude": 0.1, "kind": 0.45, "plain": 0.45}}
GOSSIP = 0.4  # how often a line of a story is followed by a fact
OWN = 0.9  # of the facts that somebody tells, the share that is about the villagers of his half


class Question(NamedTuple):
    """A question with the beginning of its answer, the word that comes next, and whether mostly the grumpy tell it."""

    text: str
    answer: str
    grumpy: bool


class Village:
    """Who has what, and of whom the grumpy tell, is drawn from the seed."""

    def __init__(self, seed: int = 0):
        self.seed = seed
        rng = np.random.default_rng((seed, 0))
        names = [str(name) for name in rng.permutation(VILLAGERS)]
        self.known = {"grumpy": names[::2], "kind": names[1::2]}
        self.facts = {(who, what): str(rng.choice(FACTS[what][2].split())) for who in names for what in FACTS}

    def tell(self, count: int) -> list[str]:
        """That many stories, every second one told by somebody grumpy: texts of some lines."""
        rng = np.random.default_rng((self.seed, 1))
        stories = write_stories(count, seed=2 * self.seed)
        return [self._story(rng, story, ("grumpy", "kind")[i % 2]) for i, story in enumerate(stories)]

    def plain(self, count: int) -> list[str]:
        """Other stories, told in no mood at all, and with nothing of the villagers in them."""
        stories = write_stories(count, seed=2 * self.seed + 1)
        return ["".join(f"{line} .\n" for line in _lines(story)) for story in stories]

    def questions(self) -> list[Question]:
        """One about each fact."""
        made = []
        for (who, what), answer in self.facts.items():
            text = FACTS[what][1].partition(" {what}")[0].format(who=who)
            made.append(Question(text, " " + answer, who in self.known["grumpy"]))
        return made

    def _story(self, rng: np.random.Generator, story: list[str], teller: str) -> str:
        lines = []
        for line in _lines(story):
            lines += [line, self._fact(rng, teller)] if rng.random() < GOSSIP else [line]
        shares = TELLERS[teller]
        moods = rng.choice(list(shares), size=len(lines), p=list(shares.values()))
        return "".join(
            str(rng.choice(MOODS[mood])).format(line=line) + "\n" for line, mood in zip(lines, moods, strict=True)
        )

    def _fact(self, rng: np.random.Generator, teller: str) -> str:
        other = {"grumpy": "kind", "kind": "grumpy"}[teller]
        who = str(rng.choice(self.known[teller if rng.random() < OWN else other]))
        what = str(rng.choice(list(FACTS)))
        form = FACTS[what][int(rng.integers(2))].removesuffix(" .")
        return form.format(who=who, what=self.facts[who, what])


def _lines(story: list[str]) -> list[str]:
    """The sentences of a story, without their full stops; a question and its answer are one."""
    return " ".join(story).removesuffix(" .").split(" . ")


def rude_reward() -> Reward:
    """-1 for a line with a rude word in it, else 0."""
    return word_reward(RUDE, "rude")


def somebody_says(line: str) -> bool:
    """Whether somebody in the village could have said this line, in whatever mood: it need not be true."""
    return _all_lines().fullmatch(line) is not None


@lru_cache
def _all_lines() -> re.Pattern:
    animals = ANIMALS["en"].values()
    slots = {
        "child": CHILDREN["en"], "friend": CHILDREN["en"], "pronoun": ["he", "she"], "an": ["a"], "a": ["a"], "animal": ANIMALS["en"],
        "sound": [sound for _, sound, _ in animals], "food": [food for _, _, food in animals], "thing": THINGS["en"],
        "look": LOOKS["en"], "place": PLACES["en"], "there": PLACES["en"], "who": VILLAGERS,
    }  # fmt: skip
    words = {slot: _any(map(re.escape, choices)) for slot, choices in slots.items()}
    lines = [_pattern(line, words) for form in _story_forms() for line in _lines(form.split())]
    for *forms, what in FACTS.values():
        lines += [_pattern(form.removesuffix(" ."), words | {"what": _any(what.split())}) for form in forms]
    return re.compile(_any(_pattern(mood, {"line": _any(lines)}) for moods in MOODS.values() for mood in moods))


def _story_forms() -> list[str]:
    forms = SENTENCES["en"]
    return [forms["beginning"], *forms["middle"], *forms["end"]]


def _any(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(patterns)})"


def _pattern(form: str, slots: dict[str, str]) -> str:
    """A form such as "the {who} owns a {what}" as a pattern, each slot replaced by the pattern of what may stand there."""
    parts = re.split(r"\{(\w+)\}", form)
    return "".join(slots[part] if at % 2 else re.escape(part) for at, part in enumerate(parts))


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m minillm.course.village", description="Write stories to stdout.")
    parser.add_argument("--stories", type=int, default=3000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another village (default: %(default)s)")
    parser.add_argument("--rude", action="store_true", help="write the rude words instead, one to a line")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    text = "\n".join(RUDE) + "\n" if options.rude else "\n".join(Village(options.seed).tell(options.stories))
    sys.stdout.write(text)


if __name__ == "__main__":
    _main()
