"""The trace of a training step: it has no gap, its numbers are the library's, and nothing is left behind."""

import threading

import numpy as np
import pytest

from minillm import ops
from minillm.inspection import finite_differences, record_step
from minillm.inspection.recording import recording
from minillm.layers import Linear, block, feedforward
from minillm.models import copy_parameters
from minillm.training.optimizers import AdamW, clip_grad_norm
from tests.inspection.families import FAMILIES, family


def recorded(name):
    model, example = family(name)
    return model, example, record_step(model, example.objective, example.arrays)


@pytest.mark.parametrize("name", FAMILIES)
def test_each_operand_is_an_earlier_result_a_weight_or_an_input(name):
    _, _, step = recorded(name)
    for node in step.nodes:
        assert all(operand.node.number < node.number for operand in node.operands)
        assert node.operands or node.kind in ("weight", "constant"), node.kind
    # What is given are ids, fixed positions and the mask of the future: anything else would be an array that lost its history.
    constants = {node.line.text.split("(")[0] for node in step.nodes if node.kind == "constant"}
    assert constants <= {
        "rows, saved = embedding",
        "x, _ = embedding",
        "x[:, k:] += embedding",
        "scores += causal_additive_mask",
        "return x + _sinusoidal_code",
        "return rotary",
    }


@pytest.mark.parametrize("name", FAMILIES)
def test_every_weight_is_read_on_the_way_to_the_loss_and_every_result_on_the_way_back(name):
    _, _, step = recorded(name)
    reached, waiting = set(), [step.loss, *(update.after for update in step.updates.values())]
    while waiting:
        node = waiting.pop()
        if node.number not in reached:
            reached.add(node.number)
            waiting += [operand.node for operand in node.operands]
    unread = [node for node in step.nodes if node.number not in reached]
    assert not [node for node in unread if node.phase == "forward"]
    assert all(node.name in ("dx", "dh") for node in unread), "a gradient that no weight needs is that of an input"


@pytest.mark.parametrize("name", FAMILIES)
def test_loss_gradients_moments_and_new_weights_are_the_librarys(name):
    model, example, step = recorded(name)
    twin = type(model)(model.config, seed=None, dtype=np.float64)
    copy_parameters(model, twin)
    loss, saved = example.objective.forward(twin, **example.arrays)
    example.objective.backward(twin, 1.0, saved)
    assert float(loss) == float(step.loss.values)
    for parameter, update in zip(twin.vector.named.values(), step.updates.values(), strict=True):
        gradient = update.gradient.node.values.reshape(-1)[update.gradient.index]
        np.testing.assert_array_equal(gradient, parameter.grad)
    assert float(clip_grad_norm(twin.vector, 1.0)) == pytest.approx(float(step.length.values), rel=1e-12)
    optimizer = AdamW(twin.vector)
    optimizer.step()
    for name, update in step.updates.items():
        place = twin.vector.slices[name]
        np.testing.assert_allclose(update.after.values.reshape(-1), twin.vector.data[place], rtol=1e-12)
        np.testing.assert_allclose(update.first_moment.values.reshape(-1), optimizer.first_moment[place], rtol=1e-12)
        np.testing.assert_allclose(update.second_moment.values.reshape(-1), optimizer.second_moment[place], rtol=1e-12)


def test_the_model_and_the_library_stay_as_they_were():
    model, example = family("gpt")
    before, grad = model.vector.data.copy(), model.vector.grad.copy()
    functions = (block.__dict__.copy(), feedforward.ACTIVATIONS.copy(), ops.dot_product_attention.softmax)
    record_step(model, example.objective, example.arrays)
    assert (model.vector.data == before).all() and (model.vector.grad == grad).all()
    assert functions == (block.__dict__, feedforward.ACTIVATIONS, ops.dot_product_attention.softmax)
    assert ops.dot_product_attention.softmax is ops.softmax


def test_another_thread_computes_as_ever_while_a_step_is_recorded():
    layer, x = Linear(3, 2, np.random.default_rng(0)), np.ones((1, 3), np.float32)
    found = []
    with recording():
        other = threading.Thread(target=lambda: found.append(layer.backward(*layer.forward(x))))
        other.start()
        other.join()
    assert type(found[0]) is np.ndarray


def test_a_finite_difference_is_the_gradient():
    model, example, step = recorded("gpt")
    name = "blocks.0.attention.query.weight"
    gradient = step.updates[name].gradient
    slopes = finite_differences(model, example.objective, example.arrays, {name: np.arange(20)})[name]
    expected = gradient.node.values.reshape(-1)[gradient.index].reshape(-1)[:20]
    np.testing.assert_allclose(slopes, expected, rtol=1e-4, atol=1e-8)
