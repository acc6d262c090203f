"""What a student's function answers, as JSON and back."""

import json

import numpy as np
import pytest

from minillm.course.answers import Failure, Other, answers, as_json, from_json, same
from minillm.course.exercises import load


class Evil:
    """Whatever is asked of it, it raises."""

    def __getattribute__(self, name):
        raise RuntimeError("evil")

    def __eq__(self, other):
        raise RuntimeError("evil")

    def __hash__(self):
        raise RuntimeError("evil")

    def __repr__(self):
        raise RuntimeError("evil")

    __str__ = __len__ = __iter__ = __array__ = __repr__


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -0.1,
        "text",
        (1, (2, 3)),
        [1, [2.5]],
        {(1, 2): 3},
        np.arange(6).reshape(2, 3),
        np.array([np.nan, np.inf, 1 / 3]),
        np.array([True, False]),
        np.zeros((0, 3)),
        np.float32(0.1),
        np.float64(0.1),
        np.arange(3, dtype="float32"),
        Failure("ValueError", "no", 3),
    ],
    ids=repr,
)
def test_there_and_back(value):
    back = from_json(json.loads(json.dumps(as_json(value))))
    assert type(back) is type(value) and same(back, value)
    if isinstance(value, np.ndarray | np.generic):
        assert back.dtype == value.dtype and back.shape == value.shape


def test_what_is_no_data_leaves_the_name_of_its_type_and_nothing_of_it_is_run():
    endless = []
    endless.append(endless)
    assert from_json(as_json(Evil())) == Other("Evil")
    assert from_json(as_json((Evil(), 1))) == (Other("Evil"), 1)
    assert from_json(as_json(np.array([None, "a"], dtype=object))) == Other("array of object")
    assert from_json(as_json(x for x in "ab")) == Other("generator")
    assert from_json(as_json(10**5000)) == Other("int")
    assert from_json(as_json(np.zeros(10**6))) == Other("array of shape (1000000,)")
    json.dumps(as_json(endless))
    assert len(json.dumps(as_json([0] * 10**6))) < 10**6


def test_a_key_of_a_class_that_is_a_list_comes_back_as_one_that_can_be_a_key():
    class Key(list):
        __hash__ = object.__hash__

    assert from_json(as_json({Key([1]): 2, ("a", 1): 3})) == {Other("list"): 2, ("a", 1): 3}


@pytest.mark.parametrize("coded", [{}, {"array": [1, 2], "shape": [3], "dtype": "int64"}, {"dict": [[1]]}, {"what": 1}])
def test_what_is_no_answer_is_refused(coded):
    with pytest.raises(ValueError):
        from_json(coded)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (np.ones(3), np.ones(3) + 1e-9, True),
        (np.ones(3), np.ones(3) + 1e-3, False),
        (np.ones(3), np.ones((3, 1)), False),
        ([1.0, 1.0, 1.0], np.ones(3), False),
        ([1, 2], (1, 2), True),
        ((np.ones(2), "a"), (np.ones(2), "b"), False),
        ({"a": 1.0}, {"a": 1.0}, True),
        ({"a": 1.0}, {"b": 1.0}, False),
        (np.array([np.nan, 1]), np.array([np.nan, 1]), True),
        (np.array([-np.inf, 1]), np.array([-np.inf, 1]), True),
        (True, 1.0, True),
        ("1", 1.0, False),
        (None, 1.0, False),
        (Failure("ValueError", "a"), Failure("ValueError", "b", 3), True),
        (Failure("ValueError"), Failure("TypeError"), False),
        (Failure("ValueError"), 1.0, False),
    ],
)
def test_same(one, other, equal):
    assert same(one, other) == equal


def test_what_is_raised_brings_its_line_and_the_shapes_of_the_arrays_there():
    module = load("def f(x):\n    y, n = x.T, 3\n    return x @ y[1:].T\n", "ex.py")
    (found,) = answers(module, "f", [(np.ones((2, 3)),)])
    assert (found.kind, found.line, found.shapes) == ("ValueError", 3, {"x": (2, 3), "y": (3, 2)})
    assert from_json(json.loads(json.dumps(as_json(found)))).shapes == {"x": [2, 3], "y": [3, 2]}
