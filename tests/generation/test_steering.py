"""Control tokens, guidance, experts, rewards and banned phrases: each against its definition, worked out without a cache."""

import dataclasses
import itertools

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.generation import (
    ClassifierFreeGuidance,
    Control,
    ExpertContrast,
    ModelScorer,
    PhraseBan,
    RewardGuidance,
    Rules,
    generate,
    generate_batch,
    soft_best_of_n,
)
from minillm.generation.processors import log_probabilities
from minillm.models import GPT
from minillm.ops import softmax
from minillm.preferences import best_of_n_kl
from minillm.text import BPETokenizer, CharTokenizer

GOOD, BAD, V = 11, 12, 13
ENDS = np.isin(np.arange(V), [0, 3])  # the tokens that end a segment
CONTROL = Control(GOOD, ENDS)
ENDING = (2, 6, 7, 9)
PROMPTS = np.array([[GOOD, 5, 2, 7], [GOOD, 1, 9, 3], [GOOD, 4, 4, 0]])


def naive(model, text):
    """Scores (B, V) after text (B, T), by a forward pass over the last tokens that fit."""
    return model.forward(text[:, -model.config.context :])[0][:, -1].astype(np.float64)


class TestControl:
    def test_a_token_follows_every_end_and_nothing_else(self, model):
        settings = {"control": CONTROL, "banned": (GOOD, BAD), "seed": 1, "temperature": 9}
        for start, written in zip(PROMPTS, generate_batch(model, PROMPTS, 40, **settings), strict=True):
            text = [*start.tolist(), *written]
            for before, after in itertools.pairwise(text[len(start) - 1 :]):
                assert (after == GOOD) == ENDS[before] and after != BAD
            assert GOOD in written

    def test_it_comes_although_it_is_banned_and_the_others_are_drawn_as_ever(self, model):
        free = list(generate(model, [GOOD, 5], 6, seed=2, temperature=0, banned=[GOOD, BAD, 0, 3]))
        held = list(generate(model, [GOOD, 5], 6, seed=2, temperature=0, banned=[GOOD, BAD, 0, 3], control=CONTROL))
        assert free == held

    @pytest.mark.parametrize(
        ("prompt", "expected"),
        [
            ([5], [GOOD, 5]),
            ([5, 0, 1, 3, 2], [GOOD, 5, 0, GOOD, 1, 3, GOOD, 2]),
            ([0], [GOOD, 0]),  # what follows is put in front of the next token
            ([0, 0, 5, 0], [GOOD, 0, GOOD, 0, GOOD, 5, 0]),
        ],
    )
    def test_a_prompt(self, prompt, expected):
        assert CONTROL.prompt(np.array(prompt)).tolist() == expected


def good_and_bad(model, text):
    return naive(model, text), naive(model, np.where(text == GOOD, BAD, text))


class TestGuidance:
    def guided(self, model, weight, batch=3):
        return ClassifierFreeGuidance(
            ModelScorer(model, batch, None), ModelScorer(model, batch, None), GOOD, BAD, weight
        )

    @pytest.mark.parametrize("weight", [0.0, 0.5, 1.0, 2.5])
    def test_the_formula_token_by_token_past_the_context(self, make_model, weight):
        model, text = make_model(context=12), PROMPTS
        scorer, rng = self.guided(model, weight), np.random.default_rng(0)
        for _ in range(8):  # up to the context; farther on what is forgotten differs from `naive`
            good, bad = good_and_bad(model, text)
            np.testing.assert_allclose(scorer.next_scores(text), bad + weight * (good - bad), atol=1e-9)
            text = np.column_stack([text, rng.integers(V, size=3)])

    def test_rows_that_are_reordered(self, make_model):
        model, scorer = make_model(), self.guided(make_model(), 2.0)
        scorer.next_scores(PROMPTS)
        scorer.reorder(np.array([2, 0]))
        text = np.column_stack([PROMPTS[[2, 0]], [5, 6]])
        good, bad = good_and_bad(model, text)
        np.testing.assert_allclose(scorer.next_scores(text), bad + 2 * (good - bad), atol=1e-9)

    def test_weight_one_is_the_good_model_and_writes_the_same(self, model):
        settings = {"control": CONTROL, "banned": (GOOD, BAD), "seed": 4}
        plain = generate_batch(model, PROMPTS, 30, **settings)
        assert generate_batch(self.guided(model, 1.0), PROMPTS, 30, **settings) == plain
        assert generate_batch(self.guided(model, 3.0), PROMPTS, 30, **settings) != plain

    def test_texts_that_end_at_different_times(self, model):
        alone = [list(generate(self.guided(model, 1.5, 1), row, 30, eos=ENDING, temperature=0)) for row in PROMPTS]
        together = generate_batch(self.guided(model, 1.5), PROMPTS, 30, eos=ENDING, temperature=0)
        assert together == alone


