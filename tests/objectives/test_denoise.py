import math
from itertools import chain

import numpy as np
import pytest

from minillm.objectives import DenoisingData, Sentences, Windows, sentence_starts, word_starts
from minillm.objectives.denoise import (
    delete_words,
    infill,
    insert_masks,
    mask_words,
    replace_spans,
    span_lengths,
)
from minillm.objectives.rows import Rows
from minillm.ops import IGNORE
from minillm.text import CharTokenizer
from tests.objectives.texts import SPECIAL, assert_frequency, random_texts, texts

MASK = 101


def words_of(some, row):
    ids, heads = some.ids[row, some.real[row]], np.flatnonzero(some.starts_word[row])
    return [word.tolist() for word in np.split(ids, heads[1:])]


# --- delete -----------------------------------------------------------------------------------------------------------------------------


def test_the_sentence_of_the_article():
    """Every one of its six words goes missing now and then, space and all, and the answer is always the whole sentence."""
    sentence = "The cat is on the table"
    tokenizer = CharTokenizer.train(sentence + "\n")
    ids = tokenizer.encode((sentence + "\n\n") * 40)
    pieces = Sentences(ids, 30, sentence_starts(ids, tokenizer), word_starts(ids, tokenizer))
    source, real, _, targets = DenoisingData(pieces, SPECIAL).batch(np.random.default_rng(0), 200)

    def text(row, keep):
        return tokenizer.decode(row[keep & (row != SPECIAL.eos)]).strip()

    sources = {text(row, keep) for row, keep in zip(source, real, strict=True)}
    assert sources == {
        "cat is on the table",
        "The is on the table",
        "The cat on the table",
        "The cat is the table",
        "The cat is on table",
        "The cat is on the",
    }
    assert {text(row, row != IGNORE) for row in targets} == {sentence}


def test_so_many_words_are_deleted_each_whole_and_never_all():
    some = random_texts(np.random.default_rng(0), 300)
    for rate in (0.15, 0.5, 1.0):
        for row, left in enumerate(delete_words(np.random.default_rng(1), some, rate)):
            words = words_of(some, row)
            kept = [word for word in words if word[0] in left]
            assert left.tolist() == list(chain(*kept))
            assert len(kept) == max(len(words) - math.ceil(rate * len(words)), 1)


def test_every_word_is_deleted_as_often():
    some = texts(*[range(10)] * 5000)
    left = delete_words(np.random.default_rng(0), some, 0.3)
    assert_frequency(np.bincount(left.values), 5000, 0.7)


# --- mask -------------------------------------------------------------------------------------------------------------------------------


def test_each_masked_word_is_one_mask():
    some = random_texts(np.random.default_rng(0), 300)
    for row, found in enumerate(mask_words(np.random.default_rng(1), some, 0.3, MASK)):
        words, at, masks = words_of(some, row), 0, 0
        for word in words:
            if found[at] == MASK:
                at, masks = at + 1, masks + 1
            else:
                assert found[at : at + len(word)].tolist() == word
                at += len(word)
        assert at == len(found) and masks == math.ceil(0.3 * len(words))


# --- infill -----------------------------------------------------------------------------------------------------------------------------


def fairseq_spans(ids, starts_word, indices, lengths):
    """What add_whole_word_mask of fairseq's denoising_dataset.py does with spans of `lengths` words from `indices` on, one mask each."""
    source, lengths, indices = [-1, *ids, -2], list(lengths), [i + 1 for i in indices]
    starts = [0, *starts_word, 255]
    keep = [True] * len(source)
    for index in indices:
        source[index] = MASK
    running = [(index, length - 1) for index, length in zip(indices, lengths, strict=True)]
    while running:
        running = [(index + 1, left - int(starts[index + 1])) for index, left in running]
        running = [(index, left) for index, left in running if left >= 0]
        for index, _ in running:
            keep[index] = False
    return [token for token, kept in zip(source, keep, strict=True) if kept][1:-1]


def test_spans_are_hidden_as_bart_hides_them():
    rng = np.random.default_rng(0)
    some = random_texts(rng, 400)
    words = some.words()
    spans = np.where(words & (rng.random(words.shape) < 0.3), rng.integers(1, 6, size=words.shape), 0)
    for row, found in enumerate(replace_spans(some, spans, MASK)):
        real = some.real[row]
        heads = np.flatnonzero(some.starts_word[row])
        begun = np.flatnonzero(spans[row])
        expected = fairseq_spans(
            some.ids[row, real].tolist(), some.starts_word[row, real], heads[begun].tolist(), spans[row, begun]
        )
        assert found.tolist() == expected


