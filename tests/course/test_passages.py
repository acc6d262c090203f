"""The passages of lesson 15: each answers its question, in one place, and what is held out stays out."""

from collections import Counter

import numpy as np
import pytest

from minillm.course.passages import KINDS, PEOPLE, THINGS, is_held_out, write_passages


def written(count=2000, seed=0, **settings):
    return write_passages(count, np.random.default_rng(seed), **settings)


def pairs_of(passage) -> list[tuple[str, str]]:
    """The person and the thing of each sentence."""
    sentences = passage.text.split(" .")[:-1]
    return [
        next((who, thing) for who in PEOPLE for thing in THINGS if who in text.split() and f" {thing} " in f"{text} ")
        for text in sentences
    ]


def test_a_seed_is_a_set_of_passages():
    assert written(5, 3) == written(5, 3) != written(5, 4)


def test_the_answer_stands_in_the_text_once_and_the_span_is_its_place():
    for passage in written():
        first, last = passage.span
        assert " ".join(passage.text.split()[first : last + 1]) == passage.answer
        assert f" {passage.text} ".count(f" {passage.answer} ") == 1, passage


def test_the_question_names_one_sentence_and_its_answer_is_there():
    """By its person or by its thing, which are in no other sentence."""
    for passage in written():
        sentences = [f" {text} " for text in passage.text.split(" .")[:-1]]
        (named,) = [name for name in (*PEOPLE, *THINGS) if f" {name} " in passage.question][:1]
        (asked,) = [text for text in sentences if f" {named} " in text]
        assert f" {passage.answer} " in asked
        assert f" {passage.answer} " not in passage.question


def test_all_kinds_and_lengths_are_about_equally_frequent():
    passages = written()
    for found in (Counter(each.kind for each in passages), Counter(each.text.count(" .") for each in passages)):
        share = len(passages) / len(found)
        assert all(0.85 * share < count < 1.15 * share for count in found.values()), found
    assert {each.kind for each in passages} == set(KINDS)


@pytest.mark.parametrize("unseen", [False, True])
def test_a_pair_that_is_held_out_stands_where_it_is_asked_for_or_nowhere(unseen):
    for passage in written(500, unseen=unseen):
        held_out = [is_held_out(*pair) for pair in pairs_of(passage)]
        assert sum(held_out) == unseen
        if unseen:
            words = passage.text.split(" .")[held_out.index(True)]
            assert f" {passage.answer} " in f" {words} "


def test_a_passage_of_one_sentence_can_be_had():
    assert all(passage.text.count(" .") == 1 for passage in written(20, sentences=(1,)))
