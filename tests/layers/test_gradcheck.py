"""The tool that checks a gradient: what it must find, and what it must not be misled by."""

import subprocess
import sys

import numpy as np
import pytest

from minillm import ops
from minillm.layers import Layer, LayerNorm, Linear, MultiHeadAttention, Parameter, ParameterVector
from minillm.layers.gradcheck import (
    LIMIT,
    STEP,
    gradient_error,
    gradient_errors,
    layer_errors,
    numeric_gradient,
    randomize,
)


def test_numeric_gradient_of_a_known_function():
    x = np.array([[1.0, -2.0, 3.0]])
    before = x.copy()
    np.testing.assert_allclose(numeric_gradient(lambda: np.sum(x**3), x), 3 * x**2, rtol=1e-9)
    np.testing.assert_array_equal(x, before)


def test_the_key_bias_has_no_gradient():
    """It shifts all scores of a row alike, and softmax ignores a shift. A purely relative error would call this a failure."""
    rng = np.random.default_rng(0)
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    x, memory = rng.standard_normal((2, 3, 6)), rng.standard_normal((2, 5, 6))
    y, saved = layer.forward(x, memory)
    layer.backward(rng.standard_normal(y.shape), saved)
    assert np.abs(layer.key.bias.grad).max() < 1e-14
    assert np.linalg.norm(layer.query.bias.grad) > 0.1
    assert layer_errors(layer, (x, memory), rng)["key.bias"] < LIMIT


def test_randomize_leaves_nothing_at_its_first_value():
    layer = randomize(LayerNorm(50), np.random.default_rng(0))
    assert not (layer.gamma.data == 1).any() and not (layer.beta.data == 0).any()
    linear = randomize(Linear(30, 40, np.random.default_rng(0)), np.random.default_rng(0))
    assert 0.4 < linear.weight.data.std() < 0.6 and 0.7 < linear.bias.data.std() < 1.3


def test_a_check_leaves_the_layer_as_it_was():
    rng = np.random.default_rng(0)
    layer = randomize(Linear(3, 5, rng), rng)
    vector = ParameterVector(layer, np.float64)
    vector.grad += rng.standard_normal(vector.grad.size)
    data, grad, x = vector.data.copy(), vector.grad.copy(), rng.standard_normal((2, 3))
    kept = x.copy()
    layer_errors(layer, (x,), rng)
    np.testing.assert_array_equal(vector.data, data)
    np.testing.assert_array_equal(vector.grad, grad)
    np.testing.assert_array_equal(x, kept)
    assert np.shares_memory(layer.weight.grad, vector.grad)


def test_frozen_parameters_are_not_checked():
    rng = np.random.default_rng(0)
    layer = randomize(Linear(3, 5, rng), rng)
    layer.bias.trainable = False
    assert set(layer_errors(layer, (rng.standard_normal((2, 3)),), rng)) == {"x", "weight"}


def test_a_check_along_directions_takes_two_forward_passes_a_tensor():
    rng = np.random.default_rng(0)
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    before = [parameter.data.copy() for parameter in layer.parameters()]
    calls = []

    def forward(x, memory):
        calls.append(x)
        return layer.forward(x, memory)

    inputs = (rng.standard_normal((2, 3, 6)), rng.standard_normal((2, 5, 6)))
    errors = layer_errors(layer, inputs, rng, directional=True, forward=forward)
    assert set(errors) == {"x", "memory", *(name for name, _ in layer.named_parameters())}
    assert max(errors.values()) < LIMIT and len(calls) == 1 + 2 * len(errors)
    for parameter, kept in zip(layer.parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter.data, kept)


@pytest.mark.parametrize("directional", [False, True])
def test_one_wrong_number_is_found_in_its_tensor(directional):
    rng = np.random.default_rng(0)
    layer = randomize(Linear(4, 5, rng), rng)

    def backward(dy, saved):
        dx = layer.backward(dy, saved)
        layer.weight.grad[1, 2] *= 1.01
        return dx

    errors = layer_errors(layer, (rng.standard_normal((2, 3, 4)),), rng, directional=directional, backward=backward)
    assert errors["weight"] > 1e-4 and errors["x"] < LIMIT and errors["bias"] < LIMIT


def test_a_check_stops_at_the_first_tensor_that_is_wrong():
    rng = np.random.default_rng(0)

    def backward(dy, saved):
        dx, dgamma, dbeta = ops.layer_norm_backward(dy, saved)
        return dx, 2 * dgamma, 2 * dbeta

    inputs = (rng.standard_normal((3, 7)), rng.standard_normal(7), rng.standard_normal(7))
    assert list(gradient_errors(ops.layer_norm, backward, inputs, rng, stop=LIMIT)) == ["x", "gamma"]
    assert list(gradient_errors(ops.layer_norm, backward, inputs, rng)) == ["x", "gamma", "beta"]


def test_an_input_given_twice_is_checked_at_both_places():
    rng = np.random.default_rng(0)
    layer = randomize(MultiHeadAttention(6, 2, rng), rng)
    x = rng.standard_normal((2, 3, 6))
    errors = layer_errors(layer, (x, x), rng)
    assert errors["x"] < LIMIT and errors["memory"] < LIMIT


def test_not_a_number_does_not_pass():
    def broken(dy, saved):
        return ops.relu_backward(dy, saved) * np.nan

    x = np.random.default_rng(0).standard_normal((3, 4))
    assert not gradient_error(ops.relu, broken, (x,), np.random.default_rng(0)) < LIMIT


