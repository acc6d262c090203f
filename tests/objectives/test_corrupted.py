"""What every data builder promises, each with its own noise."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.objectives import (
    DenoisingData,
    MaskedData,
    PrefixData,
    Sentences,
    SpanData,
    Windows,
)
from minillm.ops import IGNORE
from minillm.text import SpecialTokens
from tests.objectives.texts import SPECIAL

IDS = np.random.default_rng(0).integers(100, size=3000).astype(np.int32)
WORDS = IDS % 3 > 0
SENTENCES = IDS % 20 == 0

BUILDERS = {
    "masked": lambda pieces: MaskedData(pieces, SPECIAL, 100),
    "whole words": lambda pieces: MaskedData(pieces, SPECIAL, 100, whole_words=True),
    "delete": lambda pieces: DenoisingData(pieces, SPECIAL),
    "mask": lambda pieces: DenoisingData(pieces, SPECIAL, "mask"),
    "infill": lambda pieces: DenoisingData(pieces, SPECIAL, "infill"),
    "span": lambda pieces: SpanData(pieces, SPECIAL),
    "prefix": lambda pieces: PrefixData(pieces, SPECIAL),
}


@pytest.fixture(params=BUILDERS)
def build(request):
    return BUILDERS[request.param]


@pytest.fixture(params=["windows", "sentences"])
def data(build, request):
    if request.param == "windows":
        return build(Windows(IDS, 25, WORDS))
    return build(Sentences(IDS, 25, SENTENCES, WORDS))


def trimmed(batches):
    """The rows of all batches, each array without its padding."""
    return [
        [array[row, real[row]].tolist() for array, real in zip(batch, reals(batch), strict=True)]
        for batch in batches
        for row in range(len(batch[0]))
    ]


def reals(batch):
    if len(batch) == 3:
        return [batch[1]] * 3
    return [batch[1], batch[1], batch[3] != IGNORE, batch[3] != IGNORE]


def same(a, b):
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_the_generator_alone_decides_the_batch(data):
    a, b, c = (data.batch(np.random.default_rng(seed), 5) for seed in (0, 0, 1))
    assert same(a, b) and not same(a, c)


def test_every_evaluation_sees_the_same(data):
    first, second = list(data.validation_batches(7)), list(data.validation_batches(7))
    assert len(first) == len(second) > 1 and all(same(a, b) for a, b in zip(first, second, strict=True))


def test_the_size_of_a_batch_changes_nothing_in_validation(data):
    one, many = trimmed(data.validation_batches(1)), trimmed(data.validation_batches(100))
    assert len(one) > 9 and one == many


def test_the_noise_differs_from_text_to_text(build):
    """All texts of validation alike, and more of them than share a generator: not so what became of them."""
    texts = trimmed(build(Windows(np.tile(np.arange(50), 800), 50)).validation_batches(1))
    assert len(texts) == 80
    assert len({str(text) for text in texts}) > 20 and texts[:10] != texts[64:74]


def test_a_batch_is_padded_to_its_longest_row_and_no_further(data):
    for batch in (data.batch(np.random.default_rng(0), 9), *data.validation_batches(9)):
        for array, real in zip(batch, reals(batch), strict=True):
            assert array.dtype == (bool if array is batch[1] else np.int64)
            assert array.ndim == 2 and real[:, -1].any()
            assert (real[:, :-1] >= real[:, 1:]).all(), "padding is on the right"
            fill = False if array is batch[1] else IGNORE if array is batch[-1] else SPECIAL.pad
            assert (array[~real] == fill).all()
        *_, targets = batch
        assert (targets != IGNORE).any(axis=1).all(), "every sequence has something to learn from"


def test_a_batch_may_be_written_on(build):
    ids = IDS.copy()
    for array in build(Windows(ids, 25)).batch(np.random.default_rng(0), 5):
        array[:] = 0
    assert (ids == IDS).all()


def test_a_text_that_holds_special_tokens_is_refused(build):
    for token in (SPECIAL.pad, SPECIAL.mask, SPECIAL.sentinels[-1]):
        ids = IDS.copy()
        ids[1234] = token
        with pytest.raises(ValueError, match=f"the text holds token {token}"):
            build(Windows(ids, 25))


def test_special_tokens_that_are_missing_or_alike_are_named():
    windows = Windows(IDS, 25)
    for make, name in (
        (lambda: MaskedData(windows, SpecialTokens(100), 100), "mask"),
        (lambda: DenoisingData(windows, SpecialTokens(100, eos=101)), "bos"),
        (lambda: DenoisingData(windows, SpecialTokens(100, bos=101)), "eos"),
        (lambda: DenoisingData(windows, SpecialTokens(100, bos=101, eos=102), "infill"), "mask"),
        (lambda: SpanData(windows, SpecialTokens(100, bos=101, eos=102)), "sentinels"),
    ):
        with pytest.raises(ValueError, match=f"needs the special token {name}"):
            make()
    with pytest.raises(ValueError, match="must all differ"):
        SpecialTokens(100, mask=100)
    assert SpecialTokens(pad=0, bos=0).bos == 0, "T5's decoder begins with padding"


def test_shares_of_a_text():
    windows = Windows(IDS, 25)
    for rate in (0, 1.1, float("nan")):
        with pytest.raises(InputError, match="share of the text"):
            MaskedData(windows, SPECIAL, 100, rate)
        with pytest.raises(InputError, match="share of the text"):
            DenoisingData(windows, SPECIAL, "delete", rate)
        with pytest.raises(InputError, match="share of the text"):
            SpanData(windows, SPECIAL, rate)
    with pytest.raises(InputError, match="no noise 'shuffle'"):
        DenoisingData(windows, SPECIAL, "shuffle")
    with pytest.raises(InputError, match=r"Spans of 0\.5 tokens"):
        SpanData(windows, SPECIAL, mean=0.5)
