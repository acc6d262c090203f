"""Samples, line by line, and the exact KL between two models on them."""

import numpy as np
import pytest

from minillm.models import GPT, GPTConfig
from minillm.ops import log_softmax
from minillm.preferences import word_reward
from minillm.preferences.samples import control_of, kl_to, lines_of, misalignment, sample_ids
from minillm.text import CharTokenizer
from minillm.text.control_tokens import BAD, CONTROL_TOKENS, GOOD

PLAIN = CharTokenizer("\nabcde")
CONTROLLED = CharTokenizer("\nabcde", CONTROL_TOKENS)
NO_E = word_reward(["e"])


def make(tokenizer, seed, context=16):
    model = GPT(
        GPTConfig(tokenizer.vocab_size, context=context, layers=1, heads=2, d_model=8), seed=seed, dtype=np.float64
    )
    model.vector.data *= 25
    return model


def test_control():
    assert control_of(PLAIN) is None
    assert control_of(CONTROLLED).token == CONTROLLED.special_tokens[GOOD]
    assert control_of(CONTROLLED, wanted=False).token == CONTROLLED.special_tokens[BAD]


def test_samples_begin_on_a_new_line_and_announce_every_line():
    texts = sample_ids(make(CONTROLLED, 0), CONTROLLED, 20, 30, control=control_of(CONTROLLED), seed=1)
    good, bad = (CONTROLLED.special_tokens[token] for token in CONTROL_TOKENS)
    for ids in texts:
        assert ids[:3].tolist() == [good, 0, good] and len(ids) == 32
        ends = np.flatnonzero(ids[:-1] == 0)
        assert (ids[ends + 1] == good).all() and bad not in ids
        assert np.count_nonzero(ids == good) == len(ends) + 1
    assert len({tuple(ids) for ids in texts}) > 1


def test_lines_are_whole_and_without_control_tokens():
    ids = CONTROLLED.encode(f"{GOOD}\n{GOOD}ab\n{GOOD}\n{BAD}cd\n{GOOD}e", special=True)
    assert lines_of(ids, CONTROLLED) == ["ab", "", "cd"]
    assert lines_of(PLAIN.encode("\nab"), PLAIN) == []


def test_misalignment_is_the_mean_over_each_texts_lines():
    texts = [PLAIN.encode(text) for text in ("\na\ne\ne\nb\nx"[:-1], "\nabc", "\ne\n", "\nc\n")]
    np.testing.assert_allclose(misalignment(texts, PLAIN, NO_E), [0.5, 1, 0])


class TestKL:
    def by_hand(self, model, other, ids):
        """Without control tokens, in one window."""
        p, q = (log_softmax(m.forward(ids[None])[0][0, :-1]) for m in (model, other))
        return float((np.exp(p) * (p - q)).sum(axis=1).mean())

    def test_of_two_plain_models(self):
        model, other, ids = make(PLAIN, 0), make(PLAIN, 1), PLAIN.encode("\nabcde\nab")
        assert kl_to(model, other, [ids], PLAIN) == pytest.approx(self.by_hand(model, other, ids), rel=1e-9)
        assert kl_to(model, model, [ids], PLAIN) == pytest.approx(0, abs=1e-12)

    def test_long_texts_are_read_in_windows(self):
        model, other = make(PLAIN, 0), make(PLAIN, 1)
        ids = PLAIN.encode("\nabcde\nabcc\ndde\naaabbbee\ncd\n")
        parts = [ids[:16], ids[16:]]
        expected = np.average([self.by_hand(model, other, part) for part in parts], weights=[15, len(ids) - 17])
        assert kl_to(model, other, [ids], PLAIN) == pytest.approx(expected, rel=1e-9)

    def test_behind_a_control_token_the_model_has_read_it(self):
        model, other = make(CONTROLLED, 0), make(PLAIN, 1)
        ids = CONTROLLED.encode(f"{GOOD}\n{GOOD}ab\n{GOOD}cd", special=True)
        logits = model.forward(ids[None])[0][0, :, :6]  # the six characters that both know
        # places: 0 <good>, 1 ↵, 2 <good>, 3 a, 4 b, 5 ↵, 6 <good>, 7 c, 8 d
        ours = log_softmax(logits[[2, 3, 4, 6, 7]])  # guess a, b, ↵, c, d
        theirs = log_softmax(other.forward(PLAIN.encode("\nab\ncd")[None])[0][0, :-1])
        expected = (np.exp(ours) * (ours - theirs)).sum(axis=1).mean()
        assert kl_to(model, other, [ids], CONTROLLED) == pytest.approx(expected, rel=1e-9)
