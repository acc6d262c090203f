"""The tales for pretraining: good English, and so many that no two are alike."""

import itertools
import re
import subprocess
import sys

import pytest

from minillm.course.tales import tell_tales, write_tales
from minillm.course.tales_fables import FABLES
from minillm.course.tales_family import FAMILY_PLOTS
from minillm.course.tales_friends import FRIENDS_PLOTS
from minillm.course.tales_words import ANIMALS_WHO_TALK, CHILDREN, TABLES

SHE, HE = {"she", "her", "herself"}, {"he", "him", "his", "himself"}
PEOPLE = {
    row[column]: row[pronoun]
    for table, column, pronoun in (
        (CHILDREN["child"], "child", "he"),
        (ANIMALS_WHO_TALK["child"], "child", "he"),
        (TABLES["elder"], "elder", "elder_he"),
        (TABLES["relative"], "relative", "relative_he"),
        (TABLES["neighbour"], "neighbour", "neighbour_he"),
    )
    for row in table
}


@pytest.fixture(scope="module")
def tales() -> list[str]:
    return list(itertools.islice(tell_tales(seed=3), 5000))


def test_a_seed_is_a_text_and_a_longer_text_begins_with_the_shorter():
    text = write_tales(20_000, seed=1)
    assert write_tales(50_000, seed=1).startswith(text) and not write_tales(50_000, seed=2).startswith(text[:500])
    assert 18_000 < len(text) <= 20_000 and text.endswith("\n\n")


def test_the_module_writes_the_same_text_to_stdout():
    command = [sys.executable, "-m", "minillm.course.tales", "--characters", "5000", "--seed", "4"]
    assert subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8") == write_tales(5000, seed=4)


def test_no_two_tales_are_alike(tales):
    assert len({tale.split("\n", 1)[1] for tale in tales}) == 5000


def test_a_tale_is_short_and_has_a_few_paragraphs(tales):
    assert all(80 <= len(tale.split()) <= 200 and 3 <= tale.count("\n") + 1 <= 7 for tale in tales)


def test_there_are_many_plots():
    assert len(FAMILY_PLOTS + FRIENDS_PLOTS + FABLES) >= 30


def test_the_words_are_enough_to_tell_of_everything_and_few_enough_to_be_learned():
    words = set(re.findall(r"[a-z]+", write_tales(1_000_000).lower()))
    assert 1200 < len(words) < 2500


def test_no_slot_or_choice_is_left_open_and_no_space_is_astray(tales):
    for tale in tales:
        assert not re.search(
            r"[\[\]{}|_\d\"']|  | \n|\n |\n\n|“ | [”,.!?;]|[.,!?]{2}|\b(\w+) \1\b(?<!that that)(?<!had had)", tale
        ), tale


def test_a_and_an_are_right(tales):
    for tale in tales:
        assert not re.search(r"\b[Aa] (?!on(?:e|ce)\b|us|uni)(?:[aeiou]|hour|honest)", tale), tale
        assert not re.search(r"\b[Aa]n (?!hour|honest|[aeiou])", tale), tale


def test_a_sentence_begins_with_a_capital_and_ends_with_a_mark(tales):
    for tale in tales:
        lines = tale.split("\n")
        # The first line may be a title.
        for line in lines if re.search(r"[.!?]”?$", lines[0]) else lines[1:]:
            assert re.match(r"“?[A-Z]", line) and re.search(r"[.!?]”?$", line), line
            assert not re.search(r"[.!?] “?[a-z]|\.” “?[a-z]|[a-z]” [A-Z]", line), line


def test_quotation_marks_are_in_pairs(tales):
    for tale in tales:
        for line in tale.split("\n"):
            assert re.sub("[^“”]", "", line).replace("“”", "") == "", line


def test_a_pronoun_agrees_with_the_only_people_who_are_named(tales):
    checked = 0
    names = re.compile(r"\b(" + "|".join(sorted(map(re.escape, PEOPLE), key=len, reverse=True)) + r")(?!\w)")
    for tale in tales:
        pronouns = {PEOPLE[name] for name in names.findall(tale)}
        if len(pronouns) == 1:
            checked += 1
            assert not set(re.findall(r"\w+", tale.lower())) & (HE if pronouns == {"she"} else SHE), tale
    assert checked > 500
