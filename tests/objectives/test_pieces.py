from itertools import chain

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.objectives import Sentences, Windows
from minillm.text import Corpus
from tests.objectives.texts import assert_frequency

IDS = np.arange(1000, dtype=np.int32)  # so that a token tells where it stood
WORDS = IDS % 4 == 1
SENTENCES = IDS % 7 == 3  # the first, of 3 tokens, starts at 0
for array in (IDS, WORDS, SENTENCES):
    array.flags.writeable = False


def rows(some):
    return [ids[real].tolist() for ids, real in zip(some.ids, some.real, strict=True)]


def test_windows_are_from_anywhere_in_the_training_part_and_from_nowhere_else():
    windows = Windows(IDS[:100], 7)
    some = windows.draw(np.random.default_rng(0), 5000)
    assert some.ids.shape == (5000, 7) and some.ids.dtype == np.int64 and some.real.all()
    assert (np.diff(some.ids) == 1).all()
    assert set(some.ids[:, 0]) == set(range(90 - 7 + 1))


@pytest.mark.parametrize("longest", [2, 3, 8, 11, 12])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_validation_windows_meet_every_token_once(longest, size):
    """12 tokens; of 11 and 1 the single one is left out, for nothing could be hidden there."""
    found = [row for some in Windows(IDS[:120], longest).validation(size) for row in rows(some)]
    expected = list(range(108, 120))
    assert list(chain(*found)) == expected[: 11 if longest == 11 else 12]
    assert all(len(row) == longest for row in found[:-1])


def test_the_split_is_that_of_a_corpus():
    for length in (100, 101, 107, 109):
        corpus = Corpus(IDS[:length], 4)
        assert next(Windows(IDS[:length], 4).validation(1)).ids[0, 0] == corpus.validation[0]


def test_words_go_with_their_tokens_and_begin_where_the_window_does():
    some = Windows(IDS, 9, WORDS).draw(np.random.default_rng(0), 200)
    expected = some.ids % 4 == 1
    expected[:, 0] = True
    assert (some.starts_word == expected).all()
    assert (Windows(IDS, 9).draw(np.random.default_rng(0), 5).starts_word).all(), "without words, every token is one"


def test_there_are_no_words_in_the_padding():
    for some in (*Windows(IDS, 80, WORDS).validation(9), *Sentences(IDS, 5, SENTENCES, WORDS).validation(9)):
        assert not some.starts_word[~some.real].any()


def test_sentences_are_whole():
    sentences = Sentences(IDS, 100, SENTENCES)
    some = rows(sentences.draw(np.random.default_rng(0), 5000))
    assert {tuple(row) for row in some} == {(0, 1, 2), *(tuple(range(i, i + 7)) for i in range(3, 900, 7))}
    held_out = [row for part in sentences.validation(10) for row in rows(part)]
    assert list(chain(*held_out)) == list(range(906, 1000)), (
        "the first sentence that begins in the last tenth, and all after it"
    )
    assert all(row[0] % 7 == 3 for row in held_out)


def test_a_sentence_that_begins_with_the_last_tenth_is_held_out():
    held_out = Sentences(IDS[:890], 100, SENTENCES[:890])
    assert next(held_out.validation(1)).ids[0, 0] == 801
    assert held_out.draw(np.random.default_rng(0), 5000).ids.max() == 800


def test_every_sentence_is_as_likely():
    some = Sentences(IDS[:100], 100, SENTENCES[:100]).draw(np.random.default_rng(0), 13000)
    starts, counts = np.unique(some.ids[:, 0], return_counts=True)
    assert starts.tolist() == [0, *range(3, 90, 7)]
    assert_frequency(counts, 13000, 1 / len(starts))


def test_long_sentences_are_cut_and_single_tokens_left_out():
    """Sentences of 7 in pieces of 3: 3 and 3, and the last token alone is left out."""
    some = rows(Sentences(IDS, 3, SENTENCES).draw(np.random.default_rng(0), 5000))
    assert {tuple(row) for row in some} == {
        (0, 1, 2),
        *((i + j, i + j + 1, i + j + 2) for i in range(3, 900, 7) for j in (0, 3) if i + j < 900),
    }


def test_the_corpus_is_not_written_on():
    ids, words = IDS.copy(), WORDS.copy()
    some = Windows(ids, 9, words).draw(np.random.default_rng(0), 3)
    some.ids[:] = -1
    some.starts_word[:] = True
    assert (ids == IDS).all() and (words == WORDS).all()


def test_a_text_that_is_too_short_is_refused():
    with pytest.raises(
        InputError, match="windows of 91 tokens: its training part has 90 tokens, its validation part 10"
    ):
        Windows(IDS[:100], 91)
    with pytest.raises(InputError, match="its validation part 1"):
        Windows(IDS[:10], 2)
    with pytest.raises(InputError, match="13 sentences to train on and 0 to validate on"):
        Sentences(IDS[:90], 9, SENTENCES[:90] & (IDS[:90] < 81))
    with pytest.raises(InputError, match="Pieces of 1 tokens are too short"):
        Windows(IDS, 1)


def test_what_is_no_corpus():
    with pytest.raises(ValueError, match=r"float64 of shape \(5,\)"):
        Windows(np.zeros(5), 2)
    with pytest.raises(
        ValueError, match=r"starts_word must be booleans \(1000,\), one for each token, got bool \(999,\)"
    ):
        Windows(IDS, 9, WORDS[:-1])
    with pytest.raises(ValueError, match=r"starts_sentence must be booleans \(1000,\), one for each token, got int32"):
        Sentences(IDS, 9, IDS)
