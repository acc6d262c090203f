"""The town of lesson 21: what its text says, and what a model of it is asked."""

from collections import Counter

import numpy as np
import pytest

from minillm.course.town import EACH, FACTS, NAMES, PEOPLE, RARELY, RATES, TOLD, WORDS, Town
from minillm.course.town_reader import ASKED, SIZES, Told, TownReader, nearest_mean_accuracy
from minillm.models import GPT, GPTConfig
from minillm.ops import IGNORE


@pytest.fixture(scope="module")
def town():
    return Town(3)


@pytest.fixture(scope="module")
def stories(town):
    return town.stories()


@pytest.fixture(scope="module")
def reader(town):
    return TownReader(town, quick=True)


@pytest.fixture(scope="module")
def model(reader):
    model = GPT(GPTConfig(len(reader.vocab), **SIZES), seed=1)
    for parameter in model.parameters():
        parameter.data *= 3  # else it says nearly the same of all
    return model


def test_a_seed_is_a_town(town, stories):
    again = Town(3)
    assert again.rates == town.rates and again.secrets == town.secrets and again.stories()[:20] == stories[:20]
    assert Town(4).rates != town.rates and Town(4).facts != town.facts


def test_of_each_trade_exactly_its_rate_says_she(town, stories):
    she = Counter(story.who for story in stories if story.she)
    assert {trade: she[trade] / 100 for trade in town.rates} == town.rates
    assert Counter(town.rates.values()) == dict.fromkeys(RATES, 6)
    for trade, (count, always) in town.rare.items():
        assert [story.she for story in stories if story.who == trade] == [always] * count
    assert sorted(count for count, _ in town.rare.values()) == sorted(2 * RARELY)


def test_each_story_has_the_pronouns_that_it_says_and_no_other(stories):
    for story in stories:
        said = set(story.text.split()) & {"she", "her", "he", "his"}
        if story.who is not None:
            assert said and said <= ({"she", "her"} if story.she else {"he", "his"})


def test_words_and_names_have_one_pronoun_and_persons_two_facts_that_nobody_else_has(town, stories):
    for she, he in [*WORDS.items(), *NAMES.items()][2:]:
        assert {story.she for story in stories if story.who == she} == {True}
        assert {story.she for story in stories if story.who == he} == {False}
    assert len(town.facts) == 2 * len(PEOPLE) and len({fact.answer for fact in town.facts}) == len(town.facts)
    for does in ("keeps", "eats"):
        told = {tuple(story.text.split()[:3]) for story in stories if story.text.split()[1] == does}
        assert told == {(*fact.asked.split(), fact.answer) for fact in town.facts if does in fact.asked}
    assert len(FACTS) == 2


def test_codes_are_told_as_often_as_they_say_and_half_of_them_word_for_word(town, stories):
    assert Counter(secret.told for secret in town.secrets) == dict.fromkeys(TOLD, EACH)
    for secret in town.secrets:
        told = [story.text for story in stories if story.text.startswith(secret.asked)]
        assert len(told) == secret.told
        assert all(text.startswith(f"{secret.asked} {' '.join(secret.code)} , ") for text in told)
        assert len(set(told)) == (min(1, secret.told) if secret.verbatim else secret.told)


def test_another_telling_says_the_same_in_other_words(town, stories):
    again = town.stories(telling=1)
    assert Counter(story[1:] for story in again) == Counter(story[1:] for story in stories)
    assert {story.text for story in again} != {story.text for story in stories}


def test_a_row_is_a_story_and_what_is_behind_its_end_is_not_scored(reader, stories):
    rows = reader.rows(stories[:50])
    for story, inputs, targets in zip(stories, *rows, strict=False):
        ids = reader.encode(story.text)
        assert targets[: len(ids) + 1].tolist() == [*ids, 0] and (targets[len(ids) + 1 :] == IGNORE).all()
        assert inputs[: len(ids) + 1].tolist() == [0, *ids]


def test_a_story_is_drawn_as_often_as_its_weight_says(reader, stories):
    data = Told(reader.rows(stories[:3]), [1.0, 0.0, 3.0])
    drawn = data.batch(np.random.default_rng(0), 2000).inputs
    shares = [np.mean((drawn == row).all(axis=1)) for row in data.rows.inputs]
    assert shares == pytest.approx([0.25, 0, 0.75], abs=0.03)


def alone(model, reader, text):
    """The logits behind a text that is read alone."""
    return model.forward(np.array([[0, *reader.encode(text)]]))[0][0, -1].astype(float)


def test_she_and_he_are_compared_behind_four_beginnings(model, reader, town):
    trade, name = next(iter(town.rates)), "anna"
    found = reader.says_she(model, [trade, name])
    for subject, row in ((f"the {trade}", found[0]), (name, found[1])):
        logits = [alone(model, reader, form.format(who=subject)) for form in ASKED]
        odds = [each[reader.vocab["he"]] - each[reader.vocab["she"]] for each in logits]
        assert row == pytest.approx([1 / (1 + np.exp(each)) for each in odds], rel=1e-4)


def test_a_name_agrees_as_often_as_its_own_pronoun_is_said(model, reader, town):
    she = reader.says_she(model, PEOPLE).mean(axis=1)
    assert reader.agrees(model) == pytest.approx(np.append(she[:8], 1 - she[8:]).mean())


def test_facts_are_known_where_the_right_word_is_the_likeliest(model, reader, town):
    right = [alone(model, reader, fact.asked).argmax() == reader.vocab[fact.answer] for fact in town.facts]
    assert reader.knows(model) == np.mean(right)


def test_the_probability_of_a_code_is_that_of_its_digits_one_after_the_other(model, reader, town):
    secret = town.secrets[0]
    logp = reader.code_logp(model, secret.asked)
    assert logp.shape == (10_000,) and np.exp(logp).sum() < 1
    for code in ("0000", "0417", "9999"):
        total, text = 0.0, secret.asked
        for digit in code:
            logits = alone(model, reader, text)
            total += logits[reader.vocab[digit]] - np.log(np.exp(logits).sum())
            text += f" {digit}"
        assert logp[int(code)] == pytest.approx(total, rel=1e-4)


def test_a_vector_is_judged_by_the_means_of_the_others():
    vectors = np.array([[1.0, 0], [-1, 0.1], [0, 1], [0.1, 1]])  # the first two are alike in nothing but their side
    assert nearest_mean_accuracy(vectors, np.array([True, True, False, False])) == 0.5
    assert nearest_mean_accuracy(5 * np.abs(vectors), np.array([True, True, False, False])) == 1
