"""LoRA: nothing changes at first, only the adapters learn, and merged they are the model's own weights."""

import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.layers import Linear, LoRALinear, add_lora, merge_lora
from minillm.models import GPT, ClassifierConfig, EncoderConfig, GPTConfig, KeyValueCache, SequenceClassifier
from minillm.objectives import classification, loss_backward
from minillm.training import AdamW

SIZES = {"vocab_size": 11, "context": 7, "layers": 2, "heads": 2, "d_model": 6, "d_ff": 5}
IDS = np.random.default_rng(5).integers(0, 11, (3, 7))
MASK = np.arange(7) < np.array([[7], [3], [5]])
ADAPTERS = [
    f"body.blocks.{i}.attention.{name}.lora_{letter}" for i in (0, 1) for name in ("query", "value") for letter in "ab"
]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def model(rng):
    config = ClassifierConfig(EncoderConfig(**SIZES), classes=3)
    return randomize(SequenceClassifier(config, dtype=np.float64), rng)


def train(model, steps=4):
    optimizer = AdamW(model.vector, lr=0.02, weight_decay=0.1)
    for _ in range(steps):
        model.vector.zero_grad()
        _, saved = classification(model, IDS, MASK, np.array([0, 2, 1]))
        loss_backward(model, 1.0, saved)
        optimizer.step()


def test_the_formula(rng):
    linear = randomize(Linear(5, 7, rng), rng)
    layer = randomize(LoRALinear(linear, 2, rng, alpha=3.0), rng)
    x = rng.standard_normal((2, 3, 5))
    expected = x @ linear.weight.data + linear.bias.data + 3 / 2 * x @ layer.lora_a.data @ layer.lora_b.data
    np.testing.assert_allclose(layer.forward(x)[0], expected, rtol=1e-12)


def test_at_first_nothing_changes(rng):
    linear = randomize(Linear(300, 200, rng), rng)
    x = rng.standard_normal((2, 300))
    expected = linear.forward(x)[0]
    layer = LoRALinear(linear, 8, rng)
    np.testing.assert_array_equal(layer.forward(x)[0], expected)
    assert (layer.lora_b.data == 0).all()
    assert layer.lora_a.data.std() == pytest.approx(300**-0.5, rel=0.05)


def test_merged_it_computes_the_same(rng):
    layer = randomize(LoRALinear(Linear(5, 7, rng), 2, rng, alpha=3.0), rng)
    before, x = layer.linear.weight.data.copy(), rng.standard_normal((2, 3, 5))
    merged = layer.merge()
    assert type(merged) is Linear and not merged.learns()
    np.testing.assert_allclose(merged.forward(x)[0], layer.forward(x)[0], rtol=1e-11, atol=1e-12)
    merged.bias.data += 1
    np.testing.assert_array_equal(layer.linear.weight.data, before)
    np.testing.assert_allclose(merged.forward(x)[0], layer.forward(x)[0] + 1, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("rank", [0, 6])
def test_a_rank_that_makes_no_sense(rng, rank):
    with pytest.raises(ValueError, match=rf"a weight \(5, 7\) takes a rank from 1 to 5, got {rank}"):
        LoRALinear(Linear(5, 7, rng), rank, rng)


def test_adapters_on_query_and_value_leave_the_model_as_it_was(model):
    expected, names = model.forward(IDS, mask=MASK)[0], set(model.vector.named)
    model.body.freeze()
    add_lora(model, 2)
    np.testing.assert_array_equal(model.forward(IDS, mask=MASK)[0], expected)
    learning = {name for name, parameter in model.named_parameters() if parameter.trainable}
    assert learning == {*ADAPTERS, "head.linear.weight", "head.linear.bias"}
    assert len(model.vector.named) == len(names) + len(ADAPTERS)
    assert all(np.shares_memory(parameter.data, model.vector.data) for parameter in model.parameters())
    assert model.body.vector is model.vector and model.vector.data.dtype == np.float64


def test_only_adapters_and_head_learn_and_merging_keeps_what_they_learned(model):
    names = set(model.vector.named)
    model.body.freeze()
    add_lora(model, 2, alpha=4.0)
    before = {name: parameter.data.copy() for name, parameter in model.named_parameters()}
    train(model)
    for name, parameter in model.named_parameters():
        assert (parameter.data.tobytes() == before[name].tobytes()) == (not parameter.trainable), name
        assert parameter.trainable or (parameter.grad == 0).all()
    expected = model.forward(IDS, mask=MASK)[0]
    merge_lora(model)
    assert set(model.vector.named) == names
    np.testing.assert_allclose(model.forward(IDS, mask=MASK)[0], expected, rtol=1e-10, atol=1e-11)
    moved = {
        name for name in names if (model.vector.named[name].data != before.get(name, before.get(inner(name)))).any()
    }
    assert moved == {
        *(f"body.blocks.{i}.attention.{name}.weight" for i in (0, 1) for name in ("query", "value")),
        "head.linear.weight",
        "head.linear.bias",
    }


def inner(name):
    """What a projection's parameter is called inside its adapter."""
    path, _, last = name.rpartition(".")
    return f"{path}.linear.{last}"


def test_a_seed_gives_the_same_adapters(model):
    add_lora(model, 2, projections=("key", "output"), seed=3)
    first = model.body.blocks[1].attention.output.lora_a.data.copy()
    merge_lora(model)
    add_lora(model, 2, projections=("key", "output"), seed=3)
    np.testing.assert_array_equal(model.body.blocks[1].attention.output.lora_a.data, first)
    assert not isinstance(model.body.blocks[1].attention.query, LoRALinear)


def test_a_gpt_with_adapters_generates_from_its_cache(rng):
    model = randomize(GPT(GPTConfig(**SIZES), dtype=np.float64), rng)
    add_lora(model, 3)
    randomize(model, rng)
    cache = KeyValueCache(model, batch=3)
    model.extend(IDS[:, :4], cache)
    np.testing.assert_allclose(model.extend(IDS[:, 4:], cache), model.forward(IDS)[0][:, -1], rtol=1e-9, atol=1e-11)


def test_a_part_of_a_model_is_refused(model):
    with pytest.raises(ValueError, match="part of a larger model"):
        add_lora(model.body, 2)
    assert not any(isinstance(layer, LoRALinear) for layer in model.sublayers())


def test_a_second_adapter_is_refused(model):
    add_lora(model, 2)
    with pytest.raises(ValueError, match="adapters already"):
        add_lora(model, 2, projections=("key",))


def test_an_unknown_projection_is_refused(model):
    with pytest.raises(ValueError, match="no projection keys: choose from query, key, value, output"):
        add_lora(model, 2, projections=("query", "keys"))
