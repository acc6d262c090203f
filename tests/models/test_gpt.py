"""The decoder: looks only backward, starts alike from a seed, shows its maps, and generates from its cache what it would say without."""

import math

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.layers import causal_mask
from minillm.models import GPT, GPTConfig, KeyValueCache
from minillm.objectives import causal_lm, loss_backward
from minillm.ops import IGNORE, cross_entropy
from minillm.ops.chunked_attention import ChunkedSaved

SIZES = {"vocab_size": 11, "context": 9, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5}
KINDS = [
    {},
    {"norm": "post"},
    {"positions": "sinusoidal"},
    {"norm": "post", "positions": "sinusoidal", "tie_head": False, "bias": False},
    {"ngram": 3},
    {"positions": "alibi"},
    {"positions": "alibi", "window": 3},
    {"window": 4, "ngram": 2},
    {"positions": "rotary", "kv_heads": 1, "window": 3, "norm": "rms", "activation": "swiglu", "d_kv": 4},
    {"positions": "rotary", "d_kv": 4, "bias": False, "qkv_bias": True},
    {"norm": "post", "positions": "rotary", "heads": 3, "rope_factor": 3.0, "rope_theta": 100.0, "window": 3},
]
IDS = np.random.default_rng(5).integers(0, 11, (3, 9))


def gpt(dtype=np.float64, **changes):
    return randomize(GPT(GPTConfig(**(SIZES | changes)), dtype=dtype), np.random.default_rng(0))


@pytest.mark.parametrize("kind", KINDS)
def test_later_tokens_change_nothing_before_them(kind):
    model, changed = gpt(**kind), IDS.copy()
    changed[:, 5] = (changed[:, 5] + 1) % 11
    before, after = model.forward(IDS)[0], model.forward(changed)[0]
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert (before[:, 5:] != after[:, 5:]).any(-1).all()


def test_word_order_matters():
    model, swapped = gpt(), IDS.copy()
    swapped[:, [0, 1]] = [[1, 2], [3, 4], [5, 6]]
    other = swapped.copy()
    other[:, [0, 1]] = swapped[:, [1, 0]]
    assert np.abs(model.forward(swapped)[0][:, -1] - model.forward(other)[0][:, -1]).max() > 1e-6


def test_the_batch_is_of_separate_texts():
    model = gpt()
    together = model.forward(IDS)[0]
    for row, logits in zip(IDS, together, strict=True):
        np.testing.assert_allclose(model.forward(row[None])[0][0], logits, rtol=1e-11, atol=1e-12)


def test_the_attention_map_is_where_the_design_says():
    _, saved = gpt().forward(IDS)
    assert len(saved.blocks) == 2
    for block in saved.blocks:
        weights = block.attention.weights
        assert weights.shape == (3, 2, 9, 9)
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-12)
        assert (weights[..., ~causal_mask(9, 9)] == 0).all()


def test_a_seed_gives_the_same_model_in_every_precision():
    config = GPTConfig(**SIZES)
    one, same, other = GPT(config, seed=3), GPT(config, seed=3), GPT(config, seed=4)
    np.testing.assert_array_equal(one.vector.data, same.vector.data)
    assert (one.embedding.weight.data != other.embedding.weight.data).all()
    double = GPT(config, seed=3, dtype=np.float64)
    np.testing.assert_array_equal(one.vector.data, double.vector.data.astype(np.float32))
    assert one.vector.data.dtype == np.float32 and double.vector.data.dtype == np.float64


def test_first_weights_are_those_of_gpt2():
    model = GPT(GPTConfig(vocab_size=300, d_model=64, layers=3, tie_head=False))
    for name, parameter in model.named_parameters():
        if parameter.data.ndim == 1:
            assert (parameter.data == (1 if name.endswith("gamma") else 0)).all(), name
        else:
            writes = name.endswith(("attention.output.weight", "ffn.contract.weight"))
            std = 0.02 / math.sqrt(6) if writes else 0.02
            assert parameter.data.std() == pytest.approx(std, rel=0.06), name


def test_an_untrained_model_knows_as_much_as_chance():
    ids, targets = np.random.default_rng(0).integers(0, 50, (2, 16, 64))
    loss, _ = causal_lm(GPT(GPTConfig(vocab_size=50)), ids, targets)
    assert loss == pytest.approx(math.log(50), abs=0.1)


def test_a_tied_head_is_the_embedding_table():
    model = gpt()
    hidden, _ = model.hidden(IDS)
    np.testing.assert_allclose(model.forward(IDS)[0], hidden @ model.embedding.weight.data.T, rtol=1e-12)
    assert not any(name.startswith("head") for name in model.vector.slices)
    assert gpt(tie_head=False).head.weight.data.shape == (6, 11)


