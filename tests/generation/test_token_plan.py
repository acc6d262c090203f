"""The plan for a token computes what the model computes, for every kind of block, at every position."""

import gc
import weakref

import numpy as np
import pytest

from minillm.generation import token_plan
from minillm.generation.scoring import ModelScorer
from minillm.generation.token_plan import TokenPlan
from minillm.layers import LoRALinear, add_lora
from minillm.models import GPT, GPTConfig, KeyValueCache

V, CONTEXT = 13, 11
KINDS = {
    "GPT-2's": {},
    "post-norm, sinusoidal": {"norm": "post", "positions": "sinusoidal", "activation": "relu"},
    "a head of its own, no bias": {"tie_head": False, "bias": False, "activation": "gelu_erf"},
    "n-grams": {"ngram": 3},
    "Llama's": {"norm": "rms", "activation": "swiglu", "positions": "rotary", "kv_heads": 2, "bias": False, "d_kv": 6},
    "Qwen2's": {"norm": "rms", "activation": "swiglu", "positions": "rotary", "bias": False, "qkv_bias": True},
    "Mistral's": {"norm": "rms", "activation": "swiglu", "positions": "rotary", "kv_heads": 1, "window": 4},
    "ALiBi, grouped": {"positions": "alibi", "kv_heads": 2},
    "ALiBi in a window": {"positions": "alibi", "window": 3},
}


def model_of(kind: str, dtype: type = np.float64) -> GPT:
    """With weights of order one, biases and gains too: a sum that is left out shows."""
    model = GPT(GPTConfig(V, context=CONTEXT, layers=2, heads=4, d_model=16, **KINDS[kind]), seed=1, dtype=dtype)
    model.vector.data += 0.3 * np.random.default_rng(2).standard_normal(model.vector.data.size).astype(dtype)
    return model


def assert_equal_at_every_position(model: GPT, tolerance: float, batch: int = 3) -> None:
    plan, cache, plain = TokenPlan(model, batch), KeyValueCache(model, batch), KeyValueCache(model, batch)
    for ids in np.random.default_rng(0).integers(V, size=(CONTEXT, batch, 1)):
        logits = plan.extend(ids, cache)
        assert logits.shape == (batch, V)
        np.testing.assert_allclose(logits, model.extend(ids, plain), rtol=tolerance, atol=tolerance)
        assert cache.length == plain.length
    assert cache.length == CONTEXT


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-11), (np.float32, 2e-4)])
def test_the_logits_are_those_of_extend(kind, dtype, tolerance, batch):
    assert_equal_at_every_position(model_of(kind, dtype), tolerance, batch)


@pytest.mark.parametrize("large", [0, token_plan.LARGE])
@pytest.mark.parametrize("kind", ["GPT-2's", "a head of its own, no bias"])
def test_a_single_text_with_a_large_table_or_a_small_one(monkeypatch, kind, large):
    monkeypatch.setattr(token_plan, "LARGE", large)
    assert_equal_at_every_position(model_of(kind), 1e-11, batch=1)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("kind", ["GPT-2's", "Llama's"])
def test_also_with_adapters(kind, batch):
    model = model_of(kind)
    add_lora(model, 2, projections=("query", "key", "value", "output"))
    for layer in model.sublayers():
        if isinstance(layer, LoRALinear):
            layer.lora_b.data += np.random.default_rng(3).standard_normal(layer.lora_b.data.shape)
    assert_equal_at_every_position(model, 1e-11, batch)


@pytest.mark.parametrize("batch", [1, 3])
def test_also_with_weights_that_are_columns_of_a_wider_array(batch):
    """As those of query, key and value in a GPT-2's file. The plan is made before and after they are gathered in the vector."""
    model = model_of("GPT-2's")
    for name, parameter in model.vector.named.items():
        if "blocks" in name and parameter.data.ndim == 2:
            rows, columns = parameter.data.shape
            wide = np.full((rows, 3 * columns), np.nan)
            wide[:, columns : 2 * columns] = parameter.data
            model.vector.assign(name, wide[:, columns : 2 * columns])
    assert_equal_at_every_position(model, 1e-11, batch)
    plan, cache, plain = TokenPlan(model, 1), KeyValueCache(model), KeyValueCache(model)
    model.vector.data += 0.1
    np.testing.assert_allclose(
        plan.extend(np.array([[3]]), cache), model.extend(np.array([[3]]), plain), rtol=1e-11, atol=1e-11
    )


def test_a_plan_reads_the_weights_that_the_model_has_now():
    """A model may learn between two tokens, or get all its arrays anew, as when processes begin to share them."""
    model = model_of("GPT-2's")
    plan, before, after, plain = TokenPlan(model, 1), *(KeyValueCache(model) for _ in range(3))
    old = plan.extend(np.array([[3]]), before)
    vector = model.vector
    vector.rebind(vector.data + 0.1, vector.grad.copy())
    new = plan.extend(np.array([[3]]), after)
    assert np.abs(new - old).max() > 1e-3
    np.testing.assert_allclose(new, model.extend(np.array([[3]]), plain), rtol=1e-11)


def test_logits_are_not_written_over_by_the_next_token():
    model = model_of("GPT-2's")
    plan, cache = TokenPlan(model, 1), KeyValueCache(model)
    first = plan.extend(np.array([[3]]), cache)
    kept = first.copy()
    plan.extend(np.array([[4]]), cache)
    assert (first == kept).all()


@pytest.mark.parametrize("batch", [1, 2])
def test_what_overflows_is_not_finite(batch):
    """As in the plain norm: rows of zeros would hide it."""
    model = model_of("GPT-2's", np.float32)
    model.embedding.weight.data[5] *= 1e30
    with np.errstate(over="ignore", invalid="ignore"):
        logits = TokenPlan(model, batch).extend(np.full((batch, 1), 5), KeyValueCache(model, batch))
    assert np.isnan(logits).any(axis=1).all()


def test_every_search_uses_it_and_it_follows_the_number_of_texts(monkeypatch):
    """What a scorer says is what `extend` says, while texts are dropped, doubled and swapped; of a single new token it never asks it."""
    model = model_of("Mistral's")
    scorer, plain, text = ModelScorer(model, 2, None), KeyValueCache(model, 2), np.array([[1, 2, 3], [4, 5, 6]])
    scores = scorer.next_scores(text)
    np.testing.assert_allclose(scores, model.extend(text, plain))
    extend = GPT.extend
    monkeypatch.setattr(GPT, "extend", lambda *_: pytest.fail("the plain path was taken"))
    for rows in ([1, 0], [0, 0, 1], [2], [0, 0]):
        scorer.reorder(np.array(rows))
        plain.reorder(np.array(rows))
        text = np.concatenate([text[rows], np.arange(len(rows))[:, None]], axis=1)
        np.testing.assert_allclose(scorer.next_scores(text), extend(model, text[:, -1:], plain), rtol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_gone_when_nobody_holds_it(kind):
    """Every text has a plan: one whose functions held it would stay, and the model with it, until Python looks for circles."""
    plan = TokenPlan(model_of(kind), 1)
    gone = weakref.ref(plan)
    gc.disable()
    try:
        del plan
        assert gone() is None
    finally:
        gc.enable()


def test_it_is_for_a_gpt_on_the_processor():
    assert TokenPlan.suits(model_of("GPT-2's"))
    assert not TokenPlan.suits(object())