class TestExperts:
    def test_the_formula(self, make_model):
        models = [make_model(), make_model(norm="post"), make_model(tie_head=False)]
        scorer = ExpertContrast(*(ModelScorer(model, 3, None) for model in models), 0.7)
        base, good, bad = (naive(model, PROMPTS) for model in models)
        np.testing.assert_allclose(scorer.next_scores(PROMPTS), base + 0.7 * (good - bad), atol=1e-9)
        scorer.reorder(np.array([1]))
        text = np.column_stack([PROMPTS[[1]], [2]])
        base, good, bad = (naive(model, text) for model in models)
        np.testing.assert_allclose(scorer.next_scores(text), base + 0.7 * (good - bad), atol=1e-9)

    def test_a_token_that_one_of_them_does_not_know_never_comes(self, make_model):
        sizes = (V + 5, V, V + 2)  # of the base, of the good one, and of the bad one
        models = [GPT(dataclasses.replace(make_model().config, vocab_size=size), dtype=np.float64) for size in sizes]
        scores = ExpertContrast(*(ModelScorer(model, 3, None) for model in models), 0.7).next_scores(PROMPTS)
        base, good, bad = (naive(model, PROMPTS)[:, :V] for model in models)
        np.testing.assert_allclose(scores[:, :V], base + 0.7 * (good - bad), atol=1e-9)
        assert scores.shape == (3, V + 5) and np.isneginf(scores[:, V:]).all()

    def test_no_weight_is_the_base(self, model, make_model):
        scorer = ExpertContrast(
            ModelScorer(model, 1, None), ModelScorer(make_model(), 1, None), ModelScorer(make_model(), 1, None), 0
        )
        assert list(generate(scorer, [5], 12, seed=3)) == list(generate(model, [5], 12, seed=3))


class TestRewardGuidance:
    def test_the_formula(self, make_model):
        model = make_model()
        scorer = RewardGuidance(
            ModelScorer(model, 3, None), lambda texts: [float(ids[-1]) - ids[1] for ids in texts], 0.3, 4
        )
        logp, scores = log_probabilities(naive(model, PROMPTS)), scorer.next_scores(PROMPTS)
        for row in range(3):
            top = set(np.argsort(-logp[row])[:4].tolist())
            assert set(np.flatnonzero(scores[row] > -np.inf).tolist()) == top
            for token in top:
                assert scores[row, token] == pytest.approx(logp[row, token] + 0.3 * (token - PROMPTS[row, 1]))

    def test_no_weight_is_top_k_sampling(self, model):
        scorer = RewardGuidance(ModelScorer(model, 3, None), lambda texts: np.ones(len(texts)), 0.0, 4)
        plain = generate_batch(model, PROMPTS, 20, seed=3, top_k=4)
        assert generate_batch(scorer, PROMPTS, 20, seed=3) == plain

    @pytest.mark.parametrize("top_k", [1, 4, V + 9])
    def test_a_banned_token_is_no_candidate(self, model, top_k):
        banned = [int(token) for token in np.argsort(-naive(model, PROMPTS)[0])[:3]]

        def reward(texts):
            assert not set(banned) & {int(ids[-1]) for ids in texts}
            return np.zeros(len(texts))

        scorer = RewardGuidance(ModelScorer(model, 3, None), reward, 1.0, top_k, banned)
        plain = generate_batch(model, PROMPTS, 20, seed=3, top_k=top_k, banned=banned)
        assert generate_batch(scorer, PROMPTS, 20, seed=3) == plain

    def test_a_large_weight_takes_what_is_rewarded(self, make_model):
        scorer = RewardGuidance(
            ModelScorer(make_model(), 1, None), lambda texts: [ids[-1] == 8 for ids in texts], 1e4, V
        )
        assert list(generate(scorer, [5], 6, seed=0)) == [8] * 6


