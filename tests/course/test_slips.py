"""Slips: the solution with one small piece changed, and how each is told."""

import pytest

from minillm.course.slips import slips


def found(line: str, head: str = "def f(x, y):") -> dict[str, str]:
    """How each slip in a function of one line is told, by that line."""
    told = list(slips(f"import numpy as np\n{head}\n    {line}\n", "f"))
    return {text.splitlines()[-1].strip(): said for text, said in reversed(told)}  # the first counts


@pytest.mark.parametrize(
    ("line", "slip", "said"),
    [
        ("return x + y", "return x - y", "y were subtracted, and it is added"),
        ("return x / y", "return x * y", "x were multiplied by y, and it is divided"),
        ("return x / y", "return x / y / y", "y came in twice"),
        ("return x / y", "return y / x", "x and y were exchanged"),
        ("return x / y", "return x", "y were left out"),
        ("return x ** y", "return x * y", "x * y stood where x ** y belongs"),
        ("return -x", "return x", "the minus sign before x were left out"),
        ("return x < 3", "return x <= 3", "<= stood where < belongs, before 3"),
        ("return x < 3", "return x < 4", "4 stood where 3 belongs"),
        ("return x ** 10000.0", "return x ** 1000.0", "1000 stood where 10000 belongs"),
        ("return x[1:]", "return x[:-1]", "the last were left out ([:-1]), where the first is ([1:])"),
        ("return x @ y.T", "return x @ y", "the .T of y were left out"),
        ("return x.sum(axis=1)", "return x.sum(axis=0)", "axis=0 stood in sum where axis=1 belongs"),
        ("return x.sum(axis=1, keepdims=True)", "return x.sum(axis=1)", "keepdims=True of sum were left out"),
        ("return x.std(ddof=1)", "return x.std()", "ddof=1 of std were left out"),
        ("return x.mean()", "return x.sum()", "sum stood where mean belongs"),
        ("return np.exp(x)", "return x", "exp were left out, around x"),
        ("return np.where(x > 0, x, y)", "return np.where(x > 0, y, x)", "the two sides of np.where were exchanged"),
        ("return x & ~y", "return x & y", "~ (not) before y were left out"),
        ("return x if y else 0", "return 0 if y else x", "the two sides of `if y` were exchanged"),
        ("x += y", "x = y", "x were assigned anew, where something is added or taken away"),
        ("x[0] = y", "pass", "x[0] were never set"),
        ("return x + 1", "return x + 2", "x + 2 stood where x + 1 belongs"),
        ("return x[y]", "return x[y - 1]", "x[y - 1] stood where x[y] belongs"),
        ("return x[:, y]", "return x[:, y + 1]", "x[:, y + 1] stood where x[:, y] belongs"),
        ("return x * y", "return x * (x * y)", "x came in twice"),
        ("return abs(x)", "return abs(abs(x))", "abs were taken twice, of x"),
        ("x.sort(y)", "pass", "x.sort(y) were left out"),
        ("return x + x", "return y + y", "y stood where x belongs"),
        (
            "return np.log(x).mean()",
            "return np.log(x.mean())",
            "log were taken of the mean, where the mean of all log belongs",
        ),
        (
            "return np.log(x.mean())",
            "return np.log(x).mean()",
            "the mean of all log were taken, where log of the mean belongs",
        ),
        ("return min(x, y)", "return y", "min were left out, and y taken"),
        ("return range(x)", "return range(x - 1)", "range(x - 1) stood where range(x) belongs"),
        ("return range(x)", "return range(1, x)", "range(1, x) stood where range(x) belongs"),
    ],
)
def test_a_slip_is_told(line, slip, said):
    assert found(line)[slip] == said


def test_a_statement_that_was_done_twice_is_told():
    told = dict((said, text) for text, said in slips("def f(x, y):\n    x.extend(y)\n", "f"))
    assert told["x.extend(y) were done twice"].count("x.extend(y)") == 2


def test_a_function_that_might_never_end_has_none():
    assert not found("while x < y: x += 1")


def test_the_other_functions_and_the_docstring_are_left_alone():
    source = 'def g(x):\n    return x + 1\n\n\ndef f(x):\n    """Add 1."""\n    return x + 2\n'
    texts = [text for text, _ in slips(source, "f")]
    assert texts and all("return x + 1" in text and '"""Add 1."""' in text for text in texts)
