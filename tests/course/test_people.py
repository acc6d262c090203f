"""Facts in two languages: one is the translation of the other, and what is asked in a language was never told in it."""

from minillm.course.people import NAMES, RELATIONS, Fact, most_frequent, rows_of, tell, write_facts
from minillm.ops import IGNORE


def test_a_fact_says_the_same_in_both_languages():
    names, answers = dict(NAMES), {en: zh for table in RELATIONS.values() for en, zh in table.items()}
    facts = write_facts(seed=3)
    assert len(facts) == 300
    for english, chinese in facts:
        assert (names[english[0]], answers[english[-2]]) == (chinese[0], chinese[-2])


def test_everybody_has_one_fact_of_each_kind():
    told = {(fact.english[0], fact.english[-3]) for fact in write_facts(people=20)}
    assert len(told) == 60 and len({name for name, _ in told}) == 20


def test_shared_names_change_the_names_alone():
    for own, shared in zip(write_facts(), write_facts(shared_names=True), strict=True):
        assert shared.english == own.english and shared.chinese[1:] == own.chinese[1:]
        assert shared.chinese[0] == shared.english[0] != own.chinese[0]


def test_what_is_asked_was_told_in_the_other_language_only():
    facts = write_facts()
    texts, once = tell(facts, 0.25)
    assert len(texts) == 300 + 75 and len(once) == 225
    assert all(told in texts and other not in texts for told, other in once)
    assert {told[-1] for told, _ in once} == {".", "。"}


def test_side_by_side_a_sentence_stands_before_and_behind_its_translation():
    (fact,) = write_facts()[:1]
    texts, once = tell([fact], 1.0, side_by_side=True)
    assert texts == [*fact, fact.english + fact.chinese, fact.chinese + fact.english] and not once


def test_the_most_frequent_answer_is_counted_for_each_kind_of_its_own():
    said = ["a lives in rome .", "b lives in rome .", "c lives in oslo .", "a likes tea .", "b likes milk ."]
    assert most_frequent([Fact(text.split(), []) for text in said]) == 60


def test_rows_ask_for_each_next_word_and_for_nothing_behind_the_end():
    ids, targets = rows_of([["a", "b", "c"], ["c", "a"]], {"a": 1, "b": 2, "c": 3})
    assert ids.tolist() == [[1, 2], [3, 1]] and targets.tolist() == [[2, 3], [1, IGNORE]]
