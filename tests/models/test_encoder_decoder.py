"""The encoder-decoders: who sees whom, what a cache gives, how they start, and what is refused at the door."""

import math

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.layers import MultiHeadAttention, causal_mask
from minillm.models import T5, T5Config, Transformer, TransformerConfig
from minillm.models.kinds import build, config_from_dict, config_to_dict
from minillm.ops import cross_entropy

SIZES = {"vocab_size": 11, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5, "dropout": 0.0}
CONFIGS = {
    "transformer": TransformerConfig(**SIZES),
    "transformer, pre, tied": TransformerConfig(**SIZES, norm="pre", tie_head=True, activation="gelu"),
    "transformer, three tables": TransformerConfig(**SIZES, tie_embeddings=False, scale_embedding=False),
    "t5 1.0": T5Config(**SIZES, d_kv=5, buckets=6, max_distance=5),
    "t5 1.1": T5Config(
        **SIZES, d_kv=2, decoder_layers=3, activation="gelu", gated=True, tie_head=False, buckets=8, max_distance=9
    ),
}
SOURCE, TARGET = (np.random.default_rng(5).integers(0, 11, shape) for shape in ((3, 7), (3, 9)))
SOURCE_MASK = np.array([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1, 1]], bool)


def new(config, **options):
    return (Transformer if isinstance(config, TransformerConfig) else T5)(config, **options)


def drawn(config, dtype=np.float64):
    """A model with random parameters; T5's queries smaller, since nothing else keeps its scores small."""
    model = randomize(new(config, dtype=dtype), np.random.default_rng(0))
    for block in (*model.encoder, *model.decoder):
        block.attention.query.weight.data *= 0.5
    return model


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS)
def config(request):
    return request.param


@pytest.fixture
def model(config):
    return drawn(config)


def test_later_targets_change_nothing_before_them(model):
    changed = TARGET.copy()
    changed[:, 5] = (changed[:, 5] + 1) % 11
    before, after = model.forward(SOURCE, TARGET)[0], model.forward(SOURCE, changed)[0]
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert (before[:, 5:] != after[:, 5:]).any(-1).all()


@pytest.mark.parametrize("place", [0, 6])
def test_every_target_sees_the_whole_source(model, place):
    changed = SOURCE.copy()
    changed[:, place] = (changed[:, place] + 1) % 11
    before, after = model.forward(SOURCE, TARGET)[0], model.forward(changed, TARGET)[0]
    assert (before != after).any(-1).all()


def test_nobody_sees_the_padding_of_the_source(model):
    padded = np.where(SOURCE_MASK, SOURCE, (SOURCE + 3) % 11)
    before, after = (model.forward(source, TARGET, source_mask=SOURCE_MASK)[0] for source in (SOURCE, padded))
    np.testing.assert_array_equal(before, after)
    assert (model.forward(SOURCE, TARGET)[0][1:] != before[1:]).any(-1).all()


def test_padding_on_the_right_of_the_source_is_as_if_it_were_not_there(model):
    alone = model.forward(SOURCE[1:2, :4], TARGET[1:2])[0]
    np.testing.assert_allclose(
        model.forward(SOURCE, TARGET, source_mask=SOURCE_MASK)[0][1:2], alone, rtol=1e-11, atol=1e-12
    )


def test_nobody_sees_the_padding_of_the_target(model):
    """Also where it stands on the left, and causality hides nothing."""
    mask = np.ones((3, 9), bool)
    mask[0, :2] = mask[1, 6:] = False
    padded = np.where(mask, TARGET, (TARGET + 3) % 11)
    before, after = (model.forward(SOURCE, target, target_mask=mask)[0] for target in (TARGET, padded))
    np.testing.assert_array_equal(before[mask], after[mask])
    assert (model.forward(SOURCE, TARGET)[0][0, 2:] != before[0, 2:]).any()


def test_a_target_padded_on_the_right_needs_no_mask(model):
    mask = np.ones((3, 9), bool)
    mask[:, 6:] = False
    with_mask, without = model.forward(SOURCE, TARGET, target_mask=mask)[0], model.forward(SOURCE, TARGET)[0]
    np.testing.assert_allclose(with_mask[:, :6], without[:, :6], rtol=1e-12)


@pytest.mark.parametrize("lengths", [(7, 9), (7, 2), (1, 9), (2, 1)])
def test_targets_shorter_and_longer_than_sources(model, lengths):
    logits, saved = model.forward(SOURCE[:, : lengths[0]], TARGET[:, : lengths[1]])
    assert logits.shape == (3, lengths[1], 11)
    model.backward(np.ones_like(logits), saved)


def test_the_order_of_the_source_matters(model):
    assert np.abs(model.forward(SOURCE, TARGET)[0] - model.forward(SOURCE[:, ::-1].copy(), TARGET)[0]).max() > 1e-6