def test_the_objective_is_the_mean_over_scored_tokens():
    model, targets = gpt(), np.roll(IDS, -1, 1)
    targets[:, -1] = IGNORE
    loss, _ = causal_lm(model, IDS, targets)
    logits, _ = model.forward(IDS)
    expected = [cross_entropy(logits[b, t], np.array(targets[b, t]))[0] for b in range(3) for t in range(8)]
    assert loss == pytest.approx(np.mean(expected), rel=1e-12)


def test_gradients_of_a_batch_in_two_halves_add_up():
    """Gradient accumulation: the same gradient in less memory."""
    model, targets = gpt(), np.roll(IDS, -1, 1)
    _, saved = causal_lm(model, IDS, targets)
    loss_backward(model, 1.0, saved)
    whole = model.vector.grad.copy()
    model.vector.zero_grad()
    for part in (slice(0, 1), slice(1, 3)):
        _, saved = causal_lm(model, IDS[part], targets[part])
        loss_backward(model, len(IDS[part]) / 3, saved)
    np.testing.assert_allclose(model.vector.grad, whole, rtol=1e-9, atol=1e-12)


def test_freezing_the_body_leaves_its_gradient_zero():
    model = gpt(tie_head=False)
    for layer in (model.embedding, model.positions, *model.blocks):
        layer.freeze()
    _, saved = causal_lm(model, IDS, np.roll(IDS, -1, 1))
    loss_backward(model, 1.0, saved)
    learnt = {name for name, parameter in model.named_parameters() if (parameter.grad != 0).any()}
    assert learnt == {"norm.gamma", "norm.beta", "head.weight"}


@pytest.mark.parametrize("chunks", [[1] * 9, [9], [4, 1, 3, 1]])
@pytest.mark.parametrize("kind", KINDS)
def test_the_cache_gives_what_the_whole_forward_gives(kind, chunks):
    model = gpt(**kind)
    expected, cache, stop = model.forward(IDS)[0], KeyValueCache(model, batch=3), 0
    for chunk in chunks:
        start, stop = stop, stop + chunk
        logits = model.extend(IDS[:, start:stop], cache)
        np.testing.assert_allclose(logits, expected[:, stop - 1], rtol=0, atol=1e-12 * np.abs(expected).max())
    assert cache.length == 9


@pytest.mark.parametrize("positions", ["sinusoidal", "rotary", "alibi"])
def test_a_longer_text_than_the_context_can_be_read_where_positions_have_no_end(positions):
    model = gpt(positions=positions, heads=3)
    ids = np.random.default_rng(0).integers(0, 11, (1, 20))
    np.testing.assert_allclose(model.forward(ids)[0][:, :9], model.forward(ids[:, :9])[0], rtol=1e-9, atol=1e-10)


def test_a_window_forgets_what_all_blocks_together_do_not_reach():
    """Two blocks with a window of 3 reach 4 tokens back."""
    model, changed = gpt(window=3, positions="alibi"), IDS.copy()
    changed[:, 1] = (changed[:, 1] + 1) % 11
    before, after = model.forward(IDS)[0], model.forward(changed)[0]
    different = (np.abs(before - after) > 1e-9).any(axis=(0, 2))
    assert different.tolist() == [False] + [True] * 5 + [False] * 3


def test_shared_heads_make_the_cache_smaller():
    cache = KeyValueCache(gpt(heads=6, d_kv=4, kv_heads=2), batch=3)
    assert {array.shape for array in cache.keys + cache.values} == {(3, 2, 9, 4)}


@pytest.mark.parametrize(("window", "kept"), [(0, 9), (4, 4), (100, 9)])
def test_the_cache_keeps_no_more_than_the_window(window, kept):
    cache = KeyValueCache(gpt(window=window), batch=3)
    assert {array.shape for array in cache.keys + cache.values} == {(3, 2, kept, 3)}


def test_dropout_acts_at_every_place_with_its_own_mask():
    _, saved = gpt(dropout=0.5).forward(IDS, rng=np.random.default_rng(0))
    keeps = [saved.hidden.dropout]
    for block in saved.blocks:
        assert set(np.unique(block.attention.core.keep)) == {0, 2}
        keeps += [block.drop1, block.drop2]
    assert all(set(np.unique(keep)) == {0, 2} for keep in keeps)
    assert len({keep.tobytes() for keep in keeps}) == 5


def test_dropout_is_off_in_the_cache():
    model = gpt(dropout=0.5)
    expected, cache = model.forward(IDS)[0], KeyValueCache(model, batch=3)
    np.testing.assert_allclose(model.extend(IDS, cache), expected[:, -1], atol=1e-11)


def test_the_cache_keeps_the_models_precision():
    model = gpt(np.float32)
    cache = KeyValueCache(model, batch=3)
    assert model.extend(IDS, cache).dtype == np.float32
    assert all(array.dtype == np.float32 for array in cache.keys + cache.values)


