"""The sentences of the course in two languages: a seed is a corpus, Chinese has its own order, and some words never meet."""

import itertools

import pytest

from minillm.course import write_translations
from minillm.course.translations import ADJECTIVES, ANIMALS, PLACES, THINGS, TIMES, VERBS, is_held_out

MEASURES = {chinese: measure for chinese, measure in THINGS.values()}


def meetings_of_words(english: str) -> set[tuple[str, str]]:
    """Which verbs and adjectives stand with which things, in the singular."""
    one_of = {form: forms[0] for forms in THINGS for form in forms}
    words, found, at_hand = english.split(), set(), []
    for word in words:
        if word in VERBS:
            at_hand = [word]
        elif word in ADJECTIVES:
            at_hand.append(word)
        elif word in one_of:
            found |= {(other, one_of[word]) for other in at_hand}
    return found


def test_a_seed_is_a_corpus():
    assert write_translations(5, 1) == write_translations(9, 1)[:5] != write_translations(5, 2)


def test_a_plain_sentence_word_for_word():
    assert write_translations(1, depths=(0,)) == [
        ("the farmer lost ten strange skirts in the market last week .", "农民上个星期在市场上丢了十条奇怪的裙子。")
    ]


def test_time_and_place_stand_before_the_verb_in_chinese_and_last_in_english():
    for english, chinese in write_translations(300, depths=(0,)):
        where = next(place for place in PLACES if f" {place} " in english)
        when = next(time for time in TIMES if english.endswith(f" {where} {time} ."))
        before, verb = chinese.split(TIMES[when] + PLACES[where])
        assert "了" not in before and verb.count("了") == 1 and verb.endswith("。")


def test_every_number_is_followed_by_the_measure_word_of_its_thing():
    for english, chinese in write_translations(300, depths=(0,)):
        if thing := next((thing for one, thing in THINGS.items() if {*one} & {*english.split()}), None):
            number_and_rest = chinese.split("了")[1]
            assert number_and_rest[1] == thing[1] and number_and_rest.removesuffix("。").endswith(thing[0])


def test_an_old_animal_is_not_old_in_the_word_of_things():
    for english, chinese in write_translations(500, depths=(0,)):
        if " old " in english:
            is_animal = any(one in ANIMALS and {one, several} & {*english.split()} for one, several in THINGS)
            assert ("老" in chinese.split("了")[1], "旧" in chinese) == (is_animal, not is_animal)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_depth_is_the_number_of_clauses_that_stand_in_each_other(depth):
    for english, chinese in write_translations(50, depths=(depth,)):
        assert english.split().count("who") == depth and chinese.count("了") == depth + 1


def test_a_clause_stands_before_its_noun_in_chinese_from_the_innermost_outwards():
    assert write_translations(1, seed=4, depths=(2,)) == [
        (
            "the neighbour who recognised the painter who stole ten fish saw two beautiful umbrellas in the garden this morning .",
            "认出了偷了十条鱼的画家的邻居今天早上在花园里看见了两把漂亮的雨伞。",
        )
    ]


def test_depths_are_equally_frequent():
    written = write_translations(600, depths=(0, 1, 2))
    counts = [sum(english.split().count("who") == depth for english, _ in written) for depth in range(3)]
    assert sum(counts) == 600 and min(counts) > 150


def test_what_is_held_out_never_meets_unless_it_is_asked_for():
    for english, _ in write_translations(500):
        assert not any(is_held_out(*pair) for pair in meetings_of_words(english))
    for english, _ in write_translations(200, unseen=True):
        assert any(is_held_out(*pair) for pair in meetings_of_words(english))


def test_each_word_is_held_out_with_two_things_and_each_thing_with_two_words():
    things = [one for one, _ in THINGS]
    for word in (*VERBS, *ADJECTIVES):
        assert sum(is_held_out(word, thing) for thing in things) == 2
    for thing in things:
        assert [sum(is_held_out(word, thing) for word in table) for table in (VERBS, ADJECTIVES)] == [1, 1]
    assert is_held_out("old", "cat") and not any(is_held_out("old", other) for other in ANIMALS if other != "cat")


def test_all_that_is_not_held_out_meets():
    met = set().union(*(meetings_of_words(english) for english, _ in write_translations(3000)))
    words = (*VERBS, *ADJECTIVES)
    assert met == {(word, thing) for word in words for thing, _ in THINGS if not is_held_out(word, thing)}


def test_english_has_its_articles_and_plurals():
    for english, _ in write_translations(1000):
        words = english.split()
        for article, word in itertools.pairwise(words):
            if article in ("a", "an"):
                assert (article == "an") == (word[0] in "aeiou")
