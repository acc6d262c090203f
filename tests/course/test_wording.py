"""How values, calls and errors are written."""

import math

import numpy as np
import pytest

from minillm.course.answers import Failure, Other
from minillm.course.wording import apart, call, failed, listed, narrowed, sentences, value


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (np.array([[0.25, 1 / 3]]), "[[0.25, 0.3333]]"),
        (np.zeros((20, 5)), "an array of shape (20, 5)"),
        (np.float64(-0.0), "0"),
        (True, "True"),
        ((1, 2), "(1, 2)"),
        (Other("Evil"), "an Evil"),
        (value, "value"),
        ("x" * 100, "'" + "x" * 58 + "…"),
    ],
)
def test_value(what, text):
    assert value(what) == text


def test_numbers_that_differ_never_look_alike():
    assert apart(0.5641, 1) == ("0.5641", "1")
    assert apart(1 / 3, 1 / 3 + 1e-9) == ("0.333333333", "0.333333334")
    assert apart(6.0, 6.0000001) == ("6", "6.0000001")


def test_a_call_is_written_out_as_long_as_it_is_short():
    assert call("f", ["p", "k"], (np.array([0.5, -1.0]), 4)) == "f(p=[0.5, -1], k=4)"
    assert call("f", ["p"], (np.arange(40.0) / 7,)) == "f(p=an array of shape (40,))"


def test_listed():
    assert [listed(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("kind", "message", "remedy"),
    [
        ("ValueError", "operands could not be broadcast together with shapes (5,7) (5,)", "Is keepdims=True missing?"),
        ("ValueError", "operands could not be broadcast together with shapes (5,7) (3,)", "From the last axis on"),
        ("ValueError", "matmul: Input operand 1 has a mismatch in its core dimension 0", "Is a .T missing"),
        ("IndexError", "tuple index out of range", "the last has the number n - 1"),
        (
            "ValueError",
            "operands could not be broadcast together with shapes (5,) (3,)",
            "Then one is a column, [:, None]",
        ),
        ("KeyError", "(7, 8)", "d.get(key, 0) gives 0 for it"),
        ("TypeError", "f() takes 1 positional argument but 2 were given", "Leave the line with def as it was"),
    ],
)
def test_errors_that_are_often_met_bring_a_remedy(kind, message, remedy):
    assert remedy in failed(Failure(kind, message), "f", "")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "def f(i):\n    while i < 3:\n        for k in range(9):\n            k\n",
            "goes on while i < 3: does anything in it change that?",
        ),
        (
            "def f(i):\n    while True:\n        i\n        i\n",
            "has no end of its own: is its return or break ever reached?",
        ),
        ("def f(i):\n    for k in i:\n        i.append(k)\n        i\n", "is very long: does what it goes over grow?"),
        ("def f(i):\n    i\n    i\n    f(i)\n", "Does it call itself without end, or make something very large?"),
    ],
)
def test_the_loop_that_does_not_end_is_named(source, said):
    text = failed(Failure("Timeout", "5 s", 4), "f", source)
    assert text.startswith("f was stopped after 5 s (line 4: ") and text.endswith(said)


def test_of_two_long_pieces_of_code_what_differs_is_shown():
    assert narrowed("x + 1", "x") == ("x + 1", "x")
    old = "np.exp(scores - scoes.max(axis=0, keepdims=True)).sum(axis=1, keepdims=True)"
    assert narrowed(old, old.replace("axis=0", "axis=1")) == (
        "…es.max(axis=0, keepdims=T…",
        "…es.max(axis=1, keepdims=T…",
    )


def test_two_messages_become_two_sentences():
    assert sentences("it is wrong", "with x it is right") == "it is wrong. With x it is right"
    assert sentences("is it wrong?", "with x it is right") == "is it wrong? With x it is right"
    assert sentences("it is wrong", "") == "it is wrong"


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("x > 1 and x < 3", "& | ~ go place by place"),
        ("x / 2 & (x > 1)", "& binds more closely"),
        ("x / 2 | (x > 1)", "| binds more closely"),
        ("x[np.arange(3) > 1]", "A mask has the shape of what it chooses from"),
        ("x.reshape(4, 2)", "multiplied, must be the number of numbers"),
        ("x[:0].max()", "It is empty"),
        ("x[x / 2]", "An index is a whole number"),
        ("two[x]", "where one whole number is needed"),
        ("two[1, 1]", "A list takes one whole number"),
        ("two[3]", "the last has the number n - 1"),
        ("range(3 / 1)", "was / used for //?"),
        ("two.index(7)", "`in` asks whether it is"),
        ("two.sort()[0]", "Something is None"),
        ("{two: 2}", "tuple(...) of it can be one"),
        ("x(1)", "[ ] takes a part"),
        ("x[1, 1, 1]", "fewer axes than indices"),
        ("np.concatenate([x, x[:, :2]])", "is it another axis=?"),
        ("np.stack([x, x[:, :2]])", "parts of the same lengths"),
        ("np.concatenate([x, x[0]])", "is a [:, None] missing?"),
        ("np.array([[1], [1, 2]])", "The rows are of different lengths"),
        ("x.transpose(0, 2, 1)", "the number of each axis once"),
        ("float(x)", "is a sum or a mean missing"),
        ("math.sin(x)", "np.sin meant in place of math.sin?"),
        ("exec('t = (1, 2); t[0] = 3')", "make a list of it"),
        ("1 / 0", "ask about that first"),
        ("np.zeros(-1)", "A length came out negative"),
        ("x[-3]", "A negative index counts from the end"),
        ("(1, 2) + (3)", "(x,) with its comma a tuple"),
        ("[1] + (3,)", "[x] is a list with one part"),
        ("np.add.at(x, [0], x.T)", "must have the shape of the places that it goes to: is a .T or a reshape missing?"),
        ("x + np.ones((3, 3))", "One of them is longer by 1"),
    ],
)
def test_the_error_that_python_or_numpy_raises_brings_a_remedy(wrong, remedy):
    with pytest.raises(Exception) as error:
        eval(wrong, {"np": np, "math": math, "x": np.arange(6).reshape(2, 3), "two": [1, 2]})
    assert remedy in failed(Failure(error.type.__name__, str(error.value)), "f", "")


def test_the_shapes_of_the_arrays_in_the_line_are_told_where_an_error_may_come_of_them():
    line = "dE = dE + dlogits @ h"
    shapes = {"E": (4, 3), "dE": (3, 4), "dlogits": [2, 4], "x": (9,)}
    failure = Failure("ValueError", "matmul: a mismatch", 1, shapes)
    assert f"(line 1: {line}, where dE is (3, 4), dlogits is (2, 4) and E is (4, 3))" in failed(failure, "f", line)
    assert f"(line 1: {line})" in failed(Failure("ZeroDivisionError", "", 1, shapes), "f", line)


@pytest.mark.parametrize("line", ["padded = [end] * n + story", "padded = [0] + story", "padded = story + [end]"])
def test_a_list_that_is_added_to_an_array_is_told(line):
    failure = Failure("ValueError", "operands could not be broadcast together with shapes (3,) (2,)", 1)
    assert "np.concatenate lays arrays end to end" in failed(failure, "f", line)
    assert "np.concatenate" not in failed(failure, "f", "y = x[1:] * w + b")


def test_a_variable_that_was_never_set_brings_a_remedy():
    names = {}
    exec("def f():\n    for i in []:\n        y = i\n    return y", names)
    with pytest.raises(UnboundLocalError) as error:
        names["f"]()
    assert "had the loop no round" in failed(Failure("UnboundLocalError", str(error.value)), "f", "")
