"""Simple English stories that make sense, as many as a small language model can read.

The idea is that of TinyStories (Eldan and Li, 2023, https://arxiv.org/abs/2305.07759): from text that a five-year-old understands, a tiny
model learns grammar and simple plots. The plots stand in `tales_family`, `tales_friends` and `tales_fables`, what they share in
`tales_scenes`, and the words in `tales_words`:

    python -m minillm.course.tales --characters 8000000 --seed 1 > tales.txt
"""

import argparse
import random
import re
import sys
from collections.abc import Iterator
from functools import cache

from minillm.course.tales_fables import FABLES
from minillm.course.tales_family import FAMILY_PLOTS
from minillm.course.tales_friends import FRIENDS_PLOTS
from minillm.course.tales_scenes import SCENES
from minillm.course.tales_words import ANIMALS_WHO_TALK, CHILDREN, TABLES

LONGEST = 200  # words
TOKEN = re.compile(r"[\[\]|]|\{\w+\}|[^\[\]|{}]+")
AN = re.compile(r"\b([Aa]) (?=[aeiou]|hour|honest)(?!on(?:e|ce)\b|us|uni)")
SPACES = re.compile(r"\s{2,}|\n")
SENTENCE_START = re.compile(r"(?:^|\n|[.!?] |[.]” )“?[a-z]")


def write_tales(characters: int, seed: int = 0) -> str:
    """As many whole stories as fit into that many characters, an empty line after each. The same seed tells the same stories."""
    stories: list[str] = []
    length = 0
    for story in tell_tales(seed):
        length += len(story) + 2
        if length > characters:
            break
        stories.append(story + "\n\n")
    return "".join(stories)


def tell_tales(seed: int = 0) -> Iterator[str]:
    """Stories without end; every line of one is a paragraph."""
    rng = random.Random(seed)
    plots = [(plot, CHILDREN) for plot in FAMILY_PLOTS + FRIENDS_PLOTS] + [(plot, ANIMALS_WHO_TALK) for plot in FABLES]
    while True:
        plot, heroes = rng.choice(plots)
        story = _Telling(rng, heroes).tell(plot)
        if len(story.split()) <= LONGEST:
            yield story


class _Telling:
    """One story on its way: the words that its slots were filled with so far."""

    def __init__(self, rng: random.Random, heroes: dict[str, list[dict[str, str]]]):
        self.rng, self.tables = rng, TABLES | heroes
        self.words: dict[str, str] = {}
        self.rows: list[dict[str, str]] = []

    def tell(self, plot: str) -> str:
        text = self._fill(_parse(plot))
        text = SPACES.sub(lambda space: "\n" if space[0].count("\n") > 1 else " ", text).strip()
        text = AN.sub(r"\1n ", text)
        return SENTENCE_START.sub(lambda start: start[0][:-1] + start[0][-1].upper(), text)

    def _fill(self, parts: tuple) -> str:
        """The text of a template: of each choice one alternative, and a word in each slot."""
        said = []
        for kind, value in parts:
            if kind == "text":
                said.append(value)
            elif kind == "slot":
                said.append(self._word(value))
            else:
                said.append(self._fill(value[int(self.rng.random() * len(value))]))
        return "".join(said)

    def _word(self, slot: str) -> str:
        """What stands in a slot. A scene is told anew each time; a word, once drawn, stays for the whole story."""
        if slot in SCENES:
            return self._fill(_parse(SCENES[slot]))
        if slot[0].isupper():
            word = self._word(slot[0].lower() + slot[1:])
            return word[0].upper() + word[1:]
        if slot not in self.words:
            self._draw(slot)
        return self.words[slot]

    def _draw(self, slot: str) -> None:
        """A row of the slot's table: all of its columns are known from now on. {toy} and {toy2} are two rows."""
        column = slot.rstrip("23")
        table = self.tables[column]
        row = self.rng.choice(table)
        while any(row is other for other in self.rows):
            row = self.rng.choice(table)
        self.rows.append(row)
        number = slot[len(column) :]
        self.words |= {name + number: word for name, word in row.items()}


@cache
def _parse(template: str) -> tuple[tuple[str, str | tuple], ...]:
    """A template as parts: text, {slots}, and choices such as [one|two of {these}]."""
    # On the stack: for each choice that is open its alternatives, the last of them unfinished.
    stack: list[list[list]] = [[[]]]
    for token in TOKEN.findall(template):
        if token == "[":
            stack.append([[]])
        elif token == "|":
            stack[-1].append([])
        elif token == "]":
            choice = tuple(tuple(alternative) for alternative in stack.pop())
            stack[-1][-1].append(("choice", choice))
        elif token[0] == "{":
            stack[-1][-1].append(("slot", token[1:-1]))
        else:
            stack[-1][-1].append(("text", token))
    ((whole,),) = stack
    return tuple(whole)


def _main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m minillm.course.tales", description="Write simple stories to stdout."
    )
    parser.add_argument("--characters", type=int, default=1_000_000, help="how much text (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed tells other stories (default: %(default)s)")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.write(write_tales(options.characters, options.seed))


if __name__ == "__main__":
    _main()