def test_the_attention_maps_are_where_the_design_says(model):
    _, saved = model.forward(SOURCE, TARGET, source_mask=SOURCE_MASK)
    for block in saved.encoder.blocks:
        assert block.attention.weights.shape == (3, 2, 7, 7)
    for block in saved.decoder.blocks:
        own, read = block.attention.weights, block.cross_attention.weights
        assert own.shape == (3, 2, 9, 9) and read.shape == (3, 2, 9, 7)
        np.testing.assert_allclose(read.sum(-1), 1, rtol=1e-12)
        assert (own[..., ~causal_mask(9, 9)] == 0).all()
        assert (read.swapaxes(1, 3)[~SOURCE_MASK] == 0).all()


# --- the cache ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunks", [[1] * 9, [9], [4, 1, 3, 1]])
@pytest.mark.parametrize("mask", [None, SOURCE_MASK])
def test_the_cache_gives_what_the_whole_forward_gives(model, chunks, mask):
    expected, cache, stop = model.forward(SOURCE, TARGET, source_mask=mask)[0], model.start(SOURCE, source_mask=mask), 0
    for chunk in chunks:
        start, stop = stop, stop + chunk
        logits = model.extend(TARGET[:, start:stop], cache)
        np.testing.assert_allclose(logits, expected[:, stop - 1], rtol=0, atol=1e-12 * np.abs(expected).max())
    assert cache.length == 9


def test_a_cache_set_back_begins_a_new_answer_to_the_same_source(model):
    cache = model.start(SOURCE, source_mask=SOURCE_MASK)
    model.extend(TARGET, cache)
    cache.length = 0
    expected = model.forward(SOURCE, TARGET[:, ::-1][:, :4].copy(), source_mask=SOURCE_MASK)[0][:, -1]
    np.testing.assert_allclose(model.extend(TARGET[:, ::-1][:, :4].copy(), cache), expected, atol=1e-11)


def test_the_source_is_read_once(model, monkeypatch):
    """Neither the encoder nor the keys and values of its memory are computed again while the answer grows."""
    calls, keys_values = [], MultiHeadAttention.keys_values

    def counted(self, memory):
        calls.append(self)
        return keys_values(self, memory)

    monkeypatch.setattr(MultiHeadAttention, "keys_values", counted)
    cache = model.start(SOURCE)
    assert calls == [block.cross_attention for block in model.decoder]
    monkeypatch.setattr(type(model), "encode", None)
    read = cache.memory_keys + cache.memory_values
    for place in range(9):
        model.extend(TARGET[:, place : place + 1], cache)
    cache.reorder(np.arange(3))
    assert len(calls) == len(model.decoder)
    assert all(one is other for one, other in zip(read, cache.memory_keys + cache.memory_values, strict=True))


@pytest.mark.parametrize("rows", [[2, 0, 1], [1, 1, 2], [2], [0, 2, 1, 1, 0]])
def test_reordered_texts_go_on_where_the_others_were(model, rows):
    cache = model.start(SOURCE, source_mask=SOURCE_MASK)
    model.extend(TARGET[:, :5], cache)
    cache.reorder(np.array(rows))
    end = np.random.default_rng(3).integers(0, 11, (len(rows), 2))
    whole = np.concatenate([TARGET[rows, :5], end], axis=1)
    expected = model.forward(SOURCE[rows], whole, source_mask=SOURCE_MASK[rows])[0][:, -1]
    np.testing.assert_allclose(model.extend(end, cache), expected, atol=1e-11)


def test_beams_of_two_sources_change_places(model):
    """Twice in a row, within each source: what is read stays, and what was written moves."""
    cache = model.start(SOURCE[:2], source_mask=SOURCE_MASK[:2])
    model.extend(TARGET[:2, :3], cache)
    cache.reorder(np.array([0, 0, 1, 1]))
    read = cache.memory_keys[0]
    model.extend(np.array([[1], [2], [3], [4]]), cache)
    cache.reorder(np.array([1, 0, 3, 3]))
    assert cache.memory_keys[0] is read
    whole = np.concatenate([TARGET[[0, 0, 1, 1], :3], [[2], [1], [4], [4]], [[5], [6], [7], [8]]], axis=1)
    expected = model.forward(SOURCE[[0, 0, 1, 1]], whole, source_mask=SOURCE_MASK[[0, 0, 1, 1]])[0][:, -1]
    np.testing.assert_allclose(model.extend(whole[:, -1:], cache), expected, atol=1e-11)


@pytest.mark.parametrize("rows", [[3], [-1, 0], [], [0.0], [[0, 1]]])
def test_rows_that_are_none_are_refused(model, rows):
    cache = model.start(SOURCE)
    with pytest.raises(ValueError, match="numbers of texts from 0 to 2"):
        cache.reorder(np.array(rows))


