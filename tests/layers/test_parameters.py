"""Parameters: found by name, kept in one vector, shared and frozen."""

import numpy as np
import pytest

from minillm import layers
from minillm.layers import (
    Embedding,
    FeedForward,
    GatedFeedForward,
    Layer,
    Linear,
    MultiHeadAttention,
    Parameter,
    ParameterVector,
    TiedLinear,
)
from minillm.ops import linear_backward


class Model(Layer):
    """A table used at both ends, a list of layers, an absent layer, and things that are no parameters."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.size = 3
        self.embedding = Embedding(7, 3, rng)
        self.blocks = [Linear(3, 5, rng), Linear(5, 3, rng, bias=False)]
        self.norm = None
        self.head = TiedLinear(self.embedding.weight)


NAMES = ["embedding.weight", "blocks.0.weight", "blocks.0.bias", "blocks.1.weight"]
ORDER = ["embedding.weight", "blocks.0.weight", "blocks.1.weight", "blocks.0.bias"]


def test_names_are_dotted_and_a_shared_parameter_comes_once():
    assert [name for name, _ in Model().named_parameters()] == NAMES


def test_names_in_attention():
    names = [name for name, _ in MultiHeadAttention(4, 2, np.random.default_rng(0)).named_parameters()]
    assert names[:2] == ["query.weight", "query.bias"] and len(names) == 8


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_vector_holds_every_number_once(dtype):
    model = Model()
    drawn = {name: parameter.data.copy() for name, parameter in model.named_parameters()}
    vector = ParameterVector(model, dtype)
    assert vector.data.dtype == vector.grad.dtype == dtype
    assert vector.data.size == vector.grad.size == 7 * 3 + 3 * 5 + 5 * 3 + 5
    for name, parameter in model.named_parameters():
        np.testing.assert_array_equal(parameter.data, drawn[name].astype(dtype))
        np.testing.assert_array_equal(vector.data[vector.slices[name]], drawn[name].astype(dtype).ravel())
        assert parameter.name == name and vector.named[name] is parameter


def test_parameters_are_views_both_ways():
    model = Model()
    vector = ParameterVector(model, np.float64)
    vector.data[:] = np.arange(vector.data.size)
    assert model.embedding.weight.data[0, 0] == 0 and model.blocks[0].weight.data[0, 0] == 21
    model.blocks[0].bias.data[0] = -1
    assert vector.data[vector.slices["blocks.0.bias"]][0] == -1
    model.blocks[0].bias.accumulate(np.ones(5))
    model.blocks[0].bias.accumulate(np.ones(5))
    np.testing.assert_array_equal(vector.grad[vector.slices["blocks.0.bias"]], 2)
    assert vector.grad.sum() == 10
    vector.zero_grad()
    np.testing.assert_array_equal(model.blocks[0].bias.grad, 0)


def test_matrices_come_first_and_vectors_last():
    vector = ParameterVector(Model())
    assert list(vector.slices) == ORDER
    assert [vector.slices[name].start for name in ORDER] == [0, 21, 36, 51]
    assert vector.trainable_slices() == [(slice(0, 51), True), (slice(51, 56), False)]


def test_a_tied_weight_is_one_parameter_at_both_ends():
    model = Model()
    ParameterVector(model)
    assert model.head.weight is model.embedding.weight
    model.embedding.weight.data[2] = 5
    logits, _ = model.head.forward(np.ones((1, 3), np.float32))
    assert logits[0, 2] == 15


def test_trainable_slices_leave_out_what_is_frozen():
    model = Model()
    vector = ParameterVector(model)
    model.blocks[0].freeze()
    assert vector.trainable_slices() == [(slice(0, 21), True), (slice(36, 51), True)]
    model.freeze()
    assert vector.trainable_slices() == []
    model.freeze(False)
    assert vector.trainable_slices() == [(slice(0, 51), True), (slice(51, 56), False)]


def test_freezing_the_embedding_freezes_the_tied_head():
    model = Model()
    model.embedding.freeze()
    y, saved = model.head.forward(np.ones((2, 3)))
    dx = model.head.backward(np.ones_like(y), saved)
    assert dx.shape == (2, 3) and (model.embedding.weight.grad == 0).all()


def test_no_work_is_done_for_what_is_frozen(monkeypatch):
    """Not only is the gradient of a frozen table thrown away: it is not computed."""
    wanted = []

    def spy(dy, saved, weights=True):
        wanted.append(weights)
        return linear_backward(dy, saved, weights)

    monkeypatch.setattr(layers.linear, "linear_backward", spy)
    monkeypatch.setattr(layers.embedding, "embedding_backward", lambda dy, saved: wanted.append(True))
    model = Model()
    model.freeze()
    x = np.ones((2, 3))
    for layer in (model.head, model.blocks[0]):
        y, saved = layer.forward(x)
        layer.backward(y, saved)
    y, saved = model.embedding.forward(np.array([[1, 2]]))
    model.embedding.backward(y, saved)
    assert wanted == [False, False]


def test_a_parameter_accumulates_and_a_frozen_one_does_not():
    parameter = Parameter(np.zeros(3))
    parameter.accumulate(np.ones(3))
    parameter.accumulate(np.ones(3))
    np.testing.assert_array_equal(parameter.grad, 2)
    parameter.trainable = False
    parameter.accumulate(np.ones(3))
    parameter.accumulate(None)
    np.testing.assert_array_equal(parameter.grad, 2)


@pytest.mark.parametrize(
    ("kind", "sizes", "last"),
    [
        (FeedForward, (50, 200), "contract"),
        (GatedFeedForward, (50, 200), "contract"),
        (MultiHeadAttention, (80, 2), "output"),
    ],
)
def test_first_weights_have_the_asked_spread_and_biases_are_zero(kind, sizes, last):
    """The last matrix, which writes into the residual stream, may have a spread of its own."""
    for output_std in (None, 0.005):
        layer = kind(*sizes, np.random.default_rng(0), std=0.02, output_std=output_std)
        for name, parameter in layer.named_parameters():
            std = output_std if output_std and name.startswith(last) else 0.02
            spread = parameter.data.std()
            assert spread == (0 if name.endswith("bias") else pytest.approx(std, rel=0.05)), name


def test_layers_are_found_in_lists_tuples_and_dicts_beside_plain_values():
    class Many(Layer):
        def __init__(self):
            rng = np.random.default_rng(0)
            self.sizes = [1, 2]
            self.pair = (Linear(2, 3, rng, bias=False), Linear(3, 2, rng, bias=False))
            self.named = {"gain": Parameter(np.ones(2)), "title": "many"}

    assert [name for name, _ in Many().named_parameters()] == ["pair.0.weight", "pair.1.weight", "named.gain"]


def test_an_assigned_parameter_is_copied_when_the_vector_is_asked_for():
    model = Model()
    vector, array = ParameterVector(model), np.arange(15, dtype=np.float32).reshape(5, 3).T
    vector.assign("blocks.0.weight", array)
    assert model.blocks[0].weight.data is array
    vector.zero_grad()
    model.blocks[0].weight.accumulate(np.ones((3, 5)))
    assert model.blocks[0].weight.data is array and vector.grad.sum() == 15
    np.testing.assert_array_equal(vector.data[vector.slices["blocks.0.weight"]], array.ravel())
    vector.data[:] = 1
    assert (model.blocks[0].weight.data == 1).all() and array[0, 1] == 3


def test_the_vector_as_a_whole_is_written_into():
    model = Model()
    vector = ParameterVector(model)
    vector.assign("blocks.0.bias", np.full(5, 2, np.float32))
    vector.data += 1
    assert (model.blocks[0].bias.data == 3).all()
    vector.data = np.arange(vector.size)
    assert model.blocks[0].weight.data[0, 0] == 21
