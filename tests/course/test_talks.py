"""The talks of lesson 22: every answer stands in the story, and a follow-up is about what the turn before was about."""

import re
from collections import Counter

import pytest

from minillm.course.talks import KINDS, write_talks
from minillm.text.chat import check_messages

TALKS = write_talks(500, seed=1)


def told(talk) -> tuple[dict[str, str], dict[str, str]]:
    """Of each animal and thing: who has it, and where it is, by the sentences of the story."""
    owned = re.findall(r"(\w+) has a (\w+) and a (\w+ \w+)\.", talk.story)
    owners = {it: child for child, *both in owned for it in both}
    return owners, dict(re.findall(r"the ([\w ]+) is ([\w ]+)\.", talk.story))


def subject(answer: str) -> str:
    """What an answer is about."""
    return re.fullmatch(r"\w+ has the ([\w ]+)\.|the ([\w ]+) is [\w ]+\.", answer).expand(r"\1\2")


def test_a_seed_is_a_set_of_talks():
    assert write_talks(5, 3) == write_talks(5, 3) != write_talks(5, 4)


def test_the_messages_are_the_story_and_a_question_and_an_answer_in_turn():
    messages = TALKS[0].messages()
    check_messages(messages)
    assert [message["content"] for message in messages[:3]] == [TALKS[0].story, *TALKS[0].turns[0][1:]]


def test_what_is_answered_is_what_the_story_says():
    for talk in TALKS:
        owners, places = told(talk)
        facts = {f"{child} has the {it}." for it, child in owners.items()} | {
            f"the {it} is {place}." for it, place in places.items()
        }
        assert len(facts) == 8
        assert {turn.answer for turn in talk.turns} <= facts


def test_a_follow_up_is_about_what_the_answer_before_was_about():
    for talk in TALKS:
        owners, _ = told(talk)
        for before, turn in zip(talk.turns, talk.turns[1:], strict=False):
            last, now = subject(before.answer), subject(turn.answer)
            if turn.kind.startswith("and"):
                assert now == last
            elif turn.kind == "what else":
                assert now != last and owners[now] == owners[last]
                pronoun = {"anna": "she", "mia": "she", "tom": "he", "ben": "he"}[owners[now]]
                assert turn.question == f"what else does {pronoun} have?"
            else:
                assert now in turn.question


def test_a_talk_opens_with_a_question_that_needs_no_other():
    assert {talk.turns[0].kind for talk in TALKS} == {"who", "where"}


def test_each_child_is_asked_about_first_as_often():
    first_child = [subject(talk.turns[0].answer) in talk.story.split(".")[0] for talk in TALKS]
    assert 200 < sum(first_child) < 300


def test_every_kind_is_asked_often():
    found = Counter(turn.kind for talk in TALKS for turn in talk.turns)
    assert found.keys() == KINDS.keys() and min(found.values()) > 200


@pytest.mark.parametrize("children", [1, 3])
def test_more_children_or_one_and_as_many_turns_as_are_asked_for(children):
    for talk in write_talks(50, children=children, turns=7):
        owners, places = told(talk)
        assert len({*owners.values()}) == children and len({*places.values()}) == 2 * children == len(owners)
        assert len(talk.turns) == 7
