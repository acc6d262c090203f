"""Lines with rewards, and the batches made of them: who is scored, with which reward, behind which control token."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.ops import IGNORE
from minillm.preferences import Reward, style_reward, word_reward
from minillm.preferences.segments import PreferenceCorpus, better_half, score
from minillm.text import BPETokenizer, CharTokenizer
from minillm.text.control_tokens import BAD, CONTROL_TOKENS, GOOD

# Documents: all good, half bad, all bad ...; the last two are for validation
DOCUMENTS = ["ab\ncd\n", "x\nef\nx\n", "xx\n", "gh\n", "ij\nx\n"] * 3 + [
    "kl\n",
    "x\nmn\n",
    "op\nx\nqr\n",
    "x\nst",
    "uv\n",
]
NOT_X = word_reward(["x", "xx"])


def corpus(context=4, tokenizer=None, documents=DOCUMENTS, **choices):
    tokenizer = tokenizer or CharTokenizer.train("".join(documents), CONTROL_TOKENS)
    return PreferenceCorpus(score(documents, NOT_X), tokenizer, context, **choices), tokenizer


def test_lines_and_their_rewards():
    scored = score(["a\n\nx\n", "x", "b\n"], NOT_X)
    assert scored.segments == ["a\n", "\n", "x\n", "x", "b\n"] and "".join(scored.segments) == "a\n\nx\nxb\n"
    assert scored.rewards.tolist() == [0, 0, -1, -1, 0] and scored.rewards.dtype == np.float32
    assert scored.document.tolist() == [0, 0, 0, 1, 2]
    np.testing.assert_allclose(scored.document_rewards(), [-1 / 3, -1, 0])


def test_the_reward_gets_lines_without_their_end():
    seen = []
    score(["a \n\nb"], Reward("seen", lambda lines: [seen.append(line) or 0 for line in lines]))
    assert seen == ["a ", "", "b"]


@pytest.mark.parametrize("token", CONTROL_TOKENS)
def test_the_name_of_a_control_token_in_the_text_is_text(token):
    """Whoever writes about control tokens gives the model no orders."""
    documents = [f"c {token} d\n", "a\nb\n"]
    tokenizer = BPETokenizer.train("".join(documents), 0, CONTROL_TOKENS)
    data = PreferenceCorpus(score(documents, NOT_X), tokenizer, 1, control=True, drop=0.0)
    ids = data.train.tolist()
    assert tokenizer.decode(ids[1:]) == documents[0]
    assert [i for i in ids if i in tokenizer.special_tokens.values()] == [tokenizer.special_tokens[GOOD]] == ids[:1]


@pytest.mark.parametrize("tokenizer", [None, BPETokenizer.train("".join(DOCUMENTS), 20, CONTROL_TOKENS)])
def test_a_target_has_the_reward_of_its_own_line(tokenizer):
    data, tokenizer = corpus(tokenizer=tokenizer, rewards=True)
    ids, rewards, targets = data.batch(np.random.default_rng(0), 200)
    assert ids.shape == rewards.shape == targets.shape == (200, 4) and rewards.dtype == np.float32
    np.testing.assert_array_equal(ids[:, 1:], targets[:, :-1])
    texts = np.array([tokenizer.decode([token]) for token in range(tokenizer.vocab_size)])
    is_x = np.char.startswith(texts[targets], "x")
    assert (rewards[is_x] == -1).all() and is_x.any()
    letters = np.char.isalpha(np.char.strip(texts[targets], "\n")) & ~is_x
    assert (rewards[letters] == 0).all() and letters.any()


def test_every_window_comes_the_first_and_the_last_too():
    data, _ = corpus()
    ids, targets = data.batch(np.random.default_rng(0), 5000)
    windows = np.lib.stride_tricks.sliding_window_view(data.train, 5)
    assert {tuple(row) for row in np.column_stack([ids, targets[:, -1]])} == {tuple(row) for row in windows}


class TestControl:
    def test_each_line_has_its_token_and_no_token_is_scored(self):
        data, tokenizer = corpus(control=True, drop=0.0)
        text = tokenizer.decode(data.train)
        lines = text.split("\n")[:-1]
        assert all(line.startswith(BAD if "x" in line else GOOD) for line in lines)
        assert text.replace(GOOD, "").replace(BAD, "") == "".join(DOCUMENTS[:18])
        ids, targets = data.batch(np.random.default_rng(0), 300)
        control = [tokenizer.special_tokens[name] for name in CONTROL_TOKENS]
        assert np.isin(ids, control).any() and not np.isin(targets, control).any()
        follows = targets[:, :-1] == ids[:, 1:]
        np.testing.assert_array_equal(~follows, np.isin(ids[:, 1:], control) & (targets[:, :-1] == IGNORE))

    def test_a_share_is_dropped_while_training_only(self):
        documents = ["a\n"] * 4000
        data, tokenizer = corpus(documents=documents, control=True, drop=0.25)
        control = [tokenizer.special_tokens[name] for name in CONTROL_TOKENS]
        kept = np.isin(data.train, control).sum() / 3600
        assert abs(kept - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 3600)
        assert np.isin(data.validation, control).sum() == 400

    def test_the_threshold_says_what_is_good(self):
        scored = score(
            ["a\n", "b\n"] * 20, Reward("half", lambda lines: [-0.5 if line == "b" else 0 for line in lines])
        )
        tokenizer = CharTokenizer("\nab", CONTROL_TOKENS)
        strict = PreferenceCorpus(scored, tokenizer, 3, control=True, drop=0)
        lenient = PreferenceCorpus(scored, tokenizer, 3, control=True, drop=0, threshold=-0.5)
        assert BAD in tokenizer.decode(strict.train) and BAD not in tokenizer.decode(lenient.train)


class TestValidation:
    @pytest.mark.parametrize("control", [False, True])
    @pytest.mark.parametrize(("context", "size"), [(3, 1), (3, 2), (4, 100)])
    def test_it_scores_the_good_lines_and_nothing_else(self, control, context, size):
        data, tokenizer = corpus(context, control=control)
        found = list(data.validation_batches(size))
        assert all(len(ids) <= size and ids.shape[1] == context for ids, _ in found)
        scored = np.concatenate([targets[targets != IGNORE] for _, targets in found])
        text = tokenizer.decode(scored)
        assert text == "stuv\n", "the last two documents, of which the line x is bad"
        assert data.good_validation().tolist() == scored.tolist()

    def test_filtering_leaves_it_alone(self):
        plain, filtered = corpus()[0], corpus(filtered=True)[0]
        for one, other in zip(plain.validation_batches(9), filtered.validation_batches(9), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_nothing_good_to_validate_on(self):
        with pytest.raises(InputError, match="None of the 1 lines to validate on"):
            corpus(documents=["a\n"] * 9 + ["x\n"])


class TestFiltering:
    def test_the_better_half_of_the_documents_stays(self):
        data, tokenizer = corpus(filtered=True)
        text = tokenizer.decode(data.train)
        better = [document for document in DOCUMENTS[:18] if "x" not in document or document == "op\nx\nqr\n"]
        assert text == "".join(better), "7 documents have 0, one has -1/3, and the median is -1/2"
        assert data.retained_share == pytest.approx(len(text) / len("".join(DOCUMENTS[:18])))

    def test_above_the_median(self):
        scored = score(["x\n", "x\na\n", "x\na\nb\n", "x\na\nb\nc\n"], NOT_X)
        assert better_half(scored).tolist() == [False, False, True, True]

    def test_all_alike(self):
        with pytest.raises(InputError, match="All 3 documents of the text have the same reward"):
            better_half(score(["a\n", "b\n", "c\n"], NOT_X))


def test_a_single_document():
    with pytest.raises(InputError, match="a single document"):
        corpus(documents=["ab\ncd\n"])


def test_too_short_for_the_context():
    with pytest.raises(InputError, match="too short for a context of 40 tokens"):
        corpus(context=40)


def test_style_is_scored_line_by_line():
    assert score(["a = 1\nb=2\n"], style_reward()).rewards.tolist() == [0, -1]
