import math

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.ops import IGNORE
from minillm.text import Corpus, unigram_entropy
from minillm.text.corpus import training_part


def test_the_split_is_ninety_to_ten_by_position_and_copies_nothing():
    ids = np.arange(201, dtype=np.int32)
    corpus = Corpus(ids, context=5)
    assert corpus.train.tolist() == list(range(180))
    assert corpus.validation.tolist() == list(range(180, 201))
    assert np.shares_memory(corpus.train, ids) and np.shares_memory(corpus.validation, ids)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
def test_a_target_is_the_token_after_its_input(dtype):
    ids = np.random.default_rng(0).integers(250, size=300).astype(dtype)
    corpus = Corpus(ids, context=7)
    inputs, targets = corpus.batch(np.random.default_rng(1), size=50)
    assert inputs.shape == targets.shape == (50, 7)
    assert inputs.dtype == targets.dtype == np.int64
    assert (inputs[:, 1:] == targets[:, :-1]).all()
    text = ids[:270].tobytes()
    for row_in, row_out in zip(inputs.astype(dtype), targets.astype(dtype), strict=True):
        assert row_in.tobytes() + row_out[-1:].tobytes() in text


def test_batches_reach_every_place_of_the_training_part_and_none_beyond():
    corpus = Corpus(np.arange(100), context=4)
    inputs, targets = corpus.batch(np.random.default_rng(0), size=5000)
    assert set(inputs[:, 0]) == set(range(90 - 4))
    assert targets.max() == 89


def test_a_batch_may_be_written_on():
    """Masking writes on the inputs: neither the targets nor the corpus may feel it."""
    ids = np.arange(100)
    inputs, targets = Corpus(ids, context=4).batch(np.random.default_rng(0), size=8)
    before = targets.copy()
    inputs[:] = -1
    assert (targets == before).all()
    assert (ids == np.arange(100)).all()


def test_the_generator_alone_decides_the_batch():
    corpus = Corpus(np.arange(1000), context=4)
    a, b, c = (corpus.batch(np.random.default_rng(seed), size=8)[0] for seed in (0, 0, 1))
    assert (a == b).all() and (a != c).any()


@pytest.mark.parametrize("length", [9, 10, 11, 60, 61, 62, 63, 64, 65, 66])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_validation_meets_every_token_once(length, size):
    context = 8
    ids = np.random.default_rng(length).integers(1, 1000, size=length * 10)
    corpus = Corpus(ids, context)
    assert len(corpus.validation) == length
    batches = list(corpus.validation_batches(size))
    inputs, targets = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    scored = targets != IGNORE
    assert inputs[scored].tolist() == corpus.validation[:-1].tolist()
    assert targets[scored].tolist() == corpus.validation[1:].tolist()
    assert (inputs[~scored] == 0).all()
    assert scored[:-1].all() and scored[-1, 0], "padding belongs at the end of the last window only"
    assert all(a.shape == b.shape == (size, context) for a, b in batches[:-1])
    assert 0 < len(batches[-1][0]) <= size
    assert all(array.dtype == np.int64 for batch in batches for array in batch)


def test_a_text_too_short_for_the_context_is_refused_with_both_lengths():
    with pytest.raises(InputError) as caught:
        Corpus(np.zeros(100, np.int32), context=64)
    assert "context of 64" in caught.value.wrong
    assert "training part has 90, its validation part 10, and each needs 65" in caught.value.wrong
    assert caught.value.remedy == "Use `context` 9, or a longer text (650 tokens are enough)."


def test_the_remedy_of_a_short_text_works():
    for context in (1, 2, 9, 64):
        Corpus(np.zeros(10 * (context + 1), np.int32), context)
    Corpus(np.zeros(100, np.int32), context=9)
    with pytest.raises(InputError):
        Corpus(np.zeros(100, np.int32), context=10)
    with pytest.raises(InputError) as caught:
        Corpus(np.zeros(5, np.int32), context=3)
    assert caught.value.remedy == "Use a longer text (40 tokens are enough)."


def test_the_shortest_corpus_gives_its_one_window():
    corpus = Corpus(np.arange(20), context=1)
    inputs, _ = corpus.batch(np.random.default_rng(0), size=100)
    assert set(inputs.ravel()) == set(range(17))
    assert [(a.tolist(), b.tolist()) for a, b in corpus.validation_batches(4)] == [([[18]], [[19]])]


def test_what_is_no_corpus():
    with pytest.raises(InputError, match="context of 0"):
        Corpus(np.zeros(100, np.int32), context=0)
    with pytest.raises(ValueError, match=r"float64 of shape \(100,\)"):
        Corpus(np.zeros(100), context=4)
    with pytest.raises(ValueError, match=r"shape \(10, 10\)"):
        Corpus(np.zeros((10, 10), np.int32), context=4)


def test_unigram_entropy_by_hand():
    """Counts 2, 1, 0 and one more each: p = 3/6, 2/6, 1/6."""
    train, validation = np.array([0, 0, 1], np.int32), np.array([0, 2], np.int32)
    assert unigram_entropy(train, validation, 3) == pytest.approx((math.log(2) + math.log(6)) / 2, abs=1e-12)


def test_unigram_entropy_of_evenly_used_tokens_is_chance():
    ids = np.arange(70) % 7
    assert unigram_entropy(ids, ids[:14], 7) == pytest.approx(math.log(7), abs=1e-12)


def test_unigram_entropy_wants_ids_of_the_vocabulary():
    for train, validation in (([0, 3], [0]), ([0], [3])):
        with pytest.raises(ValueError, match="token id 3 is outside the vocabulary, 0 to 2"):
            unigram_entropy(np.array(train), np.array(validation), 3)


def test_nine_tenths_of_a_text_are_to_train_on():
    assert [training_part(count) for count in (0, 1, 9, 10, 19, 100)] == [0, 0, 8, 9, 17, 90]
