"""What is said of an answer that no known mistake explains."""

import numpy as np
import pytest

from minillm.course import outline
from minillm.course.calling import collect, try_calls
from minillm.course.desk import exercises_of, solution_of
from minillm.course.diagnosis import judge
from minillm.course.exercises import NOT_WRITTEN, Exercise, Mistake, load
from minillm.course.patterns import factor


def said_of(exercise: Exercise, solution: str, source: str):
    """The verdict on a text that needs no process of its own."""
    tried = collect(try_calls(load(source, "ex01.py"), exercise, {}, 0))
    return judge(exercise, tried, solution, source)


def one(course, body: str, number: int = 0):
    lesson = outline.find(1)
    exercise = exercises_of(lesson)[number]
    head = "scaled(x, factor)" if number == 0 else "pairs(w)"
    return said_of(exercise, solution_of(lesson), f"import numpy as np\ndef {head}:\n    {body}\n")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return factor * x", ""),
        ("return x / factor", "You divided by the factor."),
        ("pass", "it returns None: is there a return?"),
        ("return (x * factor)[0]", "its shape is (3,), and should be (2, 3)"),
        ("return x * np.nan", "100% of it is NaN"),
        ("return x * np.inf", "it is infinite"),
        (
            "return x * factor + (np.arange(x.size).reshape(x.shape) == 2)",
            "only place 2 is wrong: at index 2, where it differs most, it is",
        ),
        ("return 1 / 0", "it raises ZeroDivisionError: division by zero (line 3: return 1 / 0) in scaled(x="),
        ("return x + np.ones(x.shape[0] + 1)", "could not be broadcast"),
        ("return 'seven'", "it returns text (a str): return a NumPy array"),
        ("return (x * factor).tolist()", "it returns a list: return a NumPy array, np.array(...)"),
        ("return x * factor,", "it returns a tuple with one thing in it"),
        ("return x * factor, 1", "it returns 2 values: only the first is asked for"),
        ("return lambda: x", "it returns a function: is it to be called"),
        ("x *= factor; return x", "right, but it writes into x, which it was given"),
        ("x *= factor; return x + 3", "it writes into x, which it was given, and comes out wrong"),
        (
            "return np.random.default_rng().normal(size=x.shape)",
            "it answers the same call in two ways: it needs its arguments",
        ),
        (
            "global n; n = globals().get('n', 0) + 1; return x * n",
            "line 3, `global n`, keeps from one call what the next one finds",
        ),
        ("return -x * factor", "the sign is turned round"),
        ("return 3 * x * factor", "it is the right answer times 3"),
        ("return x * factor + 7", "everything is 7 too large"),
        ("return np.round(x * factor, 2)", "it is rounded to 2 decimal places"),
        ("return (x * factor).astype(int)", "what stands behind the decimal point is lost"),
        ("return (x * factor).astype('float16').astype(float)", "it is nearly right"),
        ("return x", "it is x as it was given"),
        ("return x * factor * factor", "it comes out as if factor came in twice"),
        ("return x * factor if x.ndim == 2 else x * 2 + factor", "(1 of 2 calls come out right)"),
        ("raise NotImplementedError('later')", NOT_WRITTEN),
    ],
)
def test_what_is_said(course, body, message):
    verdict = one(course, body)
    assert verdict.passed == (message == "") and message in verdict.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('return {"a": "still", "b": "up"}[x]', "A: it moves."),
        ('return {"a": "sideways", "b": "down"}[x]', "A: it rises."),
        ('return {"a": "up", "b": "sideways"}[x]', "B: it falls."),
        ("return 7", "it returns one number, and should return a text"),
    ],
)
def test_of_predictions_the_first_wrong_one_is_explained_whatever_the_others_are(body, message):
    solution = 'def predict(x):\n    return {"a": "up", "b": "down"}[x]\n'
    mistakes = [
        Mistake('"a": "up"', '"a": "down"', "A: it rises."),
        Mistake('"a": "up"', '"a": "still"', "A: it moves."),
        Mistake('"b": "down"', '"b": "up"', "B: it falls."),
    ]
    exercise = Exercise("predict", lambda rng: [("a",), ("b",)], ["a hint"], mistakes)
    assert said_of(exercise, solution, f"def predict(x):\n    {body}\n").message == message