def test_two_answers_do_not_meet(model):
    first, second = model.start(SOURCE), model.start(SOURCE[::-1].copy())
    model.extend(TARGET[:, :4], first)
    model.extend(TARGET[:, :6], second)
    expected = model.forward(SOURCE, TARGET[:, :5])[0][:, -1]
    np.testing.assert_allclose(model.extend(TARGET[:, 4:5], first), expected, atol=1e-11)


def test_the_cache_keeps_the_models_precision(config):
    model = drawn(config, np.float32)
    cache = model.start(SOURCE, source_mask=SOURCE_MASK)
    assert model.extend(TARGET, cache).dtype == np.float32
    arrays = cache.keys + cache.values + cache.memory_keys + cache.memory_values
    assert all(array.dtype == np.float32 for array in arrays)


def test_a_cache_on_the_device_gives_what_numpys_gives(config, device):
    model = new(config, seed=3, dtype=np.float64)
    other = new(config, seed=3, dtype=np.float64, device=device)
    ours, theirs = model.start(SOURCE, source_mask=SOURCE_MASK), other.start(SOURCE, source_mask=SOURCE_MASK)
    for rows, ids in ((None, TARGET[:, :3]), (None, TARGET[:, 3:4]), ([2, 2, 0, 1], TARGET[[0, 1, 2, 0], 4:7])):
        if rows:
            ours.reorder(np.array(rows))
            theirs.reorder(np.array(rows))
        found = other.extend(ids, theirs)
        assert isinstance(found, device.xp.ndarray)
        np.testing.assert_allclose(found.get(), model.extend(ids, ours), atol=1e-12)


# --- first weights, and configs -----------------------------------------------------------------------------------------------------------


def test_a_seed_gives_the_same_model_in_every_precision(config):
    one, same, other = new(config, seed=3), new(config, seed=3), new(config, seed=4)
    np.testing.assert_array_equal(one.vector.data, same.vector.data)
    assert (one.decoder[0].attention.query.weight.data != other.decoder[0].attention.query.weight.data).all()
    double = new(config, seed=3, dtype=np.float64)
    np.testing.assert_array_equal(one.vector.data, double.vector.data.astype(np.float32))


@pytest.mark.parametrize("choices", [{}, {"tie_head": True}, {"scale_embedding": False}, {"norm": "pre"}])
def test_words_and_scores_of_a_new_transformer_are_of_order_one(choices):
    model = Transformer(300, 64, 4, 2, dropout=0.0, **choices)
    ids, targets = np.random.default_rng(0).integers(0, 300, (2, 8, 20))
    words, _ = model.source_embedding.forward(ids)
    assert 0.9 < words.std() < 1.1
    loss, _ = cross_entropy(model.forward(ids, targets)[0], ids)
    assert loss < math.log(300) + 1


@pytest.mark.parametrize("choices", [{}, {"gated": True, "activation": "gelu", "tie_head": False}])
def test_scores_of_a_new_t5_are_of_order_one(choices):
    model = T5(T5Config(vocab_size=300, layers=2, heads=4, d_model=64, d_kv=16, d_ff=128, **choices))
    ids, targets = np.random.default_rng(0).integers(0, 300, (2, 8, 20))
    logits, saved = model.forward(ids, targets)
    assert cross_entropy(logits, ids)[0] < math.log(300) + 1
    weights = saved.encoder.blocks[0].attention.weights
    assert weights.max(-1).mean() < 0.4, "of twenty words, one has most of the weight"


def test_the_articles_signature():
    model = Transformer(50, 12, 3, 2, dropout=0.3)
    same = Transformer(vocab_size=50, d_model=12, nhead=3, num_layers=2, dropout=0.3)
    config = TransformerConfig(vocab_size=50, d_model=12, heads=3, layers=2, dropout=0.3)
    assert model.config == same.config == Transformer(config).config == config
    assert len(model.encoder) == len(model.decoder) == 2 and model.config.d_ff == 2048


def test_a_config_and_its_values_do_not_mix():
    with pytest.raises(TypeError, match="d_model, dropout came beside a config"):
        Transformer(TransformerConfig(**SIZES), 12, dropout=0.1)
    with pytest.raises(TypeError, match="layers"):
        Transformer(50, 12, 3, 2, layers=3)


def test_dropout_acts_wherever_torch_and_t5_have_it():
    for config in (Transformer(11, 6, 2, 2, dropout=0.5).config, T5Config(**(SIZES | {"dropout": 0.5}), d_kv=5)):
        _, saved = new(config).forward(SOURCE, TARGET, rng=np.random.default_rng(0))
        keeps = []
        for half in (saved.encoder, saved.decoder):
            keeps += [half.dropout] + ([half.last_dropout] if isinstance(config, T5Config) else [])
            for block in half.blocks:
                keeps += [block.attention.core.keep, block.ffn.dropout]
                keeps += [value for name, value in block._asdict().items() if name.startswith("drop")]
                keeps += [block.cross_attention.core.keep] if half is saved.decoder else []
        ends = 2 if isinstance(config, TransformerConfig) else 4
        assert len(keeps) == ends + 2 * 4 + 2 * 6
        assert all(set(np.unique(keep)) == {0, 2} for keep in keeps)
        assert len({keep.tobytes() for keep in keeps}) == len(keeps)


