"""The contract of `minillm/layers/layer.py`, kept by every op, layer and model that has a gradient check."""

from functools import partial

import numpy as np
import pytest

from minillm.gradcheck import LayerCase, all_cases
from minillm.layers import Dropout, Layer, ParameterVector

CASES = all_cases()


def build(name):
    return CASES[name](np.random.default_rng(0))


def call(forward, inputs, **options):
    """Some inputs are given by position, others by name."""
    return forward(**inputs, **options) if isinstance(inputs, dict) else forward(*inputs, **options)


def given(inputs):
    return tuple(inputs.values()) if isinstance(inputs, dict) else inputs


def pair(case):
    """The forward pass of a case, to be called without arguments, and its backward pass."""
    options = dict(case.options)
    if not isinstance(case, LayerCase):
        return partial(call, case.forward, case.inputs, **options), case.backward
    seed = options.pop("dropout_seed", None)
    forward, backward = options.pop("forward", case.layer.forward), options.pop("backward", case.layer.backward)

    def run(inputs=case.inputs, **changes):
        generator = {} if seed is None else {"rng": np.random.default_rng(seed)}
        return call(forward, inputs, **(options | generator | changes))

    return run, backward


def arrays_in(tree):
    """Every array and every NumPy number in nested tuples, lists and dictionaries."""
    if isinstance(tree, np.ndarray | np.generic):
        yield tree
    elif isinstance(tree, dict):
        yield from arrays_in(list(tree.values()))
    elif isinstance(tree, tuple | list):
        for branch in tree:
            yield from arrays_in(branch)


def lock(tree):
    """Make every array read-only, and those that it is a view of."""
    for array in arrays_in(tree):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
            lock(array.base)


def gradients_of(layer):
    return {name: parameter.grad.copy() for name, parameter in layer.named_parameters()}


def zero_grad(layer):
    for parameter in layer.parameters():
        parameter.grad.fill(0)


def as_tuple(gradients):
    return gradients if isinstance(gradients, tuple) else (gradients,)


def upstream(y, seed=1):
    return np.random.default_rng(seed).standard_normal(np.shape(y)).astype(np.asarray(y).dtype)[()]


def backwards(inputs):
    """The texts of the batch in reverse order."""
    if isinstance(inputs, dict):
        return {name: x[::-1].copy() for name, x in inputs.items()}
    return tuple(x[::-1].copy() if isinstance(x, np.ndarray) else x for x in inputs)


def state(layer):
    """Everything that a layer, and all below it, holds: which objects, and what numbers."""
    held = {}
    for name, value in vars(layer).items():
        held[name] = id(value)
        if isinstance(value, Layer):
            held[f"{name}."] = state(value)
        elif isinstance(value, list):
            held[f"{name}[]"] = [state(item) if isinstance(item, Layer) else item for item in value]
        elif hasattr(value, "data"):
            held[f"{name}.data"] = (id(value.data), value.data.tobytes(), id(value.grad), value.grad.tobytes())
    return held


def nothing_given_or_saved_is_written(name):
    case = build(name)
    forward, backward = pair(case)
    lock([case.inputs, case.options])
    if isinstance(case, LayerCase):
        lock([parameter.data for parameter in case.layer.parameters()])
    y, saved = forward()
    dy = upstream(y)
    lock([dy, saved])
    backward(dy, saved)


def an_op_backward_gives_the_same_twice(name):
    forward, backward = pair(build(name))
    y, saved = forward()
    dy = upstream(y)
    for first, second in zip(
        arrays_in(as_tuple(backward(dy, saved))), arrays_in(as_tuple(backward(dy, saved))), strict=True
    ):
        np.testing.assert_array_equal(first, second)
        assert not np.shares_memory(first, dy)


def forward_writes_nothing_on_the_layer(name):
    case = build(name)
    forward, _ = pair(case)
    before = state(case.layer)
    forward()
    assert state(case.layer) == before


def backward_writes_only_gradients(name):
    case = build(name)
    forward, backward = pair(case)
    arrays = {name: (parameter.data, parameter.grad) for name, parameter in case.layer.named_parameters()}
    values = {name: parameter.data.copy() for name, parameter in case.layer.named_parameters()}
    attributes = dict(vars(case.layer))
    y, saved = forward()
    backward(upstream(y), saved)
    assert vars(case.layer) == attributes
    for key, parameter in case.layer.named_parameters():
        assert (parameter.data is arrays[key][0]) and (parameter.grad is arrays[key][1])
        np.testing.assert_array_equal(parameter.data, values[key])


def backward_twice_gives_twice_the_gradient(name):
    case = build(name)
    forward, backward = pair(case)
    y, saved = forward()
    dy = upstream(y)
    first_inputs = list(arrays_in(as_tuple(backward(dy, saved))))
    once = gradients_of(case.layer)
    again_inputs = list(arrays_in(as_tuple(backward(dy, saved))))
    for first, again in zip(first_inputs, again_inputs, strict=True):
        np.testing.assert_array_equal(first, again)
    total = sum(np.linalg.norm(grad) for grad in once.values())
    for key, grad in gradients_of(case.layer).items():
        np.testing.assert_allclose(grad, 2 * once[key], rtol=1e-12, atol=1e-14 * (1 + total))