def test_a_wrong_number_beside_an_argument_that_is_a_function_is_told(course):
    solution = "def f(x, fit):\n    return fit(x), x.sum()\n"
    calls = Exercise("f", lambda rng: [(X, np.sum), (Y, np.sum)], ["a hint"], [], outputs=("fitted", "total"))
    found = said_of(calls, solution, "def f(x, fit):\n    return fit(x) ** 2 + 0.3, x.sum()\n").message
    assert found.startswith("total is right. fitted: ")


def test_a_missing_function_is_named(course):
    lesson = outline.find(1)
    verdict = said_of(exercises_of(lesson)[1], solution_of(lesson), "x = 1")
    assert verdict.message == "there is no function pairs in the file"


def test_lists_are_shown_with_the_call(course):
    assert one(course, "return list(zip(w, w[1:]))[:1]", 1).message == (
        "pairs(words=['a', 'b', 'c']) gives [('a', 'b')], and should give [('a', 'b'), ('b', 'c')]: it is 1 too short"
    )


@pytest.mark.parametrize(
    "right",
    [
        "x + 1",
        "float(x.sum())",
        "(x + 1, x.sum())",
        "(1, 2, 3)",
        "{1: 2}",
        "[1, 2]",
        "x > 2",
        "x[:0]",
        "x.sum(axis=0)",
        "'same'",
    ],
)
def test_whatever_is_returned_there_is_a_sentence(right):
    """None of them is right, none breaks the check."""
    odd = (
        "None", "[]", "()", "{}", "'x'", "np.nan", "np.array([])", "np.array(9)", "np.zeros((0, 3))", "np.array(['a'])", "10**400",
        "np.array([None])", "np.matrix([[1]])", "{1: 2, 3: x}", "print", "(None, None)", "(x, 'x')", "(x, x, x)", "[x]", "-x", "x[:1]",
        "x * np.nan", "x[None]", "np.zeros(2, bool)", "{2}", "(1, 2, x)", "range(9)", "1j", "x.astype('float16') * 3", "[[1], 2]",
    )  # fmt: skip
    solution = f"def f(x):\n    return {right}\n"
    for text in odd:
        verdict = said_of(exercise((X,), (Y,)), solution, f"import numpy as np\ndef f(x):\n    return {text}\n")
        assert not verdict.passed and len(verdict.message) > 10, text


def exercise(*calls: tuple, outputs: tuple = ()) -> Exercise:
    return Exercise("f", lambda rng: list(calls), [], [], outputs)


X, Y = np.array([[1.0, 2, 4], [3, 1, 7], [0.5, 8, 2]]), np.array([[2.0, 1], [5, 3]])


