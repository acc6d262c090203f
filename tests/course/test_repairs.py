"""The one change that makes a student's own function right, and how it is told."""

import numpy as np
import pytest

from minillm.course.attempt import repair_of
from minillm.course.exercises import load
from minillm.course.outline import find
from minillm.course.repairs import repair

X = np.arange(12.0).reshape(3, 4) ** 2
CALLS = [(X, 2), (X[:2] - 7, 3), (X[:, :3], 5)]


def found(body: str, right, calls=CALLS, seconds: float = 5.0) -> str:
    """What is said of a function with this body, from line 3 on, whose answers should be those of `right`."""
    source = "import numpy as np\ndef f(x, n):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    return repair(source, load(source, "ex.py"), "f", calls, [right(*call) for call in calls], seconds)


@pytest.mark.parametrize(
    ("body", "right", "said"),
    [
        ("return x * (n + 1)", lambda x, n: x * n, "with `n` in place of `n + 1` in line 3 it is right"),
        (
            "return x.sum(axis=0)",
            lambda x, n: x.sum(axis=1),
            "with `x.sum(axis=1)` in place of `x.sum(axis=0)` in line 3 it is right",
        ),
        (
            "s = x.sum(axis=1)\nreturn x / s",
            lambda x, n: x / x.sum(axis=1, keepdims=True),
            "with `x.sum(axis=1, keepdims=True)` in place of `x.sum(axis=1)` in line 3 it is right",
        ),
        (
            "return x.max()",
            lambda x, n: x.max(axis=0),
            "with `x.max(axis=0)` in place of `x.max()` in line 3 it is right",
        ),
        ("return x[:n - 1]", lambda x, n: x[:n], "with `n` in place of `n - 1` in line 3 it is right"),
        ("return x[0]", lambda x, n: x[:, 0], "with `x[:, 0]` in place of `x[0]` in line 3 it is right"),
        ("return x // n", lambda x, n: x / n, "with `x / n` in place of `x // n` in line 3 it is right"),
        ("return x @ x", lambda x, n: x @ x.T, "with `x @ x.T` in place of `x @ x` in line 3 it is right"),
        ("return x.transpose(1, 0)", lambda x, n: x, "with `x` in place of `x.transpose(1, 0)` in line 3 it is right"),
        (
            "t = 0\nfor row in x:\n    t = row\nreturn t",
            lambda x, n: x.sum(axis=0),
            "with `t += row` in place of `t = row` in line 5 it is right",
        ),
        (
            "t = 0\nfor row in x:\n    t = t + row\n    t = t / n\nreturn t",
            lambda x, n: x.sum(axis=0) / n,
            "line 6, `t = t / n`, belongs behind the loop, not into it: move it to the left",
        ),
        (
            "t, i = 0, 0\nfor row in x:\n    t = t + row * i\ni = i + 1\nreturn t",
            lambda x, n: x.T @ np.arange(len(x)),
            "line 6, `i = i + 1`, belongs into the loop: move it to the right",
        ),
        ("n = n + 1\nx = x * n\nreturn x", lambda x, n: x * n, "with `n` in place of `n + 1` in line 3 it is right"),
        (
            "y = x * n\nx = x[::-1] + n\nreturn y",
            lambda x, n: (x[::-1] + n) * n,
            "line 4, `x = x[::-1] + n`, belongs before line 3",
        ),
        ("return x", lambda x, n: x * n, "with `x * n` in place of `x` in line 3 it is right"),
        (
            "return x * (n + 1) - (n + 1)",
            lambda x, n: x * n - n,
            "with `n` in place of `n + 1` in line 3 (2 times) it is right",
        ),
        ("x = x.copy()\nx *= n\nx *= 2\nreturn x", lambda x, n: x * n, "without `x *= 2` in line 5 it is right"),
        (
            "return sum(x.sum() * i for i in range(x.argmax()))",
            lambda x, n: sum(x.sum() * i for i in range(x.argmax() + 1)),
            "with `range(x.argmax() + 1)` in place of `range(x.argmax())` in line 3 it is right",
        ),
        (
            "return (x * n)[x < 0].mean()",
            lambda x, n: (x * n).mean(),
            "with `x * n` in place of `(x * n)[x < 0]` in line 3 it is right",
        ),
        (
            "return x[: min(n - 1, len(x))]",
            lambda x, n: x,
            "with `len(x)` in place of `min(n - 1, len(x))` in line 3 it is right",
        ),
        (
            "t = 0\nfor i in range(len(x)):\n    for j in range(len(x)):\n        t = t + x[i] * x[j]\nreturn t",
            lambda x, n: sum(x[i] * x[j] for j in range(len(x)) for i in range(j)),
            "with `range(i + 1, len(x))` in place of `range(len(x))` in line 5 it is right",
        ),
        (
            "t = 0\nfor i in range(1):\n    t = t + x[i % len(x)]\nreturn t",
            lambda x, n: sum(x[i % len(x)] for i in range(n)),
            "with `n` in place of `1` in line 4 it is right",
        ),
        (
            "t = np.zeros(8)\nfor i in range(len(x)):\n    t[i] = x[i].sum()\n    t[2 * i] = n * x[i].max()\nreturn t",
            lambda x, n: sum(np.eye(8)[i] * row.sum() + np.eye(8)[2 * i] * n * row.max() for i, row in enumerate(x)),
            "lines 5 and 6 set anew what stood there: with += in place of = it is right",
        ),
        (
            "i = np.arange(len(x)) // 2\nt = np.zeros(2)\nt[i] -= x[:, 0]\nreturn t",
            lambda x, n: -np.add.reduceat(np.pad(x[:, 0], (0, 4 - len(x))), [0, 2]),
            "a place that stands twice in the index gets only one of the two: with `np.add.at(t, i, -x[:, 0])` in place of "
            "`t[i] -= x[:, 0]` in line 5 it is right",
        ),
        (
            "t = np.zeros((2, 2))\nt[np.arange(len(x)) // 2, 1] += x[:, 0]\nreturn t[:, 1]",
            lambda x, n: np.add.reduceat(np.pad(x[:, 0], (0, 4 - len(x))), [0, 2]),
            "a place that stands twice in the index gets only one of the two: with `np.add.at(t, (np.arange(len(x)) // 2, 1), "
            "x[:, 0])` in place of `t[np.arange(len(x)) // 2, 1] += x[:, 0]` in line 4 it is right",
        ),
        (
            "return x / np.linalg.norm(x, axis=1)",
            lambda x, n: x / np.linalg.norm(x, axis=1, keepdims=True),
            "with `np.linalg.norm(x, axis=1, keepdims=True)` in place of `np.linalg.norm(x, axis=1)` in line 3 it is right",
        ),
        (
            "return np.arange(n + 2) * x[0] + np.exp(x[0, 0])",
            lambda x, n: np.arange(n + 2)[:, None] * x[0] + np.exp(x[0, 0]),
            "with `np.arange(n + 2)[:, None] * x[0]` in place of `np.arange(n + 2) * x[0]` in line 3 it is right",
        ),
        (
            "t = np.zeros(2, dtype=int)\nt[0] = x[0, 1] / 7\nt[1] = x[1, 0] / 7\nreturn t",
            lambda x, n: np.array([x[0, 1], x[1, 0]]) / 7,
            "with `np.zeros(2)` in place of `np.zeros(2, dtype=int)` in line 3 it is right",
        ),
        (
            "t = np.full(2, 0)\nt[0] = x[0, 1] / 7\nt[1] = x[1, 0] / 7\nreturn t",
            lambda x, n: np.array([x[0, 1], x[1, 0]]) / 7,
            "with `np.full(2, 0, dtype=float)` in place of `np.full(2, 0)` in line 3 it is right",
        ),
        (
            "t, all = [0, 0], []\nfor row in x:\n    t[0] = row.sum()\n    all.append(t)\nreturn np.array(all)",
            lambda x, n: np.stack([x.sum(axis=1), 0 * x[:, 0]], axis=1),
            "with `all.append(t.copy())` in place of `all.append(t)` in line 6 it is right",
        ),
        (
            "return sum(x[0, i] ** 3 for i in range(n))",
            lambda x, n: sum(x[0, i] ** 3 for i in range(n // 2)),
            "with `range(n // 2)` in place of `range(n)` in line 3 it is right",
        ),
        (
            "return x[1:] * x[0, 1] + x[1:] * x[0, 2]",
            lambda x, n: x * x[0, 1] + x * x[0, 2],
            "with `:` in place of `1:` in line 3 (2 times) it is right",
        ),
        (
            "t = np.zeros(x.shape)\nt += (x.T @ (x @ x.T)) / n\nreturn t",
            lambda x, n: x @ x.T @ x / n,
            "with `(x.T @ (x @ x.T)).T` in place of `x.T @ (x @ x.T)` in line 4 it is right",
        ),
        (
            "return x**2 * n / 3",
            lambda x, n: x ** (2 * n / 3),
            "with `x ** (2 * n / 3)` in place of `x ** 2 * n / 3` in line 3 it is right",
        ),
        (
            "y = x * (n + 1)\nreturn y - (n + 1)",
            lambda x, n: x * n - n,
            "with `n` in place of `n + 1` in lines 3 and 4 it is right",
        ),
        (
            "return x + 7 / n",
            lambda x, n: (x + 7) / n,
            "with `(x + 7) / n` in place of `x + 7 / n` in line 3 it is right",
        ),
        (
            "return np.cos(x) + x.sum()",
            lambda x, n: np.cos(x) * x.sum(),
            "with `np.cos(x) * x.sum()` in place of `np.cos(x) + x.sum()` in line 3 it is right",
        ),
        (
            "y = x * n\ny = np.sort(x, axis=None)\nreturn y",
            lambda x, n: x * n,
            "without line 4, `y = np.sort(x, axis=None)`, it is right",
        ),
        (
            "return [v for v in x[0].tolist() if v > 4 * n]",
            lambda x, n: x[0].tolist(),
            "with `for v in x[0].tolist()` in place of `for v in x[0].tolist() if v > 4 * n` in line 3 it is right",
        ),
        (
            "return np.exp(x * n / 100)",
            lambda x, n: np.exp(-x * n / 100),
            "with `-(x * n / 100)` in place of `x * n / 100` in line 3 it is right",
        ),
        (
            "return np.median(x, axis=0)",
            lambda x, n: x.mean(axis=0),
            "with `np.mean(x, axis=0)` in place of `np.median(x, axis=0)` in line 3 it is right",
        ),
        (
            "for row in x:\n    t = np.zeros(x.shape[1])\n    t = t + row * n\nreturn t",
            lambda x, n: x.sum(axis=0) * n,
            "line 4, `t = np.zeros(x.shape[1])`, begins anew in each round: it belongs before line 3",
        ),
        (
            "t = 0\nfor i in range(len(x) - 1):\n    t = t + x[i]\nreturn t",
            lambda x, n: x.sum(axis=0),
            "with `len(x)` in place of `len(x) - 1` in line 4 it is right",
        ),
        (
            "low = x.max(axis=0)\nhigh = x.min(axis=0)\nreturn high - 2 * low",
            lambda x, n: x.max(axis=0) - 2 * x.min(axis=0),
            "low and high, in lines 3 and 4, are exchanged",
        ),
    ],
    ids=lambda text: text if isinstance(text, str) and "\n" not in text else "",
)
def test_the_change_that_makes_it_right(body, right, said):
    assert found(body, right) == said


def test_a_loop_that_a_change_makes_endless_ends():
    body = "i, t = 0, 0\nwhile i < len(x) - 1:\n    t = t + x[i]\n    i += 1\nreturn t"
    assert (
        found(body, lambda x, n: x.sum(axis=0))
        == "with `i <= len(x) - 1` in place of `i < len(x) - 1` in line 4 it is right"
    )


def test_nothing_is_said_of_a_right_function_or_of_one_that_no_single_change_makes_right():
    assert found("return x * n", lambda x, n: x * n) == ""
    assert found("return 7", lambda x, n: np.linalg.svd(x)[1]) == ""
    assert found("return x + n", lambda x, n: x * n, seconds=0.0) == ""


def test_the_function_may_use_other_names_of_the_file_and_the_last_of_two_counts():
    source = "def f(x, n): return 0\nTWO = 2\ndef half(x): return x / TWO\ndef f(x, n):\n    return half(x) * (n - 1)\n"
    target = [x / 2 * n for x, n in CALLS]
    assert repair(source, load(source, "ex.py"), "f", CALLS, target, 5.0).startswith(
        "with `n` in place of `n - 1` in line 5"
    )


def test_it_is_looked_for_in_a_process_of_its_own_that_nothing_keeps(course, tmp_path):
    path = tmp_path / "ex01.py"
    path.write_text("def scaled(x, factor): return x / factor\ndef pairs(w): return list(zip(w, w[2:]))\n")
    assert (
        repair_of(find(1), path, "scaled", seconds=2.0)
        == "with `x * factor` in place of `x / factor` in line 1 it is right"
    )
    assert repair_of(find(1), path, "pairs", seconds=2.0) == "with `1` in place of `2` in line 2 it is right"
    path.write_text("import os\ndef scaled(x, factor):\n    os.abort()\n    return x\n")
    assert repair_of(find(1), path, "scaled", seconds=2.0) == ""
