"""What a lesson promises to print: its `#>` lines, and whether a run kept them.

#> rows sum to [1. 1. 1.]            as printed; a decimal may differ by one in its last digit
#> validation loss 1.24 ± 0.05       1.19 to 1.29 (the lesson prints `validation loss 1.24`)
#> worst gradient error ≤ 1e-7       any number up to that (it prints `worst gradient error 3.1e-11`)
#> it says: …                        any text
#> ...                               any number of lines
"""

import math
import re
from decimal import Decimal
from typing import NamedTuple

NUMBER = r"[-+]?\d+(?:,\d{3})*(?:\.\d*)?(?:e[-+]?\d+)?"
_BOUND = re.compile(rf"(?P<upto>≤ )?(?P<value>{NUMBER})(?: ± (?P<band>{NUMBER}))?")


class Promise(NamedTuple):
    """One `#>` line: a pattern with a group for each number, and the smallest and largest value of each."""

    text: str
    pattern: re.Pattern
    ranges: list[tuple[float, float]]

    def kept_by(self, line: str, numbers: bool) -> bool:
        found = self.pattern.fullmatch(_squeezed(line))
        if not numbers:
            label = re.match(r".*?(?::|->)", self.text)
            return found is not None or bool(label and _promise(label[0]).pattern.match(_squeezed(line)))
        return found is not None and self.holds(_values(found))

    def holds(self, values: list[float]) -> bool:
        """Whether each number is where it was promised."""
        return all(low <= value <= high for value, (low, high) in zip(values, self.ranges, strict=True))


def promises(source: str) -> list[Promise]:
    """The `#>` lines of a lesson, in their order."""
    return [_promise(line[2:].strip()) for line in source.splitlines() if line.startswith("#>")]


def broken(expected: list[Promise], printed: str, *, numbers: bool = True) -> list[str]:
    """What a run printed other than promised, line by line; empty where it kept all.

    `numbers` False is for a model that has learned nothing: the words alone are compared, and behind a colon or -> not even those.
    """
    lines = [line for line in printed.splitlines() if line.strip()]
    at, skipping = 0, False
    for promise in expected:
        if promise.text == "...":
            skipping = True
            continue
        where = at
        while skipping and where < len(lines) and not promise.kept_by(lines[where], numbers):
            where += 1
        if where == len(lines):
            return [f"promised: {promise.text}", "printed:  nothing more"]
        if not promise.kept_by(lines[where], numbers):
            return [f"promised: {promise.text}", f"printed:  {lines[where]}"]
        at, skipping = where + 1, False
    if at < len(lines) and not skipping:
        return ["promised: nothing more", f"printed:  {lines[at]}"]
    return []


def numbers_in(expected: list[Promise], printed: str) -> dict[str, list[float]]:
    """What a run printed where a band is promised, in it or not: the numbers, by the text of the `#>` line."""
    found, lines = {}, iter([*map(_squeezed, printed.splitlines())])
    for promise in expected:
        if "±" in promise.text or "≤" in promise.text:
            match = next(filter(None, map(promise.pattern.fullmatch, lines)), None)
            if match is None:
                raise ValueError(f"Promised and not printed: {promise.text}")
            found[promise.text] = _values(match)
    return found


def _values(found: re.Match) -> list[float]:
    return [float(group.replace(",", "")) for group in found.groups()]


def _promise(text: str) -> Promise:
    pattern, ranges, end = "", [], 0
    for bound in _BOUND.finditer(text):
        pattern += _literal(text[end : bound.start()]) + rf"\s*({NUMBER}|-?inf|nan)\s*"
        ranges.append(_range(bound))
        end = bound.end()
    return Promise(text, re.compile(pattern + _literal(text[end:])), ranges)


def _range(bound: re.Match) -> tuple[float, float]:
    value = float(bound["value"].replace(",", ""))
    if bound["upto"]:
        return -math.inf, value
    if bound["band"]:
        band = float(bound["band"])
    else:  # one unit of the last digit of a decimal; a whole number is exact, 1. too
        exponent = Decimal(bound["value"].replace(",", "")).as_tuple().exponent
        band = 10.0**exponent if exponent < 0 else 0.0
    slack = 1e-9 * max(1.0, abs(value))  # 1.30 - 1.29 is not 0.01 in binary
    return value - band - slack, value + band + slack


def _literal(text: str) -> str:
    """A pattern for the words between two numbers; any blanks stand for any blanks, and … for any text."""
    return ".*".join(r"\s*".join(map(re.escape, part.split())) for part in text.split("…"))


def _squeezed(line: str) -> str:
    return re.sub(r"\s+", " ", line.strip())
