"""Talks about the stories of the course, for lesson 22: a story of two children, and questions, most of which need what was said before.

    tom has a cow and a green key. anna has a mouse and a new hat. the cow is on the bed. the new hat is behind the house. ...
    who has the new hat?            anna has the new hat.
    and where is it?                the new hat is behind the house.
    what else does she have?        anna has the mouse.
    and where is it?                the mouse is under the chair.

Children, animals, things, places and the sentences of a story are those of `stories`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from minillm.course.stories import ANIMALS, CHILDREN, LOOKS, PLACES, SENTENCES, THINGS
from minillm.text.chat import ASSISTANT, SYSTEM, USER, Message

BEGINNING, ANIMAL_IS, THING_IS = SENTENCES["en"]["beginning"], *SENTENCES["en"]["middle"][:2]
HAS, IS = "{child} has the {it}.", "the {it} is {place}."
# Each kind of question, and how it is answered. The last three can't be answered by those who know the story, and not what was said.
KINDS = {
    "who": ("who has the {it}?", HAS),
    "where": ("where is the {it}?", IS),
    "and who": ("and who has it?", HAS),
    "and where": ("and where is it?", IS),
    "what else": ("what else does {pronoun} have?", HAS),
}


class Turn(NamedTuple):
    """A question of one of the KINDS, and its answer."""

    kind: str
    question: str
    answer: str


class Talk(NamedTuple):
    """A story, which is the message of the system, and what is asked about it."""

    story: str
    turns: list[Turn]

    def messages(self) -> list[Message]:
        said = [(SYSTEM, self.story)]
        for turn in self.turns:
            said += [(USER, turn.question), (ASSISTANT, turn.answer)]
        return [{"role": role, "content": content} for role, content in said]


class _Fact(NamedTuple):
    """A child, an animal or a thing that it has, and where that is."""

    child: str
    it: str
    place: str


def write_talks(count: int, seed: int = 0, *, children: int = 2, turns: int = 4) -> list[Talk]:
    """That many talks, each about a story of its own, in which no child, animal, thing, look or place comes twice."""
    rng = np.random.default_rng(seed)
    return [_write(rng, children, turns) for _ in range(count)]


def _write(rng: np.random.Generator, children: int, turns: int) -> Talk:
    def some(choices: dict | list, count: int = children) -> list[str]:
        return [[*choices][i] for i in rng.permutation(len(choices))[:count]]

    facts, begun, more = [], [], []
    places = some(PLACES["en"], 2 * children)
    drawn = [some(words["en"]) for words in (CHILDREN, ANIMALS, LOOKS, THINGS)]
    for child, animal, look, thing in zip(*drawn, strict=True):
        slots = {
            "child": child,
            "animal": animal,
            "look": look,
            "thing": thing,
            "place": places.pop(),
            "there": places.pop(),
        }
        slots |= {"an": ANIMALS["en"][animal][0], "a": THINGS["en"][thing]}
        facts += [_Fact(child, animal, slots["place"]), _Fact(child, f"{look} {thing}", slots["there"])]
        begun.append(BEGINNING.format(**slots))
        more += [ANIMAL_IS.format(**slots), THING_IS.format(**slots)]
    story = " ".join([*begun, *some(more, len(more))]).replace(" .", ".")
    return Talk(story, list(_turns(rng, facts, turns)))


def _turns(rng: np.random.Generator, facts: list[_Fact], count: int) -> Iterator[Turn]:
    """The first question names what it is about. Most others go on from there; some begin anew."""
    fact, told = facts[0], set()  # what the talk is about, and what is known of it: "who", "where", "else"
    for _ in range(count):
        kinds = [f"and {kind}" for kind in ("who", "where") if told and kind not in told]
        kinds += ["what else"] * ("who" in told and "else" not in told)
        if not kinds or rng.random() < 0.15:
            kinds, fact, told = ["who", "where"], facts[rng.integers(len(facts))], set()
        kind = kinds[rng.integers(len(kinds))]
        if kind == "what else":
            fact, told = next(other for other in facts if other.child == fact.child and other.it != fact.it), {"else"}
        question, answer = KINDS[kind]
        told = told | {"who" if answer == HAS else "where"}
        slots = fact._asdict() | {"pronoun": CHILDREN["en"][fact.child]}
        yield Turn(kind, question.format(**slots), answer.format(**slots))
