"""Little reports of matches, and the line that sums each up. No sentence of a report says who won: the goals must be counted.

    rain fell all day in colton . the owls met the reds . emil scored for the reds . anna scored for the owls . kate scored for the reds .
    reds beat owls 2 to 1 in rainy colton

News tell the result at once, and everything else afterwards.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

TEAMS = [
    "reds", "blues", "lions", "hawks", "bears", "foxes", "wolves", "owls",
    "tigers", "eagles", "sharks", "rams", "bulls", "colts", "ravens", "hornets",
]  # fmt: skip
PLAYERS = ["anna", "ben", "carl", "dora", "emil", "fred", "gina", "hugo", "iris", "jack", "kate", "liam"]
TOWNS = ["ashford", "bradley", "colton", "denby", "elmswood", "farley", "grafton", "hilton"]

WEATHER = {  # as the report has it, and the summary
    "it was a cold morning": "cold",
    "rain fell all day": "rainy",
    "the sun was shining": "sunny",
    "a strong wind blew": "windy",
}
MEETINGS = ["the {first} met the {second}", "the {first} were host to the {second}"]
TALK = [
    "many people came to watch", "the ground was full", "only a few had come", "music was playing before it began",
    "the referee was strict", "two players were hurt", "both sides were nervous at first", "the grass was wet",
    "nobody wanted to lose", "the coach looked worried",
]  # fmt: skip

WON = "{first} beat {second} {score}"
DREW = "{first} and {second} draw {score}"
WON_NEWS = "the {first} beat the {second} {score} in {place}"
DREW_NEWS = "the {first} and the {second} draw {score} in {place}"


class Report(NamedTuple):
    """A report and its summary, words with a space between two."""

    text: str
    summary: str
    facts: dict[str, str]  # first and second team, score, place; and decider, where a single goal was scored


def is_held_out(team: str, other: str) -> bool:
    """Whether these two meet in no report whose `unseen` is False. Each team has one such opponent."""
    return TEAMS.index(team) + TEAMS.index(other) == len(TEAMS) - 1


def write_reports(
    count: int, rng: np.random.Generator, *, unseen: bool = False, news: bool = False, most: int = 2
) -> list[Report]:
    """That many reports of matches in which a team scores 0 to `most` goals, all numbers equally often; `most` is 5 at most.

    A summary names the winner first, and after a draw the team that the report names first. Two of five name the place. Where a single goal
    was scored, all say by whom: that one decides.
    `unseen` False: no two teams meet that are held out. True: only such meet. `news`: the first sentence has the result and the place.
    """
    return [_write(rng, unseen, news, most) for _ in range(count)]


def _write(rng: np.random.Generator, unseen: bool, news: bool, most: int) -> Report:
    while True:
        teams = _some(rng, TEAMS, 2)
        if is_held_out(*teams) == unseen:
            break
    weather, town = _one(rng, [*WEATHER]), _one(rng, TOWNS)
    counts = rng.integers(most + 1, size=2)
    scoring = rng.permutation(np.repeat([0, 1], counts))  # whose each goal is
    players = _some(rng, PLAYERS, len(scoring))
    goals = [f"{player} scored for the {teams[side]}" for player, side in zip(players, scoring, strict=True)]
    talk = _some(rng, TALK, int(rng.integers(1, 4)))

    winner = int(counts[1] > counts[0])  # after a draw the team that is named first
    facts = {"first": teams[winner], "second": teams[1 - winner], "score": f"{counts.max()} to {counts.min()}"}
    facts["place"] = f"{WEATHER[weather]} {town}"
    if len(players) == 1:
        facts["decider"] = players[0]
    drew = counts[0] == counts[1]
    sentences = [f"{weather} in {town}", _one(rng, MEETINGS).format(first=teams[0], second=teams[1])]
    if news:
        sentences.insert(0, (DREW_NEWS if drew else WON_NEWS).format(**facts))
    summary = (DREW if drew else WON).format(**facts)
    if rng.random() < 0.4:
        summary += f" in {facts['place']}"
    if "decider" in facts:
        summary += f" , {facts['decider']} decides"
    return Report(" . ".join([*sentences, *_mixed(rng, goals, talk)]) + " .", summary, facts)


def _mixed(rng: np.random.Generator, in_order: Sequence[str], others: Sequence[str]) -> list[str]:
    """All of them; those of `in_order` keep their order."""
    mixed = list(in_order)
    for other in others:
        mixed.insert(int(rng.integers(len(mixed) + 1)), other)
    return mixed


def _one(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[rng.integers(len(choices))]


def _some(rng: np.random.Generator, choices: Sequence[str], count: int) -> list[str]:
    """So many of the choices, and none twice."""
    return [choices[i] for i in rng.choice(len(choices), size=count, replace=False)]