def test_an_ngram_embedding_looks_back_in_the_cache_and_never_beyond_its_beginning():
    """A cache that begins anew has nothing before it; one whose texts were reordered has the tokens of the text that was copied."""
    model = gpt(ngram=4)
    cache = KeyValueCache(model, batch=3)
    model.extend(IDS[:, :5], cache)
    cache.length = 0
    model.extend(IDS[:, 4:6], cache)
    np.testing.assert_allclose(
        model.extend(IDS[:, 6:8], cache), model.forward(IDS[:, 4:8])[0][:, -1], rtol=0, atol=1e-11
    )
    rows = np.array([2, 0, 2, 1])
    cache.reorder(rows)
    texts = np.concatenate([IDS[rows, 4:8], [[1], [2], [3], [4]]], axis=1)
    np.testing.assert_allclose(model.extend(texts[:, -1:], cache), model.forward(texts)[0][:, -1], rtol=0, atol=1e-11)


def test_two_caches_do_not_meet():
    model = gpt()
    first, second = KeyValueCache(model), KeyValueCache(model)
    model.extend(IDS[:1, :4], first)
    model.extend(IDS[1:2, :6], second)
    logits = model.extend(IDS[:1, 4:5], first)
    np.testing.assert_allclose(logits, model.forward(IDS[:1, :5])[0][:, -1], atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [(1,) * 9, (3, 4, 2), (9,), (1, 8)])
def test_a_cache_that_grows_with_the_text_gives_the_same(kind, lengths, monkeypatch):
    monkeypatch.setattr(KeyValueCache, "FIRST_SIZE", 2)
    model = gpt(**kind)
    expected, cache, stop = model.forward(IDS)[0], KeyValueCache(model, batch=3), 0
    for length in lengths:
        start, stop = stop, stop + length
        logits = model.extend(IDS[:, start:stop], cache)
        np.testing.assert_allclose(logits, expected[:, stop - 1], rtol=1e-10, atol=1e-11)
    cache.reorder(np.array([1, 0]))
    assert {array.shape[2] for array in cache.keys + cache.values} == {model.config.window or 9}


def test_a_long_context_takes_no_memory_before_there_is_a_text():
    model, before = gpt(context=1 << 17, positions="alibi"), KeyValueCache.FIRST_SIZE
    cache = KeyValueCache(model)
    model.extend(IDS[:1], cache)
    assert {array.shape[2] for array in cache.keys + cache.values} == {before}


@pytest.mark.parametrize("window", [0, 2, 5])
@pytest.mark.parametrize("rows", [[2, 0, 1], [1, 1, 0], [2], [0, 2, 2, 1, 0]])
def test_reordered_texts_go_on_where_the_others_were(rows, window):
    model = gpt(ngram=3, window=window)
    cache = KeyValueCache(model, batch=3)
    model.extend(IDS[:, :4], cache)
    cache.reorder(np.array(rows))
    texts = np.concatenate([IDS[rows, :4], np.arange(2 * len(rows)).reshape(-1, 2)], axis=1)  # no two go on alike
    logits = model.extend(texts[:, 4:], cache)
    np.testing.assert_allclose(logits, model.forward(texts)[0][:, -1], atol=1e-11)


def test_rows_that_the_cache_has_not_are_an_error():
    cache = KeyValueCache(gpt(), batch=3)
    for rows in ([0, 3], [-1, 0]):
        with pytest.raises(ValueError, match="among the 3 of the cache, from 0 to 2"):
            cache.reorder(np.array(rows))


@pytest.mark.parametrize("chunk", [1, 7, 64, "its own"])
@pytest.mark.parametrize("kind", [{}, {"norm": "post"}, {"positions": "alibi"}, {"window": 20, "kv_heads": 2}], ids=str)
def test_a_long_context_in_chunks_has_the_same_loss_gradients_and_maps(kind, chunk, monkeypatch):
    length = 300 if chunk == "its own" else 50
    sizes = {"context": length, "heads": 4, "d_model": 12, **kind}
    ids = np.random.default_rng(1).integers(0, 11, (2, length))
    targets = np.roll(ids, -1, 1)
    targets[:, -1] = IGNORE
    losses, gradients, maps = [], [], []
    for size in (None, chunk):
        if size != "its own":
            monkeypatch.setattr("minillm.layers.attention.chunk_size", lambda *_, size=size: size)
        else:
            monkeypatch.undo()
        model = gpt(**sizes)
        loss, saved = causal_lm(model, ids, targets)
        loss_backward(model, 1.0, saved)
        losses.append(loss)
        gradients.append(model.vector.grad)
        attentions = [block.attention for block in saved.model.blocks]
        assert all(isinstance(a.core, ChunkedSaved) == (size is not None) for a in attentions)
        maps.append(np.stack([a.weights for a in attentions]))
    assert losses[1] == pytest.approx(losses[0], rel=1e-13)
    assert np.abs(gradients[1] - gradients[0]).max() < 1e-12 * np.linalg.norm(gradients[0])
    np.testing.assert_allclose(maps[1], maps[0], rtol=0, atol=1e-12)
