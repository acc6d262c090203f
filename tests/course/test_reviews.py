"""The reviews of the course: a seed is a corpus, the mood is in the words, and who knows few words writes with few."""

import subprocess
import sys

import pytest

from minillm.course import reviews, write_reviews
from minillm.course.reviews import BLAME, HATED, LOVED, PRAISE


def words_of(written) -> set[str]:
    return {word for review in written for word in review.text.split()}


def test_a_seed_is_a_corpus():
    assert write_reviews(5, 1) == write_reviews(9, 1)[:5] != write_reviews(5, 2)


def test_reviews_have_three_to_five_sentences_and_half_of_them_praise():
    written = write_reviews(1000)
    assert {review.text.count(" .") for review in written} == {3, 4, 5}
    assert 0.45 < sum(review.praises for review in written) / 1000 < 0.55
    assert not any("{" in review.text for review in written)


def test_the_mood_is_in_the_words_and_after_not_it_is_the_other():
    for review in write_reviews(1000):
        other = BLAME if review.praises else PRAISE
        tokens = review.text.split()
        denied = {place for place, word in enumerate(tokens) if tokens[place - 1] == "not"}
        assert all((word in other) == (place in denied) for place, word in enumerate(tokens) if word in PRAISE + BLAME)
        assert not set(tokens) & set(HATED if review.praises else LOVED)


def test_all_words_stand_in_many_reviews():
    assert {*PRAISE, *BLAME, *LOVED, *HATED} <= words_of(write_reviews(1000))
    assert len(PRAISE) == len(BLAME) == 24 and not set(PRAISE) & set(BLAME)


@pytest.mark.parametrize(("known", "words", "verbs"), [(0.25, 6, 2), (0.5, 12, 3)])
def test_who_knows_few_words_writes_with_those(known, words, verbs):
    used = words_of(write_reviews(1000, known=known))
    assert used & {*PRAISE, *BLAME} == {*PRAISE[:words], *BLAME[:words]}
    assert used & {*LOVED, *HATED} == {*LOVED[:verbs], *HATED[:verbs]}


def test_a_review_is_about_one_thing():
    for review in write_reviews(300):
        kinds = [kind for kind, things in reviews.THINGS.items() if set(things) & set(review.text.split())]
        assert len(kinds) <= 1


def test_the_module_writes_reviews_and_labels_to_stdout():
    for labels in (False, True):
        command = [sys.executable, "-W", "error", "-m", "minillm.course.reviews", "--count", "5", "--seed", "4"]
        written = subprocess.run([*command, *["--labels"] * labels], capture_output=True, check=True).stdout.decode()
        expected = write_reviews(5, seed=4)
        mood = {True: "praise", False: "blame"}
        assert written.splitlines() == [
            f"{review.text}\t{mood[review.praises]}" if labels else review.text for review in expected
        ]
