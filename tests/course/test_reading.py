"""What is seen in the text of a student's function."""

import pytest

from minillm.course.reading import early_return, kept, pitfall, printed, unread

SOLUTION = "def f(x, n, spare):\n    return x * n\n"


def text(body: str) -> str:
    return "def f(x, n, spare):\n" + "".join(f"    {line}\n" for line in body.splitlines())


def test_a_return_that_ends_a_loop_in_its_first_round():
    said = early_return(text("for a in x:\n    n += a\n    return n"), "f")
    assert (
        said == "line 4, `return n`, ends the loop of line 2 in its first round: move it to the left, behind the loop"
    )
    assert not early_return(text("for a in x:\n    if a > n:\n        return a\nreturn n"), "f")
    said = early_return(text("for a in x:\n    n += a\n    break\nreturn n"), "f")
    assert said == "line 4, `break`, ends the loop of line 2 in its first round: does it belong under an if?"
    assert not early_return(text("for a in x:\n    if a > n:\n        break\nreturn a"), "f")
    assert not early_return("x = 1", "f")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 2 * x", "it never uses n: what comes out depends on it"),
        ("return 7", "it never uses x and n: what comes out depends on them"),
        ("n = 3\nreturn x", "it never uses n: what comes out depends on it"),
        ("return n * x", ""),
    ],
)
def test_an_argument_that_nobody_reads(body, said):
    assert unread(text(body), SOLUTION, "f") == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("y = x * n\nreturn x", "line 2 works out y, and nothing uses it"),
        ("x * n\nreturn x", "line 2, `x * n`, works something out, and nothing uses it: is an = missing?"),
        ("x == n\nreturn x", "line 2, `x == n`, works something out, and nothing uses it: is an = missing?"),
        ("y = x * n\nreturn y", ""),
    ],
)
def test_a_line_without_a_reader(body, said):
    assert unread(text(body), SOLUTION, "f") == said


def test_a_print_in_place_of_a_return():
    assert printed(text("print(x)"), "f") == "line 2 prints it, which only shows it: return gives it back"
    assert printed(text("print(x)\nreturn"), "f") == printed(text("print(x)"), "f")
    assert printed(text("print(x)\nreturn x"), "f") == printed(text("pass"), "f") == printed(text("len(x)"), "f") == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "def f(x, seen=[]):\n    return x",
            "the default [] in line 1 is made only once, and keeps what earlier calls left in it",
        ),
        ("def f(x, *, seen=dict()):\n    return x", "the default dict() in line 1 is made only once"),
        ("def f(x):\n    global n\n    n = x", "line 2, `global n`, keeps from one call what the next one finds"),
        ("def f(x, n=3, of=None, at=(1, 2)):\n    return x", ""),
    ],
)
def test_what_a_function_keeps_from_one_call_to_the_next(source, said):
    found = kept(source, "f")
    assert found.startswith(said) and bool(found) == bool(said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 10 ^ n", "line 2, `10 ^ n`: in Python ^ is no power, that is **"),
        ("for i in x:\n    if i:\n        i += 2", "line 4, `i += 2`, does not move the for loop of line 2"),
        (
            "for i in x:\n    if n:\n        n\n    else:\n        i += 2",
            "line 6, `i += 2`, does not move the for loop of line 2",
        ),
        ("for i in x:\n    i += 1\n    n += i", ""),
        ("i = 0\nwhile i < n:\n    i += 1", ""),
    ],
)
def test_what_python_takes_otherwise_than_it_was_meant(body, said):
    found = pitfall(text(body), "f")
    assert found.startswith(said) and bool(found) == bool(said)
