"""The reward model: it learns which answer is better, and scores texts."""

import numpy as np
import pytest

from minillm.alignment import (
    REWARD_MODEL,
    RewardData,
    TokenPairs,
    align,
    new_reward_model,
    reward_accuracy,
    reward_from_model,
    score_texts,
)
from minillm.training import Trainer, TrainOptions
from tests.alignment.conftest import make_gpt


@pytest.fixture
def trained(pairs):
    training, held_out = pairs.part(np.arange(50)), pairs.part(np.arange(50, 60))
    model = new_reward_model(make_gpt(np.float32), seed=1)
    before = reward_accuracy(model, held_out)
    options = TrainOptions(steps=80, batch=8, lr=1e-2, warmup=0, eval_every=80, weight_decay=0.0)
    losses = [
        p.validation
        for p in Trainer(model, RewardData(training, held_out), options, REWARD_MODEL).run()
        if p.validation is not None
    ]
    return model, held_out, before, losses


def test_it_learns(trained):
    model, held_out, before, losses = trained
    assert losses[-1] < 0.5 * losses[0] and reward_accuracy(model, held_out) >= max(0.9, before)


def test_accuracy_counts_the_pairs_whose_chosen_answer_has_more(trained):
    model, pairs, *_ = trained
    chosen, rejected = (
        score_texts(model, [np.concatenate(both) for both in zip(pairs.prompts, rows, strict=True)])
        for rows in (pairs.chosen, pairs.rejected)
    )
    assert reward_accuracy(model, pairs) == pytest.approx((chosen > rejected).mean())
    swapped = pairs._replace(chosen=pairs.rejected, rejected=pairs.chosen)
    assert reward_accuracy(model, swapped) == pytest.approx((chosen < rejected).mean())
    assert reward_accuracy(model, pairs._replace(rejected=pairs.chosen)) == 0.5, "a tie is half right"


def test_a_reward_is_of_the_text_alone_not_of_the_batch(trained):
    model, held_out, *_ = trained
    texts = [np.concatenate(both) for both in zip(held_out.prompts, held_out.chosen, strict=True)]
    together = score_texts(model, texts)
    np.testing.assert_allclose([score_texts(model, [text])[0] for text in texts], together, atol=1e-5)
    long = np.concatenate([np.full(30, 4), texts[0]])
    assert score_texts(model, [long])[0] == pytest.approx(score_texts(model, [long[-12:]])[0])


def test_as_a_reward_of_texts(trained, tokenizer):
    reward = reward_from_model(trained[0], tokenizer)
    better, worse = reward(["bcda\n", "bcdg\n"])
    assert reward.whole and better > worse
    assert reward([""]) == pytest.approx(reward(["\n"])), "an empty text is an empty line"


def test_a_pair_that_fits_a_language_model_fits_its_reward_model(tokenizer):
    """A language model reads all but a text's last token, a reward model reads that as well."""
    gpt = make_gpt(np.float32, context=4)
    pairs = [("abc", f"d{letter}", "d") for letter in "abcefghijb"]
    model = align(gpt, tokenizer, pairs, method="reward", steps=1, workers=1, progress=False)
    assert np.isfinite(score_texts(model, [tokenizer.encode("abcda")])).all()


def test_of_a_long_text_the_end_is_read():
    pairs = TokenPairs([np.array([1, 2, 3])], [np.array([4, 5])], [np.array([6])])
    batch = next(RewardData(pairs, pairs, context=4).validation_batches(1))
    assert batch.inputs.tolist() == [[[2, 3, 4, 5], [1, 2, 3, 6]]] and batch.mask.all()
