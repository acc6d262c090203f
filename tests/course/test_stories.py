"""The corpus of the course: the same stories in two languages, and nothing asked that was not told."""

import pytest

from minillm.course import EXAMPLE, write_stories
from minillm.course.stories import PLACES


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_seed_is_a_corpus(language):
    assert write_stories(5, 1, language) == write_stories(9, 1, language)[:5] != write_stories(5, 2, language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_slot_is_left_and_the_example_has_words_of_the_corpus(language):
    words = {word for story in write_stories(300, 0, language) for word in story}
    assert not any("{" in word for word in words) and set(EXAMPLE[language]) <= words and len(words) < 80


def test_the_languages_tell_the_same():
    stories = zip(write_stories(50, 3), write_stories(50, 3, "zh"), strict=True)
    for english, chinese in stories:
        assert english.count(".") + english.count("?") == chinese.count("。") + chinese.count("？")
        assert english.count("?") == chinese.count("？")


def test_only_what_was_told_is_asked_for():
    for story in write_stories(300, 4):
        text = " ".join(story)
        for place in PLACES["en"]:
            if f"? it is {place}" in text:
                assert place in text[: text.index("?")]