def test_the_count_of_parameters_is_the_models(config):
    assert config.parameter_count() == new(config).vector.data.size


def test_the_count_of_parameters_of_known_models():
    assert TransformerConfig(vocab_size=37000, tie_head=True).parameter_count() == 63_084_544
    assert T5Config().parameter_count() == 60_506_624


def test_flops_of_the_products_that_are_really_done(config, monkeypatch):
    """Counted from the matrices that meet while a model runs, forward and backward, on sources and targets of one length."""
    count = 0

    class Counting(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            nonlocal count
            plain = [x.view(np.ndarray) if isinstance(x, Counting) else x for x in inputs]
            if "out" in kwargs:
                kwargs["out"] = tuple(x.view(np.ndarray) for x in kwargs["out"])
            result = getattr(ufunc, method)(*plain, **kwargs)
            if ufunc is np.matmul and plain[0].ndim > 1 and plain[1].ndim > 1:
                count += 2 * result.size * plain[0].shape[-1]
            return result.view(Counting) if isinstance(result, np.ndarray) else result

    model = new(config)
    for name, parameter in model.named_parameters():
        if not name.endswith("_bias.weight"):  # the sum over a bucket is no product of the model
            parameter.data = parameter.data.view(Counting)
    monkeypatch.setattr("minillm.ops.embeddings.ONE_HOT_LIMIT", 0)  # nor is the embedding's look-up
    monkeypatch.setattr("minillm.layers.relative_positions.relative_bias_backward", lambda dbias, saved: 0)
    logits, saved = model.forward(SOURCE, TARGET[:, :7])
    model.backward(np.ones(logits.shape, np.float32).view(Counting), saved)
    assert count == SOURCE.size * config.flops_per_token(7)


def test_a_config_survives_its_file(config):
    again = config_from_dict(config_to_dict(config))
    assert again == config
    np.testing.assert_array_equal(build(again, seed=2).vector.data, new(config, seed=2).vector.data)


@pytest.mark.parametrize("half", ["encoder", "decoder"])
def test_a_frozen_half_keeps_its_gradient_at_zero_and_the_other_learns(half):
    model = drawn(CONFIGS["transformer, three tables"])
    words = model.source_embedding if half == "encoder" else model.target_embedding
    for layer in (words, *getattr(model, half), getattr(model, f"{half}_norm")):
        layer.freeze()
    logits, saved = model.forward(SOURCE, TARGET)
    model.backward(np.random.default_rng(0).standard_normal(logits.shape), saved)
    learnt = {name for name, parameter in model.named_parameters() if (np.abs(parameter.grad) > 1e-12).any()}
    frozen = {parameter.name for parameter in model.parameters() if not parameter.trainable}
    keys = {name for name in model.vector.named if name.endswith("key.bias")}  # which have no gradient
    assert learnt == model.vector.named.keys() - frozen - keys


# --- doors --------------------------------------------------------------------------------------------------------------------------------


def test_ids_outside_the_vocabulary(model):
    with pytest.raises(ValueError, match="token id 11 is outside the vocabulary of 11"):
        model.forward(np.array([[11]]), np.array([[1]]))
    with pytest.raises(ValueError, match="token id -1 is outside the vocabulary of 11"):
        model.forward(np.array([[1]]), np.array([[-1]]))
    with pytest.raises(ValueError, match="token id 11"):
        model.extend(np.array([[11]]), model.start(np.array([[1]])))


def test_as_many_targets_as_sources(model):
    with pytest.raises(ValueError, match=r"sources are \(3, 7\) but targets \(2, 9\)"):
        model.forward(SOURCE, TARGET[:2])
    with pytest.raises(ValueError, match=r"ids are \(2, 1\), but the cache is of 3 texts"):
        model.extend(np.array([[1], [2]]), model.start(SOURCE))


def test_masks_of_the_wrong_kind(model):
    with pytest.raises(
        ValueError, match=r"source_mask must be .* booleans, one for each of ids \(3, 7\), got bool \(3, 9\)"
    ):
        model.forward(SOURCE, TARGET, source_mask=np.ones((3, 9), bool))
    with pytest.raises(ValueError, match=r"target_mask must be .* got int64 \(3, 9\)"):
        model.forward(SOURCE, TARGET, target_mask=np.ones((3, 9), np.int64))
