"""The encoder: looks both ways but never at padding, knows its segments, and scores words where it is asked to."""

import math

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.models import Encoder, EncoderConfig, MaskedLM
from minillm.ops import cross_entropy, gelu_erf

SIZES = {"vocab_size": 11, "context": 9, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5}
KINDS = [
    {},
    {"norm": "pre", "eps": 1e-5},
    {"positions": "sinusoidal", "token_types": 0},
]
IDS = np.random.default_rng(5).integers(0, 11, (3, 7))
MASK = np.arange(7) < np.array([[7], [3], [5]])
TYPES = np.random.default_rng(6).integers(0, 2, (3, 7))
PLACES = MASK & (np.random.default_rng(7).random((3, 7)) < 0.4)


def masked_lm(dtype=np.float64, **changes):
    return randomize(MaskedLM(EncoderConfig(**(SIZES | changes)), dtype=dtype), np.random.default_rng(0))


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_changes_every_other(kind):
    model, changed = masked_lm(**kind), IDS.copy()
    changed[:, 5] = (changed[:, 5] + 1) % 11
    before, after = model.body.hidden(IDS)[0], model.body.hidden(changed)[0]
    assert (np.abs(before - after).max(-1) > 1e-12).all()


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_the_padding_changes_no_real_token(kind):
    model, other = masked_lm(**kind), np.where(MASK, IDS, 10 - IDS)
    before, after = model.forward(IDS, mask=MASK)[0], model.forward(other, mask=MASK)[0]
    np.testing.assert_array_equal(before[MASK], after[MASK])
    assert (before[~MASK] != after[~MASK]).any()


def test_the_encoder_alone_does_not_look_at_the_padding_either():
    body, other = masked_lm().body, np.where(MASK, IDS, 10 - IDS)
    np.testing.assert_array_equal(body.forward(IDS, mask=MASK)[0][MASK], body.forward(other, mask=MASK)[0][MASK])


@pytest.mark.parametrize("kind", KINDS)
def test_padding_of_any_length_changes_nothing(kind):
    model = masked_lm(**kind)
    longer = np.concatenate([IDS, IDS[:, :2]], axis=1)
    mask = np.concatenate([MASK, np.zeros((3, 2), bool)], axis=1)
    long, short = model.forward(longer, mask=mask)[0], model.forward(IDS, mask=MASK)[0]
    np.testing.assert_allclose(long[:, :7][MASK], short[MASK], rtol=1e-9, atol=1e-11)


def test_a_mask_that_forbids_nothing_is_none():
    model = masked_lm()
    np.testing.assert_array_equal(model.forward(IDS, mask=np.ones_like(MASK))[0], model.forward(IDS)[0])


def test_the_attention_map_is_where_the_design_says():
    _, saved = masked_lm().forward(IDS, mask=MASK)
    assert len(saved.blocks) == 2
    for block in saved.blocks:
        weights = block.attention.weights
        assert weights.shape == (3, 2, 7, 7)
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-12)
        seen = np.broadcast_to(MASK[:, None, None], weights.shape)
        assert (weights[~seen] == 0).all() and (weights[seen] > 0).all()


def test_segments_matter_and_the_first_is_understood():
    model = masked_lm()
    np.testing.assert_array_equal(model.forward(IDS)[0], model.forward(IDS, token_types=np.zeros_like(IDS))[0])
    assert (model.forward(IDS)[0] != model.forward(IDS, token_types=TYPES)[0]).all()


def test_word_order_matters():
    model, swapped = masked_lm(), IDS[:, [1, 0, 2, 3, 4, 5, 6]]
    assert np.abs(model.body.hidden(IDS)[0][:, 6] - model.body.hidden(swapped)[0][:, 6]).max() > 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_scores_at_some_places_are_rows_of_all_scores(kind):
    model = masked_lm(**kind)
    few, all_ = model.forward(IDS, mask=MASK, places=PLACES)[0], model.forward(IDS, mask=MASK)[0]
    assert few.shape == (PLACES.sum(), 11)
    np.testing.assert_allclose(few, all_[PLACES], rtol=1e-9, atol=1e-11)


def test_no_place_at_all_scores_nothing_and_teaches_nothing():
    model = masked_lm()
    logits, saved = model.forward(IDS, places=np.zeros_like(MASK))
    assert logits.shape == (0, 11)
    model.backward(logits, saved)
    assert (model.vector.grad == 0).all()


def test_the_head_compares_with_the_vectors_of_the_words():
    model = masked_lm()
    hidden, _ = model.body.hidden(IDS)
    head = model.head
    a, _ = gelu_erf(hidden @ head.dense.weight.data + head.dense.bias.data)
    xhat = (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + 1e-12)
    n = head.norm.gamma.data * xhat + head.norm.beta.data
    expected = n @ model.body.embedding.weight.data.T + head.bias.data
    np.testing.assert_allclose(model.forward(IDS)[0], expected, rtol=1e-9, atol=1e-11)
    assert head.decoder.weight is model.body.embedding.weight


