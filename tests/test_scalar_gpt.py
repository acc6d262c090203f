"""The GPT made of single numbers, which shows what arrays save, is the library's GPT."""

import numpy as np

from benchmarks import microgpt, scalar_gpt
from minillm.ops import cross_entropy, cross_entropy_backward


def test_loss_and_gradients_of_single_numbers_are_those_of_arrays():
    model, ids = microgpt.new_model(), microgpt.ids_of("ada")
    model.vector.data += np.random.default_rng(0).normal(0, 0.2, model.vector.data.shape)
    numbers = microgpt.as_numbers(model)
    scalar_loss = scalar_gpt.loss_of(numbers, ids, microgpt.HEADS)
    scalar_loss.backward()
    rows = np.array([ids])
    logits, saved = model.forward(rows[:, :-1])
    loss, scored = cross_entropy(logits, rows[:, 1:])
    model.backward(cross_entropy_backward(1.0, scored), saved)
    assert abs(scalar_loss.value - loss) < 1e-12
    shown = microgpt.as_numbers(model)  # in the order of the parameters
    for (name, parameter), part in zip(model.named_parameters(), shown, strict=True):
        gradient = [[number.grad for number in row] for row in numbers[part]]
        np.testing.assert_allclose(np.atleast_2d(parameter.grad), gradient, rtol=1e-9, atol=1e-13, err_msg=name)


def test_both_train_alike_and_names_have_an_end_before_and_behind():
    found = microgpt.train(["ada", "bob", "marguerite"], scalar_steps=3)
    assert found.apart < 1e-12 and len(found.scalar) == 3 and len(found.losses) == microgpt.STEPS
    assert np.mean(found.losses[-50:]) < 1.0 < found.losses[0]
    assert microgpt.ids_of("a-b") == [26, 0, 1, 26]
    assert len(microgpt.ids_of("abcdefghijklmnopqrst")) == microgpt.CONTEXT + 1
