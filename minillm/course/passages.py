"""Little passages of who did what, where and when, and questions whose answers stand in them.

    at noon , a blue vase was found by emil at the harbour . dora sold a kite in rome in may .
    what did emil find ?        a blue vase

A question names its sentence in other words: *find* and not *found*, active and not passive, the person and not the thing. So it takes two
steps to answer it. Which words of the passage are of the question, and what stands in the same sentence as they?
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

PEOPLE = [
    "anna", "ben", "carl", "dora", "emil", "fred", "gina", "hugo", "iris", "jack", "kate", "liam", "mona", "nils", "olga",
    "paul",
]  # fmt: skip
THINGS = [
    "bike", "red hat", "map", "old clock", "flute", "blue vase", "lamp", "wooden chair", "kite", "green coat", "radio",
    "silver ring", "boat", "small dog", "piano", "white horse",
]  # fmt: skip
PLACES = [
    "at the market", "at the harbour", "in paris", "at the station", "in london", "at the old mill", "in rome",
    "in the garden", "in berlin", "at the library", "in vienna", "at the farm",
]  # fmt: skip
TIMES = [
    "on monday", "on tuesday", "on friday", "in spring", "in winter", "last year", "at noon", "in the evening",
    "on sunday morning", "in may", "at night", "in autumn",
]  # fmt: skip
VERBS = {"bought": "buy", "sold": "sell", "lost": "lose", "found": "find", "painted": "paint", "repaired": "repair"}
KINDS = ("who", "what", "where", "when")

FORMS = [
    "{who} {did} {what} {where} {when} .",
    "{when} {who} {did} {what} {where} .",
    "{where} {who} {did} {what} {when} .",
    "{when} , {what} was {did} by {who} {where} .",
]
QUESTIONS = {
    "who": ["who {did} the {thing} ?", "by whom was the {thing} {did} ?"],
    "what": ["what did {who} {do} ?"],
    "where": ["where did {who} {do} the {thing} ?", "where was {who} ?"],
    "when": ["when did {who} {do} the {thing} ?", "when was the {thing} {did} ?"],
}


class Passage(NamedTuple):
    """Words, with a space between two; a question that the passage answers; and what kind of question it is."""

    text: str
    question: str
    answer: str  # stands in the text once
    kind: str  # who, what, where or when

    @property
    def span(self) -> tuple[int, int]:
        """The answer's first and last word, counted in the text from 0."""
        words, answer = self.text.split(), self.answer.split()
        first = next(i for i in range(len(words)) if words[i : i + len(answer)] == answer)
        return first, first + len(answer) - 1


def is_held_out(person: str, thing: str) -> bool:
    """Whether this person has to do with this thing in no passage whose `unseen` is False: of all pairs, every eighth."""
    return (3 * PEOPLE.index(person) + THINGS.index(thing)) % 8 == 0


def write_passages(
    count: int, rng: np.random.Generator, *, sentences: Sequence[int] = (2, 3, 4), unseen: bool = False
) -> list[Passage]:
    """That many passages of so many sentences, each with a question. No person, thing, place or time comes twice in a passage.

    `unseen` False: no person stands with a thing with which he is held out. True: the sentence that answers has such a pair.
    """
    return [_write(rng, int(rng.choice(sentences)), unseen) for _ in range(count)]


def _write(rng: np.random.Generator, count: int, unseen: bool) -> Passage:
    asked = int(rng.integers(count))
    while True:
        people, things = _some(rng, PEOPLE, count), _some(rng, THINGS, count)
        held_out = [i for i in range(count) if is_held_out(people[i], things[i])]
        if held_out == ([asked] if unseen else []):
            break
    verbs = _some(rng, list(VERBS), count, again=True)
    where, when = _some(rng, PLACES, count), _some(rng, TIMES, count)
    facts = [
        {"who": people[i], "thing": things[i], "what": _with_article(things[i]), "did": verbs[i], "do": VERBS[verbs[i]]}
        | {"where": where[i], "when": when[i]}
        for i in range(count)
    ]
    text = " ".join(FORMS[rng.integers(len(FORMS))].format(**fact) for fact in facts)
    kind = KINDS[rng.integers(len(KINDS))]
    forms = QUESTIONS[kind]
    question = forms[rng.integers(len(forms))].format(**facts[asked])
    return Passage(text, question, facts[asked][kind], kind)


def _with_article(thing: str) -> str:
    return f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"


def _some(rng: np.random.Generator, choices: Sequence[str], count: int, *, again: bool = False) -> list[str]:
    """So many of the choices, and none twice unless `again`."""
    return [choices[i] for i in rng.choice(len(choices), size=count, replace=again)]
