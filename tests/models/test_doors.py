"""What comes in is checked at the door: a GPU would wrap a wrong id silently and train on nonsense."""

import numpy as np
import pytest

from minillm.models import GPT, GPTConfig, KeyValueCache
from minillm.objectives import causal_lm
from minillm.ops import IGNORE

MODEL = GPT(GPTConfig(vocab_size=11, context=7, layers=1, heads=1, d_model=4))
IDS = np.array([[1, 2, 3]])


@pytest.mark.parametrize(("ids", "named"), [([[1, 11]], "11"), ([[-1, 3]], "-1"), ([[IGNORE, 3]], "-100")])
def test_an_id_outside_the_vocabulary(ids, named):
    with pytest.raises(ValueError, match=f"token id {named} is outside the vocabulary of 11"):
        MODEL.forward(np.array(ids))


@pytest.mark.parametrize(
    ("ids", "named"),
    [
        (np.array([1, 2]), r"int64 \(2,\)"),
        (np.array([[[1]]]), r"int64 \(1, 1, 1\)"),
        (np.zeros((2, 0), int), r"int64 \(2, 0\)"),
        (np.array([[1.0]]), r"float64 \(1, 1\)"),
        (np.array([[True]]), r"bool \(1, 1\)"),
        ([[1, 2]], "list"),
    ],
)
def test_ids_of_the_wrong_kind(ids, named):
    with pytest.raises(ValueError, match=rf"ids must be a NumPy array \(B, T\) of whole numbers .*got {named}"):
        MODEL.forward(ids)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint16])
def test_ids_of_any_whole_type(dtype):
    np.testing.assert_array_equal(MODEL.forward(IDS.astype(dtype))[0], MODEL.forward(IDS)[0])


def test_the_last_id_is_inside():
    assert MODEL.forward(np.array([[0, 10]]))[0].shape == (1, 2, 11)


def test_a_text_longer_than_the_learned_positions():
    with pytest.raises(ValueError, match="learned positions for 7 tokens, but the text has 8"):
        MODEL.forward(np.ones((1, 8), int))


def test_sinusoidal_positions_take_any_length():
    model = GPT(GPTConfig(vocab_size=11, context=7, layers=1, heads=1, d_model=4, positions="sinusoidal"))
    assert model.forward(np.ones((1, 20), int))[0].shape == (1, 20, 11)


def test_a_full_cache_says_so_and_stays_as_it_was():
    cache = KeyValueCache(MODEL)
    MODEL.extend(np.ones((1, 5), int), cache)
    with pytest.raises(ValueError, match="the context holds 7 tokens; 5 are cached and 3 came"):
        MODEL.extend(np.ones((1, 3), int), cache)
    assert cache.length == 5
    with pytest.raises(ValueError, match="outside the vocabulary"):
        MODEL.extend(np.array([[99]]), cache)


@pytest.mark.parametrize("target", [11, -1, -99])
def test_a_target_outside_the_vocabulary(target):
    with pytest.raises(ValueError, match=f"target {target} is outside the vocabulary of 11 "):
        causal_lm(MODEL, IDS, np.array([[1, target, IGNORE]]))


def test_targets_of_another_shape():
    with pytest.raises(ValueError, match=r"targets are \(1, 2\) but ids are \(1, 3\)"):
        causal_lm(MODEL, IDS, IDS[:, 1:])


def test_good_targets_pass():
    assert np.isfinite(causal_lm(MODEL, IDS, np.array([[0, 10, IGNORE]]))[0])