def test_lengths_are_poisson_until_the_words_are_used_up():
    total = np.array([100_000, 1, 7, 0])
    lengths = span_lengths(np.random.default_rng(0), total, 3.0)
    assert np.where(lengths >= 0, lengths, 0).sum(axis=1).tolist() == total.tolist()
    assert ((lengths >= 0).cumprod(axis=1) == (lengths >= 0)).all(), "all of them before the end"
    n = 30_000  # of the first row, far from its end
    counts = np.bincount(lengths[0, :n], minlength=12)[:12]
    assert_frequency(counts, n, np.array([math.exp(-3) * 3**k / math.factorial(k) for k in range(12)]))
    assert abs(lengths[0, :n].mean() - 3) < 5 * math.sqrt(3 / n)
    assert lengths[3].tolist() == [-1] * lengths.shape[1]


def test_every_row_gets_poisson_lengths():
    """Not only the longest: of many rows of 1 word, a share e^-3 begin with an empty span; and the last span is cut to fit."""
    lengths = span_lengths(np.random.default_rng(0), np.full(5000, 1), 3.0)
    assert_frequency((lengths[:, 0] == 0).sum(), 5000, math.exp(-3))
    assert lengths.max() == 1


def test_with_the_masks_filled_in_the_text_is_whole_again():
    """Ids count up from 0: between two that are left nothing is missing, unless a mask stands there."""
    some = random_texts(np.random.default_rng(0), 500)
    seen_empty = 0
    for row, found in enumerate(infill(np.random.default_rng(1), some, 0.3, MASK)):
        words, length = words_of(some, row), some.lengths()[row]
        expected, masks, hidden = 0, 0, 0
        for token in [*found.tolist(), length]:
            if token == MASK:
                masks += 1
                continue
            assert token == expected or (token > expected and masks)
            seen_empty += masks > 0 and token == expected
            hidden += sum(expected <= word[0] < token for word in words)
            assert all((expected <= word[0] < token) == (expected <= word[-1] < token) for word in words)
            expected, masks = token + 1, 0
        assert 1 <= hidden <= math.ceil(0.3 * len(words))
    assert seen_empty > 20, "masks where nothing is missing"


def test_thirty_percent_are_hidden_when_spans_do_not_meet():
    """One span in each text of ten words at most: ⌈0.05 · 10⌉ = 1 word, always."""
    some = texts(*[range(10)] * 4000)
    found = infill(np.random.default_rng(0), some, 0.05, MASK)
    kept = found.values[found.values != MASK]
    assert len(kept) == 4000 * 9
    assert_frequency(np.bincount(kept), 4000, 0.9)
    empty = (found.values == MASK).sum() - 4000  # before the first span that is not: a geometric number
    q = math.exp(-3)
    assert abs(empty - 4000 * q / (1 - q)) < 5 * math.sqrt(4000 * q) / (1 - q)


def test_no_source_outgrows_the_context():
    some = texts(*[range(10)] * 3000)
    assert infill(np.random.default_rng(0), some, 0.05, MASK).lengths.max() > 10
    assert infill(np.random.default_rng(0), some, 0.05, MASK, longest=10).lengths.max() == 10
    data = DenoisingData(Windows(np.arange(90), 5), SPECIAL, "infill", 0.1)
    assert data.batch(np.random.default_rng(0), 3000)[0].shape == (3000, 6)


def test_masks_are_put_in_anywhere():
    rows = Rows(np.tile([1, 2, 3], 4000), np.full(4000, 3))
    found = np.array(list(insert_masks(np.random.default_rng(0), rows, np.full(4000, 1), MASK)))
    assert found.shape == (4000, 4) and (found[found != MASK].reshape(4000, 3) == [1, 2, 3]).all()
    assert_frequency((found == MASK).sum(axis=0), 4000, 1 / 4)
    few = Rows(np.array([1, 2, 3]), np.array([0, 2, 1]))
    assert [r.tolist() for r in insert_masks(np.random.default_rng(0), few, np.array([2, 0, 0]), 9)] == [
        [9, 9],
        [1, 2],
        [3],
    ]


# --- the batches ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", ["delete", "mask", "infill"])
def test_the_target_is_the_text_and_the_decoder_reads_one_behind(noise):
    data = DenoisingData(Windows(np.arange(100), 20), SPECIAL, noise)
    source, real, decoder_input, targets = data.batch(np.random.default_rng(0), 50)
    assert (np.diff(targets[:, :-1]) == 1).all() and (targets[:, -1] == SPECIAL.eos).all()
    assert (decoder_input[:, 0] == SPECIAL.bos).all() and (decoder_input[:, 1:] == targets[:, :-1]).all()
    for row in range(50):
        mine = source[row, real[row]].tolist()
        assert mine.pop() == SPECIAL.eos
        kept = [token for token in mine if token != SPECIAL.mask]
        assert kept == sorted(kept) and set(kept) < set(targets[row].tolist())
        assert (SPECIAL.mask in mine) == (noise != "delete")