@pytest.mark.parametrize(
    ("solution", "yours", "message"),
    [
        (
            "x / x.sum(axis=1, keepdims=True)",
            "x / x.sum(axis=1)",
            "it comes out as if keepdims=True of sum were left out",
        ),
        (
            "x / x.sum(axis=1, keepdims=True)",
            "x / x.sum(axis=0)",
            "it comes out as if axis=0 stood in sum where axis=1 belongs",
        ),
        ("x / x.sum(axis=1, keepdims=True)", "x", "each row must still be divided by its sum"),
        (
            "x / x.sum(axis=1, keepdims=True)",
            "x ** 2 / (x ** 2).sum() + 0.1",
            "the numbers of each row must sum to one, and row",
        ),
        ("x / x.sum(axis=1, keepdims=True)", "2 * x", "each row must still be divided by its sum"),
        ("x + 1", "(x + 1).T", "it is right, but transposed"),
        ("x + 1", "(x + 1)[::-1]", "the rows are right, and in reversed order"),
        ("x[0] + 1", "x[0, ::-1] + 1", "the numbers (of each row) are right, and in reversed order"),
        ("x + 1", "np.roll(x + 1, 1, axis=0)", "the rows are right, and one too low"),
        ("np.exp(-x)", "np.exp(np.exp(-x))", "a log is missing: the log of it is right"),
        ("x - x.mean()", "x + 0", "it is x as it was given"),
        ("x.mean(axis=0)", "x.sum(axis=0)", "it comes out as if sum stood where mean belongs"),
        (
            "x.sum(axis=0)",
            "x.sum(axis=0) * len(x)",
            "it is the length x.shape[0] times the right answer: divide by that number",
        ),
        ("x.sum(axis=0)", "x.sum(axis=0)[:, None]", "an axis of length 1 too many"),
        ("x.sum(axis=0)", "x.max()", "its shape is (), and should be"),
        ("np.sum(x > 2)", "np.sum(x >= 2)", "it comes out as if >= stood where > belongs, before 2"),
        ("np.sort(x)", "np.append(np.sort(x)[:, 1:], x[:, :1] + 9, axis=1)", "it is one place ahead"),
        ("np.argmax(x, axis=1)", "np.max(x, axis=1) / 3 + x[:, 0] ** 2", "whole numbers are asked for"),
        ("np.tril(x)", "np.tril(x) + 3 * np.eye(len(x))", "only the diagonal is wrong"),
        (
            "np.tril(x)",
            "np.tril(x) + np.triu(x, 1) ** 3 - 0.5 * np.triu(x, 1)",
            "only what stands above the diagonal is wrong",
        ),
        (
            "np.where(x > 1, 7, -100)",
            "np.where(x > 1, 7, 0)",
            "0 stands in places where -100 belongs; all others are right",
        ),
        (
            "np.where(x > 1, 7, -100)",
            "np.where(x > 1, 7, np.arange(x.size).reshape(x.shape))",
            "other numbers stand in places where -100 belongs",
        ),
        (
            "np.sin(x * 7)",
            "np.sin(x * 7) + np.cos(x) * (np.arange(len(x)) > 0)[:, None]",
            "only the first (index 0 of axis 0) is right",
        ),
        ("x / 7", "np.zeros_like(x)", "it is 0 everywhere: is it ever filled?"),
        ("x / 7", "np.zeros(x.shape, int)", "what stands behind the decimal point is lost"),
        (
            "np.where(x[0] > 2, x[0], 7)",
            "x[0][x[0] > 2]",
            "the places with 7 are missing, and all others are right",
        ),
        ("x * 1.0", "x + 99 * (np.arange(len(x)) == 1)[:, None] * x[::-1] ** 2", "only row 1"),
    ],
)
def test_patterns(solution, yours, message):
    texts = [f"import numpy as np\ndef f(x):\n    return {text}\n" for text in (solution, yours)]
    assert message in said_of(exercise((X,), (X[::-1] + 3,)), *texts).message


def test_a_division_by_the_length_of_another_axis_is_told():
    told = "it was divided by the length x.shape[1]: divide by the length x.shape[0] in its place"
    right, yours = ([each.sum() / each.shape[axis] for each in (X[:2], X[:1], Y)] for axis in (0, 1))
    assert factor(yours, right, [(X[:2],), (X[:1],), (Y,)], ["x"]) == told


def test_two_numbers_that_look_alike_are_written_with_the_digits_in_which_they_differ():
    texts = [f"def f(x):\n    return {text}\n" for text in ("x * 10", "x * 10 + (x - 1) * (x - 2) * 0.001")]
    assert "f(x=3) gives 30.002, and should give 30" in said_of(exercise((3,), (1,), (2,)), *texts).message


def test_a_mistake_that_only_raises_explains_no_error_of_the_same_kind():
    asked = exercise((X,), (Y,))._replace(mistakes=[Mistake("x + 1", "x + one", "There is no one.")])
    solution = "def f(x):\n    return x + 1\n"
    assert said_of(asked, solution, "def f(x):\n    return z\n").message.startswith(
        "it raises NameError: name 'z' is not defined"
    )


def test_outputs_are_called_by_their_names():
    solution = "def f(x):\n    return x + 1, x * 3, x - 1\n"
    asked = exercise((X,), (Y,), outputs=("dq", "dk", "dv"))
    said = [
        said_of(asked, solution, f"def f(x):\n    return {text}\n").message
        for text in ("x + 1, x ** 3 + x, x - 1", "x + 1, x - 1, x * 3", "x + 1, x * 3", "x + 1", "x + 1, None, x - 1")
    ]
    assert said[0].startswith("dq and dv are right. dk: ")
    assert said[1] == "dv stands where dk belongs and dk stands where dv belongs: return dq, dk, dv"
    assert said[2] == "it returns 2 values, and should return 3 values: dq, dk, dv"
    assert said[3] == "it returns an array of shape (3, 3), and should return 3 values: dq, dk, dv"
    assert said[4] == "dk: it returns None: is there a return?"