def test_a_gradient_that_is_zero_does_not_pass():
    def lost(dy, saved):
        return 0 * dy

    x = np.random.default_rng(0).standard_normal((3, 4))
    assert gradient_error(ops.gelu, lost, (x,), np.random.default_rng(0)) > 0.1


def test_float32_is_refused():
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="x is float32: gradients are checked in float64"):
        gradient_errors(ops.gelu, ops.gelu_backward, (x,), np.random.default_rng(0))
    layer = Linear(3, 5, np.random.default_rng(0))
    ParameterVector(layer, np.float32)
    with pytest.raises(ValueError, match="weight is float32"):
        layer_errors(layer, (np.ones((2, 3)),), np.random.default_rng(0))


def test_a_gradient_of_the_wrong_shape_is_named():
    x = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"the gradient of x is \(3,\), but x is \(2, 3\)"):
        gradient_errors(ops.gelu, lambda dy, saved: dy.sum(0), (x,), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"backward gave 2 gradients for 1 inputs \(x\)"):
        gradient_errors(ops.gelu, lambda dy, saved: (dy, dy), (x,), np.random.default_rng(0))


def test_the_step_is_near_its_best():
    """Ten times larger or smaller is worse, or no better: the bend of the curve on one side, rounding on the other."""
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 3, 7))
    analytic = ops.softmax_backward(dy, ops.softmax(x)[1])

    def error(h):
        return np.abs(numeric_gradient(lambda: np.vdot(ops.softmax(x)[0], dy), x, h) - analytic).max()

    assert error(STEP) < error(1e-2) / 100 and error(STEP) < error(1e-9) / 100


def test_a_kink_inside_the_step_is_no_mistake():
    """Half of the numbers lie 2e-6 from the kink of ReLU, closer than a step: there the first difference is wrong by a fifth."""
    x = np.random.default_rng(0).standard_normal((4, 5))
    x[::2] = 2e-6
    assert gradient_error(ops.relu, ops.relu_backward, (x,), np.random.default_rng(1)) < LIMIT


def test_a_curve_that_bends_inside_the_step_is_no_mistake():
    x = np.random.default_rng(0).standard_normal((3, 4)) / 300

    def steep(x):
        return np.sin(300 * x), 300 * np.cos(300 * x)

    assert gradient_error(steep, lambda dy, slope: dy * slope, (x,), np.random.default_rng(1)) < LIMIT


def test_one_wrong_number_among_kinks_is_a_mistake():
    """What a smaller step mends must not hide what it does not mend."""
    x = np.random.default_rng(0).standard_normal((4, 5))
    x[::2] = 2e-6

    def one_off(dy, saved):
        dx = ops.relu_backward(dy, saved)
        dx[1, 1] += 2e-6 * np.linalg.norm(dx)
        return dx

    assert gradient_error(ops.relu, one_off, (x,), np.random.default_rng(1)) > 1e-6


def test_an_upstream_gradient_of_ones_would_be_blind():
    """Why dy is drawn at random: at gain one the rows of x̂ sum to zero, so along ones a LayerNorm without its variance path passes."""
    x = np.random.default_rng(0).standard_normal((3, 7))
    y, (xhat, rstd, gamma) = ops.layer_norm(x, np.ones(7), np.zeros(7))
    g = np.ones_like(y) * gamma
    wrong = rstd * (g - g.mean(-1, keepdims=True))
    assert np.abs(wrong - ops.layer_norm_backward(np.ones_like(y), (xhat, rstd, gamma))[0]).max() < 1e-12


def test_an_input_and_a_parameter_of_one_name_are_refused():
    """One would hide the other, and a wrong dx would pass."""

    class Scale(Layer):
        def __init__(self):
            self.x = Parameter(np.ones(3))

        def forward(self, x):
            return x * self.x.data, x

        def backward(self, dy, saved):
            self.x.accumulate((dy * saved).sum(0))
            return 123 * dy

    with pytest.raises(ValueError, match="both called x"):
        layer_errors(Scale(), (np.ones((2, 3)),), np.random.default_rng(0))


def test_inputs_may_be_given_by_name():
    rng = np.random.default_rng(0)
    x, gamma, beta = rng.standard_normal((2, 5)), rng.standard_normal(5), rng.standard_normal(5)
    inputs = {"x": x, "gamma": gamma, "beta": beta}
    by_name = gradient_errors(ops.layer_norm, ops.layer_norm_backward, inputs, np.random.default_rng(1), eps=0.1)
    assert by_name == gradient_errors(
        ops.layer_norm, ops.layer_norm_backward, (x, gamma, beta), np.random.default_rng(1), eps=0.1
    )
    wrong = gradient_errors(ops.layer_norm, lambda dy, saved: (dy, dy.sum(0), dy.sum(0)), inputs, rng)
    assert set(wrong) == set(inputs) and wrong["x"] > 1e-3 and wrong["beta"] < LIMIT


def test_the_tool_loads_nothing_above_the_layers():
    """A lesson that takes one finite difference need not load the whole library."""
    code = "import sys; from minillm.gradcheck import numeric_gradient; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    rooms = {name.split(".")[1] for name in loaded if name.startswith("minillm.")}
    assert rooms <= {"lazy", "backend", "errors", "kernels", "ops", "layers", "gradcheck"}
    assert not {"minillm.gradcheck.op_cases", "multiprocessing", "safetensors"} & set(loaded)
