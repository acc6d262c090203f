"""Faults put into Python source: found by the rules, of every kind, and as many as was said."""

import numpy as np
import pytest

from minillm.preferences import style_violations
from minillm.preferences.spoiling import MOST, SPREAD, spoil, with_fault

LINE = "    result = call(first, second)"


def test_every_kind_of_fault_comes_and_is_found():
    rng = np.random.default_rng(0)
    found = [style_violations(with_fault(LINE, rng)) for _ in range(200)]
    assert all(len(rules) == 1 for rules in found)
    assert {rules[0][:4] for rules in found} == {"E225", "E231", "E201", "W291"}


@pytest.mark.parametrize("line", ["x", "# a, b = c", "'a, b'", "call(", "f(1, 2)", "a = 1", "    pass"])
def test_a_fault_always_shows(line):
    for seed in range(10):
        assert style_violations(with_fault(line, np.random.default_rng(seed)))


def test_only_one_place_is_spoiled():
    spoiled = {with_fault("f(a, b, c)", np.random.default_rng(seed)) for seed in range(40)}
    assert spoiled == {"f(a,b, c)", "f(a, b,c)", "f( a, b, c)", "f(a, b, c) "}


def test_as_many_lines_as_was_said_and_documents_differ():
    documents = ["a = 1\n\n" * 250] * 200
    shares = []
    for document in spoil(documents, 0.3):
        lines = document.split("\n")[:-1]
        assert lines[1::2] == [""] * 250
        shares.append(np.mean([bool(style_violations(line)) for line in lines[::2]]))
    rates = np.array([0.3 * factor for factor in SPREAD])
    # Four rates at random: 4 standard errors of 0.015.
    assert abs(np.mean(shares) - 0.3) < 0.06 and np.mean(SPREAD) == 1
    nearest = np.abs(np.array(shares)[:, None] - rates).min(axis=1)
    assert (nearest < 5 * np.sqrt(0.25 / 250)).all()
    assert len(set(np.abs(np.array(shares)[:, None] - rates).argmin(axis=1))) == len(SPREAD)


def test_nothing_and_too_much():
    assert spoil(["a = 1\n", "b(c, d)"], 0) == ["a = 1\n", "b(c, d)"]
    with pytest.raises(ValueError, match="can't be spoiled"):
        spoil(["a"], MOST + 0.01)
