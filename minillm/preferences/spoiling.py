"""Faults of style, put into Python source at a known rate: so that a small model has something to prefer.

The standard library keeps to PEP 8 so well that a small model's own blunders would hide what it has learned to prefer (one line in seventy
breaks a rule of `style_violations`). Whoever uses a spoiled text says so.
"""

from collections.abc import Callable, Sequence

import numpy as np

from minillm.preferences.python_style import style_violations

# How often the lines of a document are spoiled, as factors of the mean: documents differ as authors do.
SPREAD = (0.1, 0.6, 1.3, 2.0)
MOST = 1 / max(SPREAD)

FAULTS: tuple[tuple[str, str], ...] = ((", ", ","), (" = ", "="), ("(", "( "))


def spoil(documents: Sequence[str], share: float, seed: int = 0) -> list[str]:
    """Each line of code (one that is not blank) gets a fault with a probability of its document's own, on average `share`.

    A fault is a blank that is missing after a comma or around an equals sign, or one too many after a bracket or at the end of the line:
    one of those that the line has a place for. share lies in [0, MOST].
    """
    if not 0 <= share <= MOST:
        raise ValueError(f"a share of {share} can't be spoiled: choose one from 0 to {MOST}")
    rng = np.random.default_rng(seed)
    return [_spoiled(document, share * rng.choice(SPREAD), rng) for document in documents]


def _spoiled(document: str, rate: float, rng: np.random.Generator) -> str:
    lines = document.split("\n")
    for at, chance in enumerate(rng.random(len(lines))):
        if chance < rate and lines[at].strip():
            lines[at] = with_fault(lines[at], rng)
    return "\n".join(lines)


def with_fault(line: str, rng: np.random.Generator) -> str:
    """The line with one more fault, which `style_violations` finds."""
    ways: list[Callable[[], str]] = [
        lambda right=right, wrong=wrong: _once(line, right, wrong, rng) for right, wrong in FAULTS
    ]
    ways.append(lambda: line + " ")
    for way in rng.permutation(len(ways)):
        changed = ways[way]()
        if changed != line and style_violations(changed):
            return changed
    return line


def _once(line: str, right: str, wrong: str, rng: np.random.Generator) -> str:
    """The line with one of the places where it has `right` changed."""
    parts = line.split(right)
    if len(parts) == 1:
        return line
    at = int(rng.integers(1, len(parts)))
    return right.join(parts[:at]) + wrong + right.join(parts[at:])
