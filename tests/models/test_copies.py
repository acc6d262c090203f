"""A deep copy of a model is a model of its own, for every kind."""

import copy

import numpy as np
import pytest

from minillm.layers import add_lora
from minillm.models import GPT
from minillm.text import Corpus
from minillm.training import Trainer, TrainOptions
from tests.models.test_saved import CASES, MODELS


@pytest.mark.parametrize("name", MODELS)
def test_a_copy_has_the_same_numbers_in_a_vector_of_its_own(name):
    model = CASES[name].layer
    copied = copy.deepcopy(model)
    assert type(copied) is type(model) and copied.config == model.config
    assert copied.vector.dtype == model.vector.dtype and copied.vector.device is model.vector.device
    np.testing.assert_array_equal(copied.vector.data, model.vector.data)
    theirs = dict(model.named_parameters())
    assert theirs.keys() == dict(copied.named_parameters()).keys() == copied.vector.named.keys()
    for parameter_name, parameter in copied.named_parameters():
        assert parameter is not theirs[parameter_name]
        assert np.shares_memory(parameter.data, copied.vector.data)
        assert not np.shares_memory(parameter.data, model.vector.data)
        assert np.shares_memory(parameter.grad, copied.vector.grad)
    assert all(layer.vector is copied.vector for layer in copied.sublayers() if hasattr(layer, "vector"))


def test_a_copy_learns_alone_and_as_the_model_would():
    model = GPT(vocab_size=7, context=8, layers=1, heads=2, d_model=8)
    model.blocks[0].freeze()
    copied, before = copy.deepcopy(model), model.vector.data.copy()
    data, options = Corpus(np.arange(300) % 7, 8), TrainOptions(steps=3, batch=2, log_every=1)
    losses = [[progress.loss for progress in Trainer(copied, data, options).run()]]
    np.testing.assert_array_equal(model.vector.data, before)
    assert not np.array_equal(copied.vector.data, before)
    losses += [[progress.loss for progress in Trainer(model, data, options).run()]]
    assert losses[0] == losses[1]
    np.testing.assert_array_equal(model.vector.data, copied.vector.data)


def test_a_copy_keeps_adapters_and_what_is_shared():
    model = GPT(vocab_size=7, context=8, layers=1, heads=2, d_model=8)
    add_lora(model, rank=2)
    copied = copy.deepcopy(model)
    assert copied.head.weight is copied.embedding.weight is not model.embedding.weight
    ids = np.array([[1, 2, 3]])
    np.testing.assert_array_equal(copied.infer(ids), model.infer(ids))
    assert [p.trainable for p in copied.parameters()] == [p.trainable for p in model.parameters()]
