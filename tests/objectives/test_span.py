import numpy as np
import pytest

from minillm.objectives import Sentences, SpanData, Windows, fitting_lengths
from minillm.objectives.rows import Rows
from minillm.objectives.span import noise_counts, noise_spans, replace_by_sentinels, segments
from minillm.ops import IGNORE
from minillm.text import SpecialTokens
from tests.objectives.texts import assert_frequency, texts

ONE_FOR_ALL, COUNTED_DOWN = np.array([999, 999, 999]), np.array([999, 998, 997, 996])

# From the tests of T5 (t5/data/preprocessors_test.py), and two of its descendants' edge cases.
ORACLES = {
    "noise_span_to_sentinel": ([10, 11, 12, 13, 14, 15], "110010", ONE_FOR_ALL, [999, 12, 13, 999, 15]),
    "nonnoise_span_to_sentinel": ([10, 11, 12, 13, 14, 15], "001101", ONE_FOR_ALL, [10, 11, 999, 14, 999]),
    "noise_span_to_unique_sentinel": ([10, 11, 12, 13, 14, 15], "110010", COUNTED_DOWN, [999, 12, 13, 998, 15]),
    "later": ([9, 10, 11, 12, 13, 14, 15], "0110010", COUNTED_DOWN, [9, 999, 12, 13, 998, 15]),
    "three": (range(10, 20), "0001101001", COUNTED_DOWN, [10, 11, 12, 999, 15, 998, 17, 18, 997]),
    "nonnoise_span_to_unique_sentinel": (range(10, 16), "100101", COUNTED_DOWN, [999, 11, 12, 998, 14, 997]),
    "everything": ([1, 2, 3], "111", COUNTED_DOWN, [999]),
    "nothing": ([1, 2, 3], "000", COUNTED_DOWN, [1, 2, 3]),
}


def bits(pattern):
    return np.array([[bit == "1" for bit in pattern]])


@pytest.mark.parametrize("name", ORACLES)
def test_sentinels_are_put_as_t5_puts_them(name):
    tokens, noise, sentinels, expected = ORACLES[name]
    assert replace_by_sentinels(texts(tokens), bits(noise), sentinels).values.tolist() == expected


def test_dropping_and_masking_as_t5_does():
    """noise_token_to_sentinel is one sentinel for each token; drop_noise_tokens and drop_nonnoise_tokens keep the rest."""
    tokens, noise = np.array([[10, 11, 12, 13, 14, 15]]), bits("110010")
    assert np.where(noise, 999, tokens).tolist() == [[999, 999, 12, 13, 999, 15]]
    assert Rows.select(tokens, ~noise).values.tolist() == [12, 13, 15]
    assert Rows.select(tokens, noise).values.tolist() == [10, 11, 14]


def test_each_row_has_its_own_sentinels_and_none_in_its_padding():
    some = texts([10, 11, 12], [20, 21, 22, 23, 24])
    noise = np.array([[0, 1, 0, 0, 0], [1, 0, 1, 1, 0]], bool)
    rows = replace_by_sentinels(some, noise, COUNTED_DOWN)
    assert [row.tolist() for row in rows] == [[10, 999, 12], [999, 21, 998, 24]]


@pytest.mark.parametrize(
    ("source", "density", "mean", "expected"),
    [
        (64, 0.2, 2, (70, 22)),
        (64, 0.2, 1, (63, 27)),
        (512, 0.15, 3, (568, 114)),
        (10, 0.15, 3, (10, 4)),
        (10, 0.5, 3, (14, 10)),
    ],
)
def test_how_long_a_text_fills_a_source(source, density, mean, expected):
    """T5's random_spans_helper."""
    assert fitting_lengths(source, density, mean) == expected


@pytest.mark.parametrize(
    ("length", "density", "mean", "noise", "spans"),
    [
        (32, 0.25, 2, 8, 4),
        (100, 0.15, 3, 15, 5),
        (568, 0.15, 3, 85, 28),
        (10, 0.15, 3, 2, 1),  # 1.5 is rounded to the even number
        (5, 0.5, 2, 2, 1),
        (10, 0.9, 9, 9, 1),
        (4, 1.0, 2, 3, 1),  # never all of it, and a clear token before each span
        (10, 0.5, 1, 5, 5),
        (2, 0.15, 3, 1, 1),
        (1, 0.15, 3, 0, 0),
    ],
)
def test_there_is_exactly_so_much_noise_in_so_many_spans(length, density, mean, noise, spans):
    found = noise_spans(np.random.default_rng(0), np.full(50, length), density, mean)
    assert found.shape == (50, length)
    assert [int(count) for count in noise_counts(np.array(length), density, mean)] == [noise, spans]
    starts = found[:, 1:] & ~found[:, :-1]
    assert (found.sum(axis=1) == noise).all() and (starts.sum(axis=1) == spans).all()
    assert not found[:, 0].any(), "a clear span comes first"
    assert found[:, -1].all() or not noise