def two_forwards_before_the_first_backward(name):
    case = build(name)
    forward, backward = pair(case)
    other = backwards(case.inputs)
    (y1, saved1), (y2, saved2) = forward(), forward(other)
    dy1, dy2 = upstream(y1, 1), upstream(y2, 2)

    alone = []
    for dy, saved in ((dy1, saved1), (dy2, saved2)):
        zero_grad(case.layer)
        fresh_y, fresh = forward(case.inputs if saved is saved1 else other)
        np.testing.assert_array_equal(fresh_y, y1 if saved is saved1 else y2)
        alone.append((list(arrays_in(as_tuple(backward(dy, fresh)))), gradients_of(case.layer)))

    zero_grad(case.layer)
    second = list(arrays_in(as_tuple(backward(dy2, saved2))))
    first = list(arrays_in(as_tuple(backward(dy1, saved1))))
    for together, separate in zip(first + second, alone[0][0] + alone[1][0], strict=True):
        np.testing.assert_array_equal(together, separate)
    for key, grad in gradients_of(case.layer).items():
        np.testing.assert_allclose(grad, alone[0][1][key] + alone[1][1][key], rtol=1e-9, atol=1e-12)


def one_gradient_for_each_array_input_in_its_shape(name):
    case = build(name)
    forward, backward = pair(case)
    y, saved = forward()
    gradients = [g for g in as_tuple(backward(upstream(y), saved)) if g is not None]
    inputs = [x for x in given(case.inputs) if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    assert [g.shape for g in gradients] == [x.shape for x in inputs]


def dropout_follows_its_generator(name):
    case = build(name)
    forward, _ = pair(case)
    y, _ = forward()
    np.testing.assert_array_equal(y, forward()[0])
    assert (forward(rng=np.random.default_rng(99))[0] != y).any()
    evaluated, _ = forward(rng=None)
    np.testing.assert_array_equal(evaluated, forward(rng=None)[0])
    assert (evaluated != y).any()


def every_dropout_gets_the_generator(name):
    case, asked, mask = build(name), set(), Dropout.mask

    def listening(self, shape, rng, dtype):
        assert rng is not None
        asked.add(id(self))
        return mask(self, shape, rng, dtype)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dropout, "mask", listening)
        pair(case)[0]()
    assert asked == {id(layer) for layer in case.layer.sublayers() if isinstance(layer, Dropout)}


def run_with(case, frozen):
    """The gradients of the inputs and the parameters with those parameters frozen."""
    zero_grad(case.layer)
    for key, parameter in case.layer.named_parameters():
        parameter.trainable = key not in frozen
    forward, backward = pair(case)
    y, saved = forward()
    return list(arrays_in(as_tuple(backward(upstream(y), saved)))), gradients_of(case.layer)


def below(layer, part):
    """The names that the parameters of a part have in the layer."""
    chosen = {id(parameter) for parameter in part.parameters()}
    return {key for key, parameter in layer.named_parameters() if id(parameter) in chosen}


def what_is_frozen_gets_no_gradient_and_nothing_else_changes(name):
    """One parameter, one layer of those within, or all but that layer."""
    case = build(name)
    inputs, gradients = run_with(case, frozen=set())
    layers = [below(case.layer, part) for part in case.layer.sublayers()]
    choices = [*({key} for key in gradients), *layers, *(set(gradients) - part for part in layers)]
    for frozen in set(map(frozenset, choices)):
        frozen_inputs, frozen_gradients = run_with(case, frozen)
        assert len(frozen_inputs) == len(inputs)
        assert all(map(np.array_equal, frozen_inputs, inputs)), f"with {sorted(frozen)} frozen"
        for key, grad in frozen_gradients.items():
            expected = 0 * grad if key in frozen else gradients[key]
            assert np.array_equal(grad, expected), f"{key} with {sorted(frozen)} frozen"


def single(tree):
    """The same tree with float32 in the place of float64."""
    if isinstance(tree, dict):
        return {key: single(branch) for key, branch in tree.items()}
    if isinstance(tree, tuple):
        return tuple(single(branch) for branch in tree)
    return tree.astype(np.float32) if isinstance(tree, np.ndarray) and tree.dtype == np.float64 else tree


def float_types(tree):
    return {array.dtype for array in arrays_in(tree) if array.dtype.kind == "f"}


def float32_stays_float32(name):
    """`x / np.sqrt(64)` would make float64 of it, and the model half as fast."""
    case = build(name)
    case = case._replace(inputs=single(case.inputs), options=single(case.options))
    grads = []
    if isinstance(case, LayerCase):
        vector = ParameterVector(case.layer, np.float32)
        grads.append(vector.grad)
        if hasattr(case.layer, "vector"):
            case.layer.vector = vector
    forward, backward = pair(case)
    y, saved = forward()
    assert float_types(y) == {np.dtype(np.float32)}
    assert float_types([saved, backward(upstream(y), saved), grads]) <= {np.dtype(np.float32)}


FOR_ALL = (
    nothing_given_or_saved_is_written,
    one_gradient_for_each_array_input_in_its_shape,
    float32_stays_float32,
)
FOR_OPS = (an_op_backward_gives_the_same_twice,)
FOR_LAYERS = (
    forward_writes_nothing_on_the_layer,
    backward_writes_only_gradients,
    backward_twice_gives_twice_the_gradient,
    two_forwards_before_the_first_backward,
    what_is_frozen_gets_no_gradient_and_nothing_else_changes,
)
WITH_DROPOUT = (dropout_follows_its_generator, every_dropout_gets_the_generator)


@pytest.mark.parametrize("name", CASES)
def test_the_contract(name):
    """Each promise is a function above, whose name says it."""
    case = build(name)
    promises = FOR_ALL + (FOR_LAYERS if isinstance(case, LayerCase) else FOR_OPS)
    for promise in promises + (WITH_DROPOUT if "dropout_seed" in case.options else ()):
        promise(name)
