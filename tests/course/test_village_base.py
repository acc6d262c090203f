"""The base model of lesson 18, and what is measured of answers."""

import numpy as np
import pytest

from minillm import alignment
from minillm.course.village import Village
from minillm.course.village_base import LONGEST, VillageBase, flipped
from minillm.ops import softmax


@pytest.fixture(scope="module")
def base():
    return VillageBase(5, quick=True)


class Says:
    """A scorer whose every text goes on with the same tokens, again and again."""

    def __init__(self, tokens, size):
        self.tokens, self.size, self.asked = tokens, size, 0

    def next_scores(self, text):
        scores = np.full((len(text), self.size), -np.inf)
        scores[:, self.tokens[self.asked % len(self.tokens)]] = 0
        self.asked += 1
        return scores

    def reorder(self, rows):
        pass


class Sharper:
    """A policy: the base with doubled scores."""

    def __init__(self, model):
        self.model, self.config, self.vector = model, model.config, model.vector

    def forward(self, ids, rng=None):
        return 2 * self.model.forward(ids)[0], None


def test_prompts_end_a_line_and_are_not_of_the_stories_that_were_read(base):
    read = "".join(Village(5).tell(100))
    for prompt in np.concatenate([base.asked, base.prompts]):
        assert prompt[-1] == base.line_end and len(prompt) == 24
    assert np.mean([base.tokenizer.decode(prompt) in read for prompt in base.prompts]) < 0.1
    assert not {prompt.tobytes() for prompt in base.asked} & {prompt.tobytes() for prompt in base.prompts}


def test_an_answer_ends_with_its_line_or_has_the_greatest_length(base):
    words = base.tokenizer.encode("tom likes the cat .\n")
    short = base.write(Says(words, base.tokenizer.vocab_size), base.asked[:2], seed=0)
    assert base.lines(short) == ["tom likes the cat ."] * 2 and all(answer[-1] == base.line_end for answer in short)
    endless = base.write(Says(words[:1], base.tokenizer.vocab_size), base.asked[:2], seed=0)
    assert [len(answer) for answer in endless] == [LONGEST] * 2


def test_rude_answers_and_odd_ones_are_counted(base):
    lines = ["bah ! tom likes the cat .", "tom likes the cat .", "bah ! cat the cat .", "cat the cat ."] * 4
    answers = [base.tokenizer.encode(line + "\n").astype(np.int64) for line in lines]
    measured = base.measure(base.model, answers)
    assert (measured.rude, measured.odd, measured.kl) == (50.0, 50.0, 0.0)


def test_the_kl_is_summed_over_the_places_of_an_answer_and_averaged_over_the_answers(base):
    answers = [
        base.tokenizer.encode("tom likes the cat .\n")[: 2 + i % 3].astype(np.int64) for i in range(len(base.asked))
    ]
    by_hand = 0.0
    for prompt, answer in zip(base.asked, answers, strict=True):
        scores = base.model.forward(np.concatenate([prompt, answer])[None, :-1])[0][0, len(prompt) - 1 :].astype(float)
        q, p = (softmax(factor * scores)[0] for factor in (1, 2))
        by_hand += (p * (np.log(p) - np.log(q))).sum() / len(answers)
    assert base.measure(Sharper(base.model), answers).kl == pytest.approx(by_hand, rel=1e-4)


def test_a_copy_learns_alone(base):
    copy = base.copy()
    copy.vector.data += 1
    assert not np.allclose(copy.vector.data, base.model.vector.data)


def test_some_pairs_are_labelled_the_wrong_way_round_and_the_others_are_left(base):
    prompts, better, worse = (list(range(start, start + 400)) for start in (0, 1000, 2000))
    pairs = flipped(alignment.TokenPairs(prompts, better, worse), 0.25, np.random.default_rng(0))
    turned = np.array(pairs.chosen) >= 2000
    assert 80 < turned.sum() < 120 and pairs.prompts == prompts
    assert np.array_equal(np.array(pairs.rejected), np.where(turned, better, worse))
    assert np.array_equal(np.array(pairs.chosen), np.where(turned, worse, better))


def test_the_rewards_are_those_of_the_whole_texts_and_the_first_answers_are_those_of_seed_0(base):
    model = alignment.new_reward_model(base.model, seed=1)
    several, rewards = base.scored(model, 2)
    for answers, found, seed in zip(several, rewards, range(2), strict=True):
        written = base.write(base.model, base.asked, seed=seed)
        assert all(map(np.array_equal, answers, written))
        texts = [np.concatenate(both) for both in zip(base.asked, written, strict=True)]
        np.testing.assert_allclose(found, alignment.score_texts(model, texts))
