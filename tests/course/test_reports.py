"""The match reports of lesson 16: their summaries can be found out by counting, and only so."""

import re
from collections import Counter

import numpy as np
import pytest

from minillm.course.reports import PLAYERS, TEAMS, TOWNS, WEATHER, is_held_out, write_reports

GOAL = re.compile(r"(\w+) scored for the (\w+)")
SUMMARY = re.compile(r"(\w+) (beat|and) (\w+) (draw )?(\d to \d)(?: in (\w+ \w+))?(?: , (\w+) decides)?")


def written(count=1000, seed=0, **settings):
    return write_reports(count, np.random.default_rng(seed), **settings)


def goals_of(report) -> list[tuple[str, str]]:
    """The team and the player of each goal, in the order in which they are told."""
    return [(team, player) for player, team in GOAL.findall(report.text)]


def meeting_of(report) -> list[str]:
    return re.search(r"the (\w+) (?:met|were host to) the (\w+) \.", report.text).groups()


def test_a_seed_is_a_set_of_reports():
    assert written(5, 3) == written(5, 3) != written(5, 4)


def test_a_report_and_its_summary():
    assert written(1, 52) == [
        (
            "the sun was shining in denby . the eagles met the ravens . liam scored for the eagles . carl scored for the ravens . "
            "only a few had come . kate scored for the ravens .",
            "ravens beat eagles 2 to 1",
            {"first": "ravens", "second": "eagles", "score": "2 to 1", "place": "sunny denby"},
        )
    ]


def test_the_score_is_how_many_goals_are_told_and_who_has_more_is_named_first():
    for report in written():
        goals = Counter(team for team, _ in goals_of(report))
        first, second = report.facts["first"], report.facts["second"]
        assert report.facts["score"] == f"{goals[first]} to {goals[second]}" and goals[first] >= goals[second]
        assert {first, second} == {*meeting_of(report)}


def test_after_a_draw_the_team_that_the_report_names_first_is_named_first():
    draws = [report for report in written() if " draw " in report.summary]
    assert all([each.facts["first"], each.facts["second"]] == [*meeting_of(each)] for each in draws)
    assert 280 < len(draws) < 390  # a third: three of nine scores


def test_who_scored_the_only_goal_is_told():
    for report in written():
        goals = goals_of(report)
        assert report.facts.get("decider") == (goals[0][1] if len(goals) == 1 else None)


def test_a_summary_says_the_facts_and_two_of_five_name_the_place():
    named = 0
    for report in written():
        first, verb, second, draw, score, place, decider = SUMMARY.fullmatch(report.summary).groups()
        found = {"first": first, "second": second, "score": score, "place": report.facts["place"]}
        assert report.facts == (found | {"decider": decider} if decider else found)
        assert (verb == "and") == bool(draw) == (score[0] == score[-1]) and place in (None, report.facts["place"])
        named += place is not None
    assert 350 < named < 450


def test_all_scores_are_equally_frequent():
    """A pair of scores comes twice as often as a draw: it can go to either team."""
    scores = Counter(report.facts["score"] for report in written(4000))
    assert len(scores) == 6
    for score, count in scores.items():
        assert 0.8 < count / (4000 / 9 if score[0] == score[-1] else 8000 / 9) < 1.2, score


def test_no_player_is_told_of_twice():
    for report in written():
        players = [word for word in report.text.split() if word in PLAYERS]
        assert len(players) == len({*players})


def test_the_weather_and_the_town_stand_in_the_first_sentence_alone():
    for report in written():
        first, rest = report.text.split(" .", 1)
        weather, town = first.rsplit(" in ", 1)
        assert report.facts["place"] == f"{WEATHER[weather]} {town}" and not {*rest.split()} & {*TOWNS}


@pytest.mark.parametrize("unseen", [False, True])
def test_teams_that_are_held_out_meet_where_it_is_asked_for_and_nowhere_else(unseen):
    met = {frozenset(meeting_of(report)) for report in written(unseen=unseen)}
    assert met == {
        frozenset((one, other)) for one in TEAMS for other in TEAMS if one < other and is_held_out(one, other) == unseen
    }
    assert all(sum(is_held_out(team, other) for other in TEAMS) == 1 for team in TEAMS)


def test_news_begin_with_the_result_and_go_on_as_a_report():
    for report in written(news=True):
        result, weather, _ = report.text.split(" . ", 2)
        assert {*report.facts["score"].split(), *list(report.facts.values())[:2], *report.facts["place"].split()} <= {
            *result.split()
        }
        assert weather.endswith(f" in {report.facts['place'].split()[1]}")
    assert not any(re.search(r"\d", report.text) for report in written())


def test_more_goals_can_be_had():
    assert {report.facts["score"][0] for report in written(most=5)} == {*"012345"}