def test_an_answer_that_is_none_in_one_call_only_is_told_with_that_call():
    texts = [
        f"def f(x):\n    {text}\n"
        for text in ("return x > 2", "if x > 2:\n        return True\n    if x < 2: return False")
    ]
    assert (
        said_of(exercise((3,), (1,), (2,)), *texts).message == "it returns None in f(x=2): no return is reached there"
    )


def test_an_answer_that_is_the_same_whatever_is_given_is_told():
    texts = [f"def f(x):\n    return {text}\n" for text in ("x * 10", "70")]
    assert said_of(exercise((3,), (1,), (2,)), *texts).message == "it answers 70 whatever it is given"


def test_what_was_chosen_by_something_wrong_is_not_explained_by_itself():
    texts = [
        f"import numpy as np\ndef f(x, of):\n    two = x[:2].sum(axis=1)\n    two = two{text}\n    return of[int(two.argmin())], two\n"
        for text in ("", "[::-1] ** 3 + 0.7")
    ]
    mistakes = [Mistake("x[:2]", "-x[:2]", "x is negative")]  # which chooses the same one
    asked = exercise((X, [3, 5]), (Y, [3, 5]), outputs=("best", "sums"))._replace(mistakes=mistakes)
    message = said_of(asked, *texts).message
    assert message.startswith("sums: ") and "negative" not in message


def test_no_slip_is_told_of_one_output_that_would_spoil_another_which_is_right():
    texts = [f"def f(x):\n    two = 2\n    return x * two, x - two{text}\n" for text in ("", " - 1")]
    message = said_of(exercise((X,), (Y,), outputs=("dx", "dy")), *texts).message
    assert message.startswith("dx is right. dy: ") and "3 stood where 2 belongs" not in message


def test_no_mistake_is_told_of_one_output_that_would_spoil_another_which_is_right():
    texts = [f"def f(x):\n    two = 2\n    return x * two, {text}x * two\n" for text in ("", "-")]
    mistakes = [Mistake("two = 2", "two = -2", "two is negative")]
    message = said_of(exercise((X,), (Y,), outputs=("dx", "dy"))._replace(mistakes=mistakes), *texts).message
    assert message == "dx is right. dy: the sign is turned round: it is minus the right answer"


def test_a_list_is_told_by_the_kind_of_its_parts():
    texts = [f"def f(n):\n    return {text}\n" for text in ("[n, 2]", "[str(n), '2']")]
    assert said_of(exercise((7,)), *texts).message.endswith(
        ": each part of it is text (a str), and should be one number"
    )


def test_a_dict_is_told_by_its_keys():
    texts = [f"def f(n):\n    return {text}\n" for text in ("{(1, 2): n}", "{'1 2': n}")]
    assert said_of(exercise((7,)), *texts).message.endswith(": each key is text (a str), and should be a tuple")
    texts = [f"def f(n):\n    return {text}\n" for text in ("{1: n, 2: 4}", "{1: n + 1, 3: 4}")]
    message = said_of(exercise((7,)), *texts).message
    assert message.endswith(": 2 is missing, 3 should not be there and for 1 it is 8 and should be 7")
    texts = [f"def f(n):\n    return {text}\n" for text in ("{1: n, 2: 4}", "{1: n + 1, 2: 4}")]
    assert said_of(exercise((7,)), *texts).message.endswith("should give {1: 7, 2: 4}: for 1 it is 8 and should be 7")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("'other'", "f(n=7) gives 'other', and should give 'same'"),
        ("'emas'", "f(n=7) gives 'emas', and should give 'same'"),
        ("50", "it returns one number, and should return a text"),
        ("['same']", "it returns a list, and should return a text"),
    ],
)
def test_a_text_is_told_as_a_text(answer, message):
    texts = [f"def f(n):\n    return {text}\n" for text in ("'same'", answer)]
    assert said_of(exercise((7,)), *texts).message == message


def test_pairs_whose_two_parts_stand_in_the_other_order_are_told():
    texts = [f"def f(x):\n    return [{pair} for i in range(x)]\n" for pair in ("(i, i / 3)", "(i / 3, i)")]
    assert said_of(exercise((2,), (4,)), *texts).message.endswith(": each part of it is right, in reversed order")