class TestBestOfN:
    """On a toy: four answers, enumerated."""

    P, R = np.array([0.1, 0.2, 0.3, 0.4]), np.array([1.0, 0.4, 0.0, -0.5])

    def chosen(self, n, temperature, repeats=4000):
        rng = np.random.default_rng(0)
        answers = rng.choice(4, size=(repeats, n), p=self.P)
        picked = [row[soft_best_of_n(self.R[row], temperature, rng)] for row in answers]
        return np.bincount(picked, minlength=4) / repeats

    def test_best_of_n_takes_the_highest(self):
        assert soft_best_of_n(np.array([0.1, 3.0, -2.0]), 0, np.random.default_rng(0)) == 1
        n = 3
        below = np.array([self.P[r > self.R].sum() for r in self.R])
        exact = (below + self.P) ** n - below**n  # the largest of n is this one
        assert np.abs(self.chosen(n, 0) - exact).max() < 5 * 0.5 / np.sqrt(4000)
        kl = (exact * np.log(exact / self.P)).sum()
        assert 0.3 < kl < best_of_n_kl(n), "ties make it smaller than the bound"

    def test_without_ties_its_kl_is_the_bound(self):
        n, count = 4, 20_000  # equally likely answers, no two of one reward
        ranks = np.arange(1, count + 1) / count
        exact = ranks**n - (ranks - 1 / count) ** n
        assert (exact * np.log(exact * count)).sum() == pytest.approx(best_of_n_kl(n), abs=1e-3)

    def test_soft_best_of_n_tends_to_the_optimum(self):
        optimum = self.P * np.exp(self.R / 0.5)
        optimum /= optimum.sum()
        errors = [np.abs(self.chosen(n, 0.5) - optimum).sum() for n in (1, 4, 64)]
        assert errors[0] > errors[1] > errors[2] and errors[2] < 0.06
        assert np.abs(self.chosen(1, 0.5) - self.P).sum() < 0.06, "one text leaves no choice"


TEXTS = "the cat sat on the mat, 猫坐在垫子上。 concatenate: scat! " * 8
TOKENIZERS = {
    "char": CharTokenizer.train(TEXTS),
    "bpe": BPETokenizer.train(TEXTS, 40),
    "bytes": BPETokenizer.train(TEXTS, 0),
}


class TestPhraseBan:
    @pytest.mark.parametrize("name", TOKENIZERS)
    @pytest.mark.parametrize("phrases", [["cat"], ["猫"], ["t", "坐在"], ["the cat", " mat,"]])
    def test_a_token_is_forbidden_exactly_if_it_completes_one(self, name, phrases):
        tokenizer = TOKENIZERS[name]
        ban, found = PhraseBan(phrases, tokenizer), 0
        for cut in range(1, 60):
            ids = tokenizer.encode(TEXTS)[:cut]
            before = tokenizer.decode(ids)
            (forbidden,) = ban.forbidden(ids[None])
            for token in range(tokenizer.vocab_size):
                after = tokenizer.decode(np.append(ids, token))
                completes = any(after.count(phrase) > before.count(phrase) for phrase in phrases)
                assert forbidden[token] == completes, (before, tokenizer.decode([token]))
                found += completes
        assert found

    @pytest.mark.parametrize("name", TOKENIZERS)
    def test_no_text_that_is_written_holds_it(self, name, make_model):
        tokenizer = TOKENIZERS[name]

        class Parrot:
            """Scores the text that it knows, so that the phrase is what it wants to write."""

            def next_scores(self, text):
                scores = np.zeros((len(text), tokenizer.vocab_size))
                for row, place in enumerate(text.shape[1] % 40 + np.arange(len(text))):
                    scores[row, tokenizer.encode(TEXTS)[place]] = 4
                return scores

            def reorder(self, rows):
                raise AssertionError

        prompts = np.tile(tokenizer.encode("the "), (5, 1))
        free = "".join(tokenizer.decode(ids) for ids in generate_batch(Parrot(), prompts, 200, seed=0))
        held = generate_batch(Parrot(), prompts, 200, seed=0, phrases=PhraseBan(["at", "在"], tokenizer))
        assert "at" in free
        assert all("at" not in (text := tokenizer.decode(ids)) and "在" not in text for ids in held)

    def test_a_padded_vocabulary(self):
        tokenizer = TOKENIZERS["char"]
        scores = np.zeros((1, tokenizer.vocab_size + 3))
        found = Rules(phrases=PhraseBan(["at"], tokenizer)).apply(scores, tokenizer.encode("ca")[None], 0)
        assert np.flatnonzero(np.isneginf(found[0])).tolist() == tokenizer.encode("t").tolist()
        assert not np.isneginf(scores).any()

    def test_an_empty_phrase(self):
        with pytest.raises(InputError, match="banned phrase is empty"):
            PhraseBan(["a", ""], TOKENIZERS["char"])


def test_probabilities_of_a_product_of_experts():
    """Guidance on logits is guidance on log-probabilities: softmax ignores what a row is shifted by."""
    rng = np.random.default_rng(0)
    good, bad = rng.standard_normal((2, 3, V))
    one = softmax(bad + 1.7 * (good - bad))[0]
    other = softmax(log_probabilities(bad) + 1.7 * (log_probabilities(good) - log_probabilities(bad)))[0]
    np.testing.assert_allclose(one, other, atol=1e-12)
