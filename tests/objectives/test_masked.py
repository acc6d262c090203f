import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.models import EncoderConfig, MaskedLM
from minillm.objectives import MaskedData, Windows, masked_lm
from minillm.objectives.masked import choose_whole_words, mask_tokens
from minillm.objectives.rows import shuffled
from minillm.ops import IGNORE
from tests.objectives.texts import SPECIAL, assert_frequency, random_texts, texts

V, T, ROWS = 100, 50, 2000  # 100,000 tokens
IDS = np.random.default_rng(0).integers(V, size=20_000)
ENDS = [SPECIAL.bos, SPECIAL.eos]


@pytest.fixture(scope="module", params=[False, True], ids=["tokens", "whole words"])
def batch(request):
    """ids, mask, targets, and the text that they were made of."""
    data = MaskedData(Windows(IDS, T - 2, IDS % 3 > 0), SPECIAL, V, whole_words=request.param)
    ids, mask, targets = data.batch(np.random.default_rng(1), ROWS)
    return ids, mask, targets, np.where(targets != IGNORE, targets, ids)


def test_with_the_targets_the_text_is_whole_again(batch):
    ids, mask, targets, text = batch
    assert ids.shape == targets.shape == (ROWS, T) and mask.all()
    corpus = IDS.astype(np.int16).tobytes()
    assert all(row.astype(np.int16).tobytes() in corpus for row in text[:, 1:-1])


def test_bos_and_eos_stand_at_the_ends_and_are_never_chosen(batch):
    ids, _, targets, _ = batch
    assert (ids[:, [0, -1]] == ENDS).all() and (targets[:, [0, -1]] == IGNORE).all()


def test_fifteen_percent_are_chosen(batch, request):
    """round(0.15 · 50) = 8 of each text, ends counted as in BERT; of whole words at most so many, and nearly."""
    _, _, targets, _ = batch
    chosen = (targets != IGNORE).sum(axis=1)
    if "whole" in request.node.name:
        assert chosen.max() == 8 and chosen.min() >= 7 and chosen.mean() > 7.9
    else:
        assert (chosen == 8).all()


def test_eighty_percent_are_masked_ten_random_and_ten_kept(batch):
    """A random token is the right one once in V times."""
    ids, _, targets, _ = batch
    found, right = ids[targets != IGNORE], targets[targets != IGNORE]
    masked, kept = found == SPECIAL.mask, found == right
    n = len(found)
    assert n > 15_000
    assert_frequency(masked.sum(), n, 0.8)
    assert_frequency(kept.sum(), n, 0.1 + 0.1 / V)
    assert_frequency((~masked & ~kept).sum(), n, 0.1 * (V - 1) / V)
    random = found[~masked & ~kept]
    assert set(random) == set(range(V))
    assert_frequency(np.bincount(random), len(random), 1 / V)


def test_every_place_is_chosen_as_often():
    """Of 48 tokens in words of one, 8."""
    _, _, targets = MaskedData(Windows(IDS, T - 2), SPECIAL, V).batch(np.random.default_rng(1), 5000)
    assert_frequency((targets != IGNORE).sum(axis=0)[1:-1], 5000, 8 / 48)


def test_nothing_else_is_touched():
    few = texts(range(50), range(20))
    candidates = few.ids % 2 == 1
    before = few.ids.copy()
    ids, targets = mask_tokens(np.random.default_rng(0), few, candidates & few.real, np.array([20, 3]), 101, V)
    chosen = targets != IGNORE
    assert chosen.sum(axis=1).tolist() == [20, 3] and not (chosen & ~(candidates & few.real)).any()
    assert (targets[chosen] == few.ids[chosen]).all() and (ids[~chosen] == few.ids[~chosen]).all()
    assert (few.ids == before).all()


def test_a_text_of_two_tokens_has_one_to_guess():
    data = MaskedData(Windows(IDS, 2), SPECIAL, V, rate=0.01)
    assert ((data.batch(np.random.default_rng(0), 50)[2] != IGNORE).sum(axis=1) == 1).all()


