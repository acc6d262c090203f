"""The decoder with a value head."""

import numpy as np

from minillm.models import GPT, GPTConfig, GPTWithValue, copy_parameters

CONFIG = GPTConfig(11, context=7, layers=2, heads=2, d_model=6)
IDS = np.array([[3, 1, 3, 9, 0], [7, 3, 2, 2, 10]])


def test_it_begins_as_the_gpt_that_it_is_and_expects_nothing():
    body = GPT(CONFIG, seed=3)
    expected = body.forward(IDS)[0]
    model = GPTWithValue(body)
    (logits, values), _ = model.forward(IDS)
    np.testing.assert_array_equal(logits, expected)
    assert values.shape == (2, 5) and values.dtype == np.float32 and not values.any()


def test_all_of_it_lives_in_one_vector():
    model = GPTWithValue(GPT(CONFIG, seed=3))
    assert model.vector.data.size == CONFIG.parameter_count() + CONFIG.d_model + 1
    model.vector.data[:] = 1
    assert (model.body.embedding.weight.data == 1).all() and (model.value.weight.data == 1).all()


def test_the_gpt_is_had_back_without_the_head():
    model = GPTWithValue(GPT(CONFIG, seed=3))
    model.vector.data += 0.1
    plain = GPT(CONFIG, seed=None)
    copy_parameters(model.body, plain)
    np.testing.assert_array_equal(plain.forward(IDS)[0], model.forward(IDS)[0][0])


def test_a_value_looks_only_back():
    rng = np.random.default_rng(0)
    model = GPTWithValue(GPT(CONFIG, seed=3))
    model.vector.data[:] = rng.standard_normal(model.vector.data.size)
    changed = IDS.copy()
    changed[:, 3] = 5
    before, after = model.forward(IDS)[0][1], model.forward(changed)[0][1]
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).all()
