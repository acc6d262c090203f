"""The loss of a model on a text."""

import math

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import GPT, ClassifierConfig, EncoderConfig, GPTConfig, MaskedLM, SequenceClassifier
from minillm.objectives import MASKED
from minillm.pretraining import Masked, evaluate
from minillm.pretraining.evaluation import TextLoss, evaluate_on_text, share
from minillm.pretraining.scores import fill_in_accuracy
from minillm.text import BPETokenizer
from minillm.training import Trainer, TrainOptions

TEXT = "the fox ran home, and the hen ran after it. " * 8
TOKENIZER = BPETokenizer.train(TEXT, 20)
V = TOKENIZER.vocab_size
MODEL = GPT(GPTConfig(V, context=10, layers=1, heads=2, d_model=8, dropout=0.5), seed=2)


def by_hand(text):
    """-log p of each token after the first, one after the other, given what its window holds before it."""
    ids, total = TOKENIZER.encode(text).astype(np.int64), 0.0
    for place in range(1, len(ids)):
        start = (place - 1) // 10 * 10
        logits = MODEL.forward(ids[None, start:place])[0][0, -1].astype(np.float64)
        total += math.log(np.exp(logits).sum()) - logits[ids[place]]
    return total, len(ids) - 1


@pytest.mark.parametrize("length", [2, 60, 300])
def test_it_is_the_mean_over_all_tokens_but_the_first(length):
    text = TEXT[:length]
    total, guessed = by_hand(text)
    found = evaluate(MODEL, TOKENIZER, text, batch=3)
    assert found.tokens == guessed
    assert found.nats_per_token == pytest.approx(total / guessed, rel=1e-5)
    assert found.bits_per_character == pytest.approx(total / math.log(2) / length, rel=1e-5)


def test_the_loss_in_words():
    found = TextLoss(1.23456, 2.0, 1000, 3000)
    assert found.describe() == "1.2346 nats a token, 2.0000 bits a character, of 1,000 tokens and 3,000 characters"
    assert found._replace(bits_per_character=None).describe() == "1.2346 nats a hidden token, of 1,000"


def test_it_does_not_depend_on_the_batch():
    losses = [evaluate(MODEL, TOKENIZER, TEXT, batch=batch).nats_per_token for batch in (1, 2, 16, 100)]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-6)


def test_a_character_may_take_more_tokens_than_one():
    """Bits a character, not bits a byte."""
    found = evaluate(MODEL, TOKENIZER, "狐狸" * 5)
    assert found.tokens == 29
    assert found.bits_per_character == pytest.approx(found.nats_per_token * 29 / 10 / math.log(2))


@pytest.mark.parametrize("text", ["", "t"])
def test_a_text_with_nothing_to_guess_is_refused(text):
    with pytest.raises(InputError, match="no token after the first"):
        evaluate(MODEL, TOKENIZER, text)


def test_of_a_masked_model_it_is_what_pretraining_validates_on():
    """The last tenth of a long text, evaluated alone, where that tenth begins with a sentence."""
    tokenizer = BPETokenizer.train(TEXT, 20, Masked.special_tokens)
    model = MaskedLM(EncoderConfig(tokenizer.vocab_size, context=12, layers=1, heads=2, d_model=8), seed=1)
    sentence = " the hen ran home."
    data = Masked(context=12).data(sentence * 200, tokenizer)
    trainer = Trainer(model, data, TrainOptions(batch=4, workers=1), MASKED)
    found = evaluate(model, tokenizer, sentence * 20, batch=7)
    assert found.nats_per_token == pytest.approx(trainer.evaluate(), rel=1e-5)
    assert found.bits_per_character is None
    assert 20 <= found.tokens <= 20 * len(tokenizer.encode(sentence))


def test_of_a_masked_model_all_of_the_text_counts():
    tokenizer = BPETokenizer.train(TEXT, 20, Masked.special_tokens)
    model = MaskedLM(EncoderConfig(tokenizer.vocab_size, context=12, layers=1, heads=2, d_model=8), seed=1)
    assert evaluate(model, tokenizer, TEXT * 10).tokens == pytest.approx(
        10 * evaluate(model, tokenizer, TEXT).tokens, rel=0.2
    )
    assert evaluate(model, tokenizer, "the hen ran.").tokens > 0, "one sentence is enough"


def test_a_model_that_guesses_no_token_is_refused():
    config = ClassifierConfig(EncoderConfig(V, context=10, layers=1, heads=2, d_model=8), 2)
    with pytest.raises(InputError, match="guesses no tokens"):
        evaluate(SequenceClassifier(config), TOKENIZER, TEXT)


def test_an_evaluation_has_the_same_loss_with_an_interval_and_what_is_to_be_beaten():
    found, loss = evaluate_on_text(MODEL, TOKENIZER, TEXT, batch=3), evaluate(MODEL, TOKENIZER, TEXT)
    ids = TOKENIZER.encode(TEXT)[1:]
    assert (found.unit, found.count) == ("window", math.ceil(len(ids) / 10))
    nats, bits = found.measures
    assert (nats.name, bits.name) == ("nats a token", "bits a character")
    assert nats.value == pytest.approx(loss.nats_per_token) and bits.value == pytest.approx(loss.bits_per_character)
    assert nats.low < nats.value < nats.high
    assert nats.high / nats.value == pytest.approx(bits.high / bits.value)
    blind, frequent = found.baselines
    assert blind.measured.value == pytest.approx(math.log(V))
    shares = np.bincount(ids)[ids] / len(ids)
    assert frequent.measured.value == pytest.approx(-np.log(shares).mean())
    assert frequent.ahead.difference == pytest.approx(nats.value - frequent.measured.value)


def test_the_worst_windows_come_first():
    found = evaluate_on_text(MODEL, TOKENIZER, TEXT)
    losses = [case.score for case in found.worst]
    assert losses == sorted(losses, reverse=True) and len(losses) == 10
    assert found.measures[0].value < losses[0]
    assert all(case.text in TEXT for case in found.worst)
    alone = evaluate_on_text(MODEL, TOKENIZER, TEXT[:20])
    assert alone.worst[0].score == pytest.approx(alone.measures[0].value), "a mean, as windows may be cut short"


def test_of_a_masked_model_the_holes_count_that_it_fills_right():
    tokenizer = BPETokenizer.train(TEXT, 20, Masked.special_tokens)
    model = MaskedLM(EncoderConfig(tokenizer.vocab_size, context=12, layers=1, heads=2, d_model=8), seed=1)
    found = evaluate_on_text(model, tokenizer, TEXT * 10)
    loss, right = found.measures
    assert found.unit == "sentence" and loss.value == pytest.approx(
        evaluate(model, tokenizer, TEXT * 10).nats_per_token
    )
    said = fill_in_accuracy(model, Masked(context=12).data(TEXT * 10, tokenizer, held_out=True), tokenizer)
    commonest = found.baselines[-1].measured.value
    assert f"{right.value:.1f}% of" in said and f"always the commonest: {commonest:.1f}%" in said
    assert "[MASK]" in "".join(case.text for case in found.worst) and "[CLS]" not in found.worst[0].text


def test_of_no_holes_none_is_filled_right():
    """A resample may have drawn none but sentences whose hidden token was left as it is."""
    assert share(np.array([0, 0])) == 0 and share(np.array([1, 4])) == 25