def test_ends_between_documents_are_not_chosen():
    ids = IDS.copy()
    ids[::2] = SPECIAL.eos
    for whole_words in (False, True):
        data = MaskedData(Windows(ids, 9, IDS % 3 > 0), SPECIAL, V, rate=1.0, whole_words=whole_words)
        found, _, targets = data.batch(np.random.default_rng(0), 100)
        assert not np.isin(targets, ENDS).any() and (targets != IGNORE).sum() > 100
        assert ((found == SPECIAL.eos).sum(axis=1) >= 5).all()


def bert_whole_words(words, order, count):
    """The loop of google-research/bert, create_pretraining_data.py: which tokens are chosen, of words in this order."""
    chosen = []
    for word in (words[i] for i in order if i < len(words)):
        if len(chosen) >= count:
            break
        if len(chosen) + len(word) > count:
            continue
        chosen += word
    return sorted(chosen)


def test_whole_words_as_bert_chooses_them():
    draw = np.random.default_rng(0)
    some = random_texts(draw, 200)
    count = np.maximum(np.rint(0.3 * some.lengths()), 1).astype(int)
    chosen = choose_whole_words(np.random.default_rng(5), some, some.real, count)
    order = shuffled(np.random.default_rng(5), some.words())
    for row in range(200):
        length = some.lengths()[row]
        heads = np.flatnonzero(some.starts_word[row])
        words = [word.tolist() for word in np.split(np.arange(length), heads[1:])]
        expected = bert_whole_words(words, order[row], count[row]) or words[order[row, 0]]
        assert np.flatnonzero(chosen[row]).tolist() == expected


def test_a_word_that_is_too_long_is_better_than_none():
    few = texts(range(8), range(9), words=[[0], [0, 4]])
    chosen = choose_whole_words(np.random.default_rng(0), few, few.real, np.array([2, 1]))
    assert chosen[0, :8].all() and chosen[1].sum() in (4, 5)


# --- the loss ---------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    config = EncoderConfig(vocab_size=11, context=6, layers=1, heads=2, d_model=6, d_ff=5)
    return randomize(MaskedLM(config, dtype=np.float64), np.random.default_rng(0))


IDS_6 = np.array([[3, 1, 3, 9, 0, 2], [7, 3, 2, 8, 10, 10]])
REAL = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]], bool)
TARGETS = np.array([[IGNORE, 4, IGNORE, IGNORE, 0, IGNORE], [7, IGNORE, IGNORE, IGNORE, IGNORE, IGNORE]])


def test_the_loss_is_the_mean_over_the_chosen_places(model):
    logits, _ = model.forward(IDS_6, mask=REAL)
    logp = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    by_hand = -(logp[0, 1, 4] + logp[0, 4, 0] + logp[1, 0, 7]) / 3
    assert masked_lm(model, IDS_6, REAL, TARGETS)[0] == pytest.approx(by_hand, abs=1e-12)


def test_padding_changes_nothing(model):
    loss = masked_lm(model, IDS_6, REAL, TARGETS)[0]
    other = np.where(REAL, IDS_6, 1)
    assert masked_lm(model, other, REAL, TARGETS)[0] == pytest.approx(float(loss), abs=1e-12)
    assert abs(masked_lm(model, other, np.ones_like(REAL), TARGETS)[0] - loss) > 1e-4, "without the mask it would"


def test_with_nothing_chosen_the_loss_is_zero(model):
    assert masked_lm(model, IDS_6, REAL, np.full_like(TARGETS, IGNORE))[0] == 0


def test_targets_are_checked(model):
    with pytest.raises(ValueError, match=r"targets are \(2, 5\) but ids are \(2, 6\)"):
        masked_lm(model, IDS_6, REAL, TARGETS[:, :5])
    with pytest.raises(ValueError, match="target 11 is outside the vocabulary of 11"):
        masked_lm(model, IDS_6, REAL, np.where(TARGETS == 4, 11, TARGETS))