def test_texts_of_different_lengths_have_each_their_own_noise():
    lengths = np.array([1, 2, 9, 40, 33])
    found = noise_spans(np.random.default_rng(0), lengths)
    assert found.shape == (5, 40)
    assert found.sum(axis=1).tolist() == noise_counts(lengths)[0].tolist() == [0, 1, 1, 6, 5]
    assert not (found & (np.arange(40) >= lengths[:, None])).any()


def test_every_segmentation_is_as_likely():
    """5 in 3 parts: 6 ways. Beside them, rows with other numbers."""
    rows = 6000
    items, count = np.tile([5, 1, 7], rows), np.tile([3, 1, 7], rows)
    found = segments(np.random.default_rng(0), items, count)
    assert (found.sum(axis=1) == items).all()
    assert ((found > 0) == (np.arange(7) < count[:, None])).all()
    kinds, counts = np.unique(found[::3, :3] @ [25, 5, 1], return_counts=True)
    assert len(kinds) == 6
    assert_frequency(counts, rows, 1 / 6)


def restored(source, target, sentinels):
    """What T5's reader does: put after each sentinel of the source what stands after it in the target."""
    spans = {}
    for token in target:
        if token in sentinels:
            spans[token] = current = []
        else:
            current.append(token)
    return [t for token in source for t in spans.get(token, [token])]


def test_source_and_target_together_are_the_text():
    special = SpecialTokens(pad=1000, bos=1001, eos=1002, sentinels=tuple(range(1100, 1080, -1)))
    data = SpanData(Windows(np.arange(1000), 60), special)
    source, real, decoder_input, targets = data.batch(np.random.default_rng(0), 200)
    for row in range(200):
        mine, its = source[row, real[row]].tolist(), targets[row, targets[row] != IGNORE].tolist()
        assert mine[-1] == its[-1] == 1002
        text = restored(mine[:-1], its[:-1], special.sentinels)
        assert text == list(range(text[0], text[0] + 60))
        used = [token for token in mine if token in special.sentinels]
        assert used == list(special.sentinels[: len(used)]) == [token for token in its if token in special.sentinels]
        assert not set(mine) & set(its) - {*used, 1002}, "what is asked for cannot be read"
    assert (decoder_input[:, 0] == 1001).all() and (decoder_input[:, 1:] == targets[:, :-1]).all()


def test_fitting_windows_fill_the_source_to_the_last_place():
    length, target = fitting_lengths(128)
    special = SpecialTokens(pad=1000, bos=1001, eos=1002, sentinels=tuple(range(1100, 1080, -1)))
    source, real, _, targets = SpanData(Windows(np.arange(1000), length), special).batch(np.random.default_rng(0), 50)
    assert source.shape == (50, 128) and real.all()
    assert targets.shape == (50, target) and (targets != IGNORE).all()


def test_padding_needs_no_sentinel():
    """Three spans in sentences of 60 tokens and of 50 alike, and three sentinels."""
    special = SpecialTokens(pad=1000, bos=1001, eos=1002, sentinels=(1003, 1004, 1005))
    ids = np.arange(1000)
    data = SpanData(Sentences(ids, 60, np.isin(ids % 110, [0, 60])), special)
    source, real, _, targets = data.batch(np.random.default_rng(0), 50)
    for row in range(50):
        mine, its = source[row, real[row]].tolist(), targets[row, targets[row] != IGNORE].tolist()
        text = restored(mine[:-1], its[:-1], special.sentinels)
        assert text == list(range(text[0], text[0] + (50 if text[0] % 110 else 60)))


def test_too_few_sentinels_are_refused_at_once():
    special = SpecialTokens(pad=1000, bos=1001, eos=1002, sentinels=(1003, 1004))
    SpanData(Windows(np.arange(1000), 40), special)
    with pytest.raises(ValueError, match="pieces of 60 tokens get up to 3 spans, but there are 2 sentinels"):
        SpanData(Windows(np.arange(1000), 60), special)