def test_there_is_one_vector_and_the_body_lives_in_it():
    model = masked_lm()
    assert model.body.vector is model.vector
    assert all(np.shares_memory(parameter.data, model.vector.data) for parameter in model.body.parameters())


def test_a_seed_gives_the_same_model_in_every_precision():
    config = EncoderConfig(**SIZES)
    one, same, other = MaskedLM(config, seed=3), MaskedLM(config, seed=3), MaskedLM(config, seed=4)
    np.testing.assert_array_equal(one.vector.data, same.vector.data)
    assert (one.body.embedding.weight.data != other.body.embedding.weight.data).all()
    double = MaskedLM(config, seed=3, dtype=np.float64)
    np.testing.assert_array_equal(one.vector.data, double.vector.data.astype(np.float32))
    assert one.vector.data.dtype == np.float32 and double.vector.data.dtype == np.float64


def test_first_weights_are_as_large_as_the_transformers():
    model = MaskedLM(EncoderConfig(vocab_size=300, d_model=64, layers=3, token_types=50))
    for name, parameter in model.named_parameters():
        if parameter.data.ndim == 1:
            assert (parameter.data == (1 if name.endswith("gamma") else 0)).all(), name
        else:
            read_as_rows = name.startswith(("body.embedding.", "body.positions", "body.token_types"))
            assert parameter.data.std() == pytest.approx(64**-0.5 if read_as_rows else 128**-0.5, rel=0.06), name


def test_an_untrained_model_knows_as_much_as_chance():
    """Its scores are of order one, N(0, 1), whose softmax loses half a nat: log E eˣ = ½."""
    ids, targets = np.random.default_rng(0).integers(0, 50, (2, 16, 64))
    loss, _ = cross_entropy(MaskedLM(EncoderConfig(vocab_size=50)).forward(ids)[0], targets)
    assert loss == pytest.approx(math.log(50) + 0.5, abs=0.1)


def test_dropout_acts_at_every_place_with_its_own_mask():
    _, saved = masked_lm(dropout=0.5).forward(IDS, rng=np.random.default_rng(0))
    keeps = [saved.body.dropout]
    for block in saved.blocks:
        assert set(np.unique(block.attention.core.keep)) == {0, 2}
        keeps += [block.drop1, block.drop2]
    assert all(set(np.unique(keep)) == {0, 2} for keep in keeps)
    assert len({keep.tobytes() for keep in keeps}) == 5


def test_every_norm_has_the_eps_of_the_config():
    model = MaskedLM(EncoderConfig(**SIZES, eps=0.25, norm="pre"))
    eps = [layer.eps for layer in model.sublayers() if hasattr(layer, "eps")]
    assert eps == [0.25] * (1 + 2 * 2 + 1 + 1)


# --- the doors ----------------------------------------------------------------------------------------------------------------------------

MODEL = masked_lm()


@pytest.mark.parametrize("name", ["mask", "places"])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        (MASK.astype(int), r"int64 \(3, 7\)"),
        (MASK[:, :5], r"bool \(3, 5\)"),
        (MASK[:, None, None], r"bool \(3, 1, 1, 7\)"),
        (MASK.tolist(), "list"),
    ],
)
def test_a_mask_of_the_wrong_kind(name, value, found):
    with pytest.raises(
        ValueError, match=rf"{name} must be a NumPy array of booleans, one for each of ids \(3, 7\), got {found}"
    ):
        MODEL.forward(IDS, **{name: value})


@pytest.mark.parametrize(("change", "named"), [(2, "2"), (-1, "-1")])
def test_an_unknown_segment(change, named):
    types = TYPES.copy()
    types[1, 2] = change
    with pytest.raises(ValueError, match=f"token type {named} came, but the model knows 2"):
        MODEL.forward(IDS, token_types=types)


def test_segments_of_another_shape():
    with pytest.raises(ValueError, match=r"token_types must be a NumPy array of whole numbers, .*got int64 \(3, 6\)"):
        MODEL.forward(IDS, token_types=TYPES[:, 1:])


def test_an_id_outside_the_vocabulary():
    with pytest.raises(ValueError, match="token id 11 is outside the vocabulary of 11"):
        Encoder(EncoderConfig(**SIZES)).hidden(np.array([[1, 11]]))


def test_a_text_longer_than_the_learned_positions():
    with pytest.raises(ValueError, match="learned positions for 9 tokens, but the text has 10"):
        MODEL.forward(np.ones((1, 10), int))
