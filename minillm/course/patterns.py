"""What can be seen of wrong arrays without knowing how they were made: a sign, a factor, a transpose, a row.

`yours` and `right` hold an output's arrays for some calls. A pattern counts only if all calls show it, since one number may be anything.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from minillm.course.answers import close, is_number, same
from minillm.course.wording import listed, number

Arrays = Sequence[np.ndarray]


def exchanged(yours: Sequence[tuple], right: Sequence[tuple], names: Sequence[str]) -> str:
    """Outputs that are right, at the place of others."""
    mine, its = (list(zip(*answers, strict=True)) for answers in (yours, right))
    moved = [
        f"{names[index]} stands where {name} belongs"
        for place, name in enumerate(names)
        for index in range(len(names))
        if index != place and same(mine[place], its[index]) and not same(mine[place], its[place])
    ]
    return f"{listed(moved)}: return {', '.join(names)}" if moved else ""


def shape(yours: np.ndarray, right: np.ndarray) -> str:
    """Why an array may have this shape in place of the right one."""
    message = f"its shape is {yours.shape}, and should be {right.shape}"
    if close(yours.T, right):
        return f"{message}: it is right, but transposed"
    if yours.shape and np.squeeze(yours).shape == np.squeeze(right).shape:
        more = yours.ndim > right.ndim
        return f"{message}: an axis of length 1 {'too many' if more else 'is missing'}. keepdims=True keeps it, [:, 0] takes it away"
    if not yours.shape:
        return f"{message}: was a sum or a mean taken of everything? axis= says over which axis"
    if sorted(yours.shape) == sorted(right.shape):
        return f"{message}: is a transpose missing, or one too many?"
    if yours.size == right.size:
        return f"{message}: the numbers must be reshaped"
    for left_out in np.unique(right) if yours.ndim == right.ndim == 1 and yours.size else ():
        if same(yours, right[right != left_out]):
            return f"{message}: the places with {number(left_out)} are missing, and all others are right"
    if right.ndim and yours.ndim == right.ndim + 1 and yours.shape[-1] == yours.shape[-2]:
        return f"{message}: a column (n, 1) and a row (n,) make a table (n, n). Which of the two was meant?"
    return message


def seen(yours: Arrays, right: Arrays, calls: Sequence[tuple], parameters: Sequence[str]) -> str:
    """What yours have to do with the right ones, of the same shapes; empty if nothing is seen."""
    return (
        not_finite(yours, right)
        or stand_in(yours, right, calls, parameters)
        or factor(yours, right, calls, parameters)
        or offset(yours, right)
        or ahead(yours, right)
        or fractions(yours, right)
        or rough(yours, right)
        or sums(yours, right)
        or first_only(yours, right)
    )


def not_finite(yours: Arrays, right: Arrays) -> str:
    """NaN and infinity where the right answer has none."""
    for mine, its in zip(yours, right, strict=True):
        if np.isnan(mine).any() and not np.isnan(its).any():
            return (
                f"{np.isnan(mine).mean():.0%} of it is NaN, not a number: it comes from 0 / 0, inf - inf, inf / inf, 0 * inf, "
                "or the root or log of a negative number, or np.empty made it and nothing filled it"
            )
        if np.isinf(mine).any() and not np.isinf(its).any():
            return "it is infinite: the log of 0, a division by 0, or an exp of something too large"
    return ""


def stand_in(yours: Arrays, right: Arrays, calls: Sequence[tuple], parameters: Sequence[str]) -> str:
    """One whole number wherever it is wrong, where another one belongs: a mask's or padding's value, most often."""
    pairs = set()
    for mine, its in zip(yours, right, strict=True):
        if its.dtype.kind not in "iu" or mine.dtype.kind not in "iuf" or its.ndim == 0:
            return ""
        wrong = mine != its
        pairs |= set(zip(mine[wrong].tolist(), its[wrong].tolist(), strict=True))
    if (
        len({its for _, its in pairs}) != 1
        or sum(int((mine != its).sum()) for mine, its in zip(yours, right, strict=True)) < 2
    ):
        return ""
    belongs, stands = pairs.copy().pop()[1], sorted({mine for mine, _ in pairs})
    if len(stands) == 1:
        return f"{number(stands[0])} stands in places where {number(belongs)} belongs; all others are right"
    return f"other numbers stand in places where {number(belongs)} belongs; all others are right"


def empty(yours: Arrays, right: Arrays) -> str:
    """Zeros everywhere, and whole numbers where fractions belong."""
    if any(its.ndim == 0 for its in right) or not all(its.any() for its in right):
        return ""
    if any(
        mine.dtype.kind in "iu" and its.dtype.kind == "f" and (its % 1).any()
        for mine, its in zip(yours, right, strict=True)
    ):
        return "what stands behind the decimal point is lost: is there an array of integers, or an int()?"
    return "" if any(mine.any() for mine in yours) else "it is 0 everywhere: is it ever filled?"


def first_only(yours: Arrays, right: Arrays) -> str:
    """The first of several rows right, and none of the others."""
    pairs = [(mine, its) for mine, its in zip(yours, right, strict=True) if its.ndim > 1 and len(its) > 1]
    if not pairs or not all(same(mine[0], its[0]) for mine, its in pairs):
        return ""
    if any(same(mine[row], its[row]) for mine, its in pairs for row in range(1, len(its))):
        return ""
    return "only the first (index 0 of axis 0) is right: does what belongs to the first serve for all?"


MENDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the sign is turned round: it is minus the right answer": np.negative,
    "it is right, but transposed: .T": np.transpose,
    "it is one over the right answer": lambda mine: 1 / mine,
    "it is the square of the right answer": np.sqrt,
    "it is the square root of the right answer": np.square,
    "an exp is missing: exp of it is right": np.exp,
    "a log is missing: the log of it is right": np.log,
    "it is 1 - the right answer": lambda mine: 1 - mine,
    "True and False are exchanged": lambda mine: ~mine,
    "the numbers (of each row) are right, and in reversed order": lambda mine: mine[..., ::-1],
    "the numbers are right, and one place too far to the right": lambda mine: np.roll(mine, -1, -1),
    "the numbers are right, and one place too far to the left": lambda mine: np.roll(mine, 1, -1),
    "the rows are right, and in reversed order": lambda mine: mine[::-1],
    "the rows are right, and one too low: the first stands where the second should": lambda mine: np.roll(mine, -1, 0),
    "the rows are right, and one too high: the second stands where the first should": lambda mine: np.roll(mine, 1, 0),
    "each row must still be divided by its sum": lambda mine: mine / mine.sum(axis=-1, keepdims=True),
    "it must still be divided by its sum": lambda mine: mine / mine.sum(),
}


def mended(yours: Arrays, right: Arrays) -> str:
    """One thing that would make all of them right."""
    for message, mend in MENDS.items():
        with contextlib.suppress(ValueError, TypeError, IndexError), np.errstate(all="ignore"):
            if all(close(mend(mine), its) for mine, its in zip(yours, right, strict=True)):
                return message
    return ""


def unchanged(yours: Arrays, calls: Sequence[tuple], parameters: Sequence[str]) -> str:
    """An argument, handed back."""
    for index, name in enumerate(parameters):
        if all(index < len(call) and same(mine, call[index]) for mine, call in zip(yours, calls, strict=True)):
            return f"it is {name} as it was given"
    return ""


def factor(yours: Arrays, right: Arrays, calls: Sequence[tuple], parameters: Sequence[str]) -> str:
    """The right numbers times one number in each call, and what that number is."""
    factors = []
    for mine, its in zip(yours, right, strict=True):
        there = np.asarray(its != 0)
        if not there.any() or not np.isfinite(mine).all():
            return ""
        found = float(np.median(mine[there] / its[there]))
        if not found or not close(mine, found * its):
            return ""
        factors.append(found)
    if max(np.size(its) for its in right) == 1 and len(set(np.round(factors, 6))) > 1 and len(factors) < 3:
        return ""  # two numbers always have a factor
    known = [(name, np.array(sizes)) for name, sizes in _sizes(calls, parameters)]
    for name, sizes in known:
        for message, ways in FACTORS.items():
            if np.allclose(factors, ways(sizes), rtol=1e-5):
                return message.format(name)
    for (one, above), (other, below) in itertools.permutations(known, 2):
        if np.allclose(factors, above / below, rtol=1e-5) and len(set(factors)) > 1:
            return f"it was divided by {other}: divide by {one} in its place"
    if np.allclose(factors, factors[0], rtol=1e-5):
        return f"it is the right answer times {number(factors[0])}"
    return (
        "in each call it is the right answer times one number: a factor is missing, or is one too many"
        if max(np.size(its) for its in right) > 1
        else ""
    )


FACTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "it is {0} times the right answer: divide by that number": lambda n: n,
    "it is the right answer divided by {0}: multiply by that number": lambda n: 1 / n,
    "it is the square of {0} times the right answer": np.square,
    "it is the right answer divided by the square of {0}": lambda n: 1 / n**2,
    "it is √ of {0} times the right answer": np.sqrt,
    "it is the right answer divided by √ of {0}": lambda n: 1 / np.sqrt(n),
}


def _sizes(calls: Sequence[tuple], parameters: Sequence[str]) -> Iterator[tuple[str, list[float]]]:
    """The numbers of each call that a factor may be: those that were given, and the lengths of arrays."""
    for index, name in enumerate(parameters):
        given = [call[index] for call in calls if index < len(call)]
        if len(given) < len(calls):
            continue
        if all(is_number(each) and each > 0 for each in given):
            yield name, given
        elif all(isinstance(each, np.ndarray) for each in given):
            for axis in range(min(each.ndim for each in given)):
                yield f"the length {name}.shape[{axis}]", [each.shape[axis] for each in given]
            yield f"{name}.size", [each.size for each in given]


def offset(yours: Arrays, right: Arrays) -> str:
    """The right numbers plus one number, the same in all calls."""
    differences = [np.asarray(mine, float) - np.asarray(its, float) for mine, its in zip(yours, right, strict=True)]
    more = float(differences[0].flat[0]) if differences[0].size else 0.0
    if (
        more
        and len(yours) + max(map(np.size, right)) > 2
        and all(np.allclose(each, more, rtol=1e-6) for each in differences)
    ):
        return f"{'everything is' if right[0].shape else 'it is'} {number(abs(more))} too {'large' if more > 0 else 'small'}"
    return ""


def ahead(yours: Arrays, right: Arrays) -> str:
    """The right numbers, one place before or after theirs, with something else at the end."""
    if min(its.shape[-1] if its.ndim else 0 for its in right) < 3:
        return ""
    if all(close(mine[..., :-1], its[..., 1:]) for mine, its in zip(yours, right, strict=True)):
        return "it is one place ahead: what stands at i belongs to i + 1"
    if all(close(mine[..., 1:], its[..., :-1]) for mine, its in zip(yours, right, strict=True)):
        return "it is one place behind: what stands at i + 1 belongs to i"
    return ""


def fractions(yours: Arrays, right: Arrays) -> str:
    """Fractions where whole numbers are asked for."""
    whole = all(its.ndim and its.dtype.kind in "iu" for its in right)
    if whole and any(mine.dtype.kind == "f" and (mine != np.round(mine)).any() for mine in yours):
        return "whole numbers are asked for: is it a value in place of its number, which np.argmax or np.argsort would give?"
    return ""


def rough(yours: Arrays, right: Arrays) -> str:
    """Numbers that are nearly right."""
    if any(its.dtype.kind != "f" for its in right):
        return ""
    if all(close(mine, np.trunc(its)) for mine, its in zip(yours, right, strict=True)):
        return "what stands behind the decimal point is lost: is there an array of integers, or an int()?"
    for places in range(1, 6):
        if all(close(mine, np.round(its, places)) for mine, its in zip(yours, right, strict=True)):
            return f"it is rounded to {places} decimal place{'s' * (places > 1)}"
    worst = max(
        float(np.max(np.abs(mine - its)) / (np.max(np.abs(its)) or 1)) for mine, its in zip(yours, right, strict=True)
    )
    if worst < 1e-3:
        near = f"it is nearly right, to {worst:.0e} of the largest number"
        return f"{near}: is it float32, or is a small number (an eps) too much, too little?"
    return ""


def sums(yours: Arrays, right: Arrays) -> str:
    """Rows that should sum to one, and do not."""
    for mine, its in zip(yours, right, strict=True):
        if its.ndim and its.dtype.kind == "f" and np.allclose(its.sum(axis=-1), 1) and (its >= 0).all():
            totals = np.atleast_1d(mine.sum(axis=-1))
            row = int(np.argmax(np.abs(totals - 1)))
            if abs(totals[row] - 1) > 1e-6:
                what, which = ("each row", f"row {row} sums") if its.ndim > 1 else ("the answer", "yours sum")
                return f"the numbers of {what} must sum to one, and {which} to {number(totals[row])}"
    return ""


def places(mine: np.ndarray, its: np.ndarray) -> str:
    """Where two arrays of one shape differ, if that is a row, a column or a diagonal."""
    wrong = ~np.isclose(mine, its, rtol=1e-6, atol=1e-6, equal_nan=True)
    if wrong.all() or its.ndim == 0 or its.size < 3:
        return ""
    for axis in range(its.ndim):
        along = np.flatnonzero(wrong.any(axis=tuple(each for each in range(its.ndim) if each != axis)))
        if len(along) == 1 and its.shape[axis] > 2:
            name = (
                {0: "row" if its.ndim == 2 else "place", 1: "column"}.get(axis)
                if its.ndim <= 2
                else f"index (axis {axis})"
            )
            last = " (the last)" if along[0] == its.shape[axis] - 1 else ""
            return f"only {name} {along[0]}{last} is wrong"
    if its.ndim == 2 and min(its.shape) > 2:
        rows, columns = np.nonzero(wrong)
        offsets = set((columns - rows).tolist())
        if len(offsets) == 1:
            where = offsets.pop()
            return (
                "only the diagonal is wrong"
                if not where
                else f"only the diagonal {abs(where)} {'above' if where > 0 else 'below'} the main one is wrong"
            )
        if min(offsets) > 0:
            return "only what stands above the diagonal is wrong"
        if max(offsets) < 0:
            return "only what stands below the diagonal is wrong"
    return ""
