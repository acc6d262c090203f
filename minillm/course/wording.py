"""How a check writes values, calls and what went wrong in them: short, and never two numbers that look alike where they differ."""

import ast
import contextlib
import re
import types
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from minillm.course.answers import Failure, Other, is_number
from minillm.course.chinese import translated

SHOWN = 12  # numbers of an array that are written out
LINE = 250  # characters of a call that is written out


def number(value: Any, digits: int = 4) -> str:
    return f"{value + 0.0:.{digits}g}" if isinstance(value, float | np.floating) else str(value)


def apart(yours: Any, right: Any) -> tuple[str, str]:
    """Two numbers that differ, with as many digits as it takes to see it."""
    for digits in range(4, 18):
        texts = number(float(yours), digits), number(float(right), digits)
        if texts[0] != texts[1]:
            break
    return texts


def narrowed(old: str, new: str, most: int = 60) -> tuple[str, str]:
    """Two pieces of code; of long ones what differs, with a little of what stands around it."""
    if max(len(old), len(new)) <= most:
        return old, new
    shared = _shared(old, new)
    start = max(0, shared - 12)
    stop = max(0, _shared(old[shared:][::-1], new[shared:][::-1]) - 12)
    return tuple(f"{'…' * (start > 0)}{text[start : len(text) - stop]}{'…' * (stop > 0)}" for text in (old, new))


def _shared(one: str, other: str) -> int:
    """With how many of the same characters both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def value(what: Any, shown: int = SHOWN) -> str:
    """A value in a line: a large array by its shape, a function by its name, what is long by its beginning."""
    if isinstance(what, np.ndarray):
        return nested(what.tolist()) if what.size <= shown else translated(f"an array of shape {what.shape}")
    if is_number(what):
        return number(what)
    if isinstance(what, Other):
        return article(what.kind)
    if isinstance(what, types.FunctionType):
        return what.__name__
    text = repr(plain(what))
    return text if len(text) <= 60 else text[:59] + "…"


def plain(what: Any) -> Any:
    """A value with Python's numbers in place of NumPy's: 2, not np.int64(2)."""
    if isinstance(what, np.generic):
        return what.item()
    if type(what) in (tuple, list):
        return type(what)(map(plain, what))
    return {plain(key): plain(each) for key, each in what.items()} if type(what) is dict else what


def nested(numbers: Any) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(map(nested, numbers))}]"
    return number(numbers)


def call(name: str, parameters: Sequence[str], arguments: Sequence[Any]) -> str:
    """`shift(p=[0.1411, -0.99], k=4)`."""
    for shown in (4 * SHOWN, SHOWN, 4):
        given = [
            f"{parameter}={value(argument, shown)}" for parameter, argument in zip(parameters, arguments, strict=False)
        ]
        text = f"{name}({', '.join(given)})"
        if len(text) <= LINE:
            break
    return text


def size(what: Any) -> int:
    """How much there is to read in a value."""
    if isinstance(what, np.ndarray):
        return what.size
    if isinstance(what, tuple | list):
        return 1 + sum(map(size, what))
    return len(str(what)) if isinstance(what, dict) else 1


def kind(what: Any) -> str:
    """What a value is, in words: `a list`, `an array of shape (2, 3)`."""
    if isinstance(what, np.ndarray):
        return f"an array of shape {what.shape}"
    if isinstance(what, str):
        return "text (a str)"
    if is_number(what):
        return "one number"
    return article(what.kind if isinstance(what, Other) else type(what).__name__)


def article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"


def listed(names: Sequence[str]) -> str:
    """`dq`, `dq and dk`, `dq, dk and dv`."""
    names = [name if name.isidentifier() else translated(name) for name in names]
    return translated(" and ").join(filter(None, [translated(", ").join(names[:-1]), names[-1]]))


def sentences(first: str, second: str) -> str:
    """Two messages, one behind the other; the second may be empty."""
    stop = "" if first.endswith(("?", ".")) else "."
    return f"{first}{stop} {second[0].upper()}{second[1:]}" if second else first


def failed(failure: Failure, name: str, source: str, call: str = "") -> str:
    """What a call raised, or how it was stopped, with the line of the student's file."""
    lines = source.splitlines()
    at = failure.line
    line = lines[at - 1].strip() if at and at <= len(lines) else ""
    where = f" (line {at}: {line}{shapes(failure, line)})" if line else ""
    during = f" in {call}" if call else ""
    match failure.kind:
        case "Timeout":
            return f"{name} was stopped after {failure.message}{where}{during}. {endless(source, at)}"
        case "Crash":
            return f"Python itself was ended in {name}{where}, with {failure.message}"
        case "MemoryError":
            return f"{name} asks for more memory than there is for it{where}: does something in it grow without end?"
        case "SystemExit":
            return f"{name} ends Python{where}: do without sys.exit, quit and os._exit, and return the answer"
        case "KeyboardInterrupt":
            return f"{name} was interrupted{where}"
        case "RecursionError":
            return f"{name} calls itself without end{where}"
        case "EOFError":
            return f"{name} waits for input{where}: the check types nothing. What it needs are its arguments"
    return f"it raises {failure.kind}: {failure.message}{where}{during}{remedy(failure, line)}"


def shapes(failure: Failure, line: str) -> str:
    """`, where dW is (4, 5) and W is (10, 5)`: the arrays of the line that raised an error that may come of their shapes, and those of
    which they are the gradients.
    """
    if failure.kind not in ("ValueError", "IndexError", "TypeError"):
        return ""
    words = re.findall(r"\w+", line)
    words += [word[1:] for word in words if word.startswith("d") and word in failure.shapes]
    names = [name for name in dict.fromkeys(words) if name in failure.shapes]
    return f", where {listed([f'{name} is {tuple(failure.shapes[name])}' for name in names])}" if names else ""


def endless(source: str, line: int | None) -> str:
    """A question about the loop around a line that kept being run."""
    loops = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.While | ast.For)]
    around = [node for node in loops if line and node.lineno <= line <= node.end_lineno]
    if not around:
        return "Does it call itself without end, or make something very large?"
    loop = max(around, key=lambda node: (isinstance(node, ast.While), node.lineno))
    text = source.splitlines()[loop.lineno - 1].strip()
    if isinstance(loop, ast.For):
        return f"The loop in line {loop.lineno}, {text} is very long: does what it goes over grow?"
    condition = ast.unparse(loop.test)
    if isinstance(loop.test, ast.Constant):
        return f"The loop in line {loop.lineno}, {text} has no end of its own: is its return or break ever reached?"
    return f"The loop in line {loop.lineno} goes on while {condition}: does anything in it change that?"


UNSET = "No line that sets it was reached: had the loop no round, or was the if not true?"
REMEDIES = {  # a piece of the message of Python or NumPy, and what often helps
    "out of bounds": "Where there are n, the last has the number n - 1: does an index go beyond it?",
    "out of range": "Where there are n, the last has the number n - 1: does an index go beyond it?",
    "truth value of an array": "`and`, `or`, `not` and `if` ask for one True or False: of arrays, & | ~ go place by place, with brackets "
    "around each comparison",
    "'bitwise_and' not supported": "& binds more closely than a comparison: (a < b) & (c < d), with brackets",
    "'bitwise_or' not supported": "| binds more closely than a comparison: (a < b) | (c < d), with brackets",
    "boolean index did not match": "A mask has the shape of what it chooses from. Is a [:, None] missing, so that rows and columns meet?",
    "cannot reshape array of size": "The lengths of the new axes, multiplied, must be the number of numbers: some are missing, or too many",
    "zero-size array to reduction": "It is empty: nothing was chosen, or the slice ends where it begins",
    "arrays used as indices must be of integer": "An index is a whole number: was / used for //, or np.zeros without int?",
    "integer scalar arrays can be converted": "An array stands where one whole number is needed, or a list is indexed by an array",
    "list indices must be integers": "A list takes one whole number: np.array(...) takes [i, j], masks and arrays",
    "interpreted as an integer": "A whole number is needed: was / used for //?",
    "is not in list": "It need not be there: `in` asks whether it is",
    "'NoneType'": "Something is None: list.sort, list.append and a function without return give nothing back",
    "unhashable type": "A key can't change: tuple(...) of it can be one",
    "object is not callable": "( ) calls a function, [ ] takes a part: were they exchanged, or is an operator missing before the bracket?",
    "too many indices": "There are fewer axes than indices",
    "must have the same shape": "np.stack needs parts of the same lengths",
    "input array dimensions": "Parts that are laid side by side have the same lengths on all other axes: is it another axis=?",
    "same number of dimensions": "Parts that are laid side by side have as many axes as each other: is a [:, None] missing?",
    "inhomogeneous shape": "The rows are of different lengths: an array needs them all alike",
    "can be converted to Python scalars": "float(...), int(...) and the functions of math take one number, and this is an array: is a sum "
    "or a mean missing, or np.sin meant in place of math.sin?",
    "setting an array element with a sequence": "One place takes one number, and it got several",
    "axes don't match array": "transpose takes the number of each axis once",
    "does not support item assignment": "A tuple and a text can't be changed: make a list of it, or build a new one",
    "division by zero": "What is divided by is 0 here, perhaps since there is nothing to count: ask about that first",
    "negative dimensions": "A length came out negative",
    "broadcastable to correct shape": "What is set must have the shape of the places that it goes to: is a .T or a reshape missing?",
    "can only concatenate": "+ takes two lists, or two tuples: [x] is a list with one part, and (x,) with its comma a tuple",
    "cannot access local variable": UNSET,
    "referenced before assignment": UNSET,
    "unpack": "The number of names on the left must be that of the values on the right",
}


def adds_a_list(line: str) -> bool:
    """Whether a line of code has `[end] * n + story` or the like."""
    sums = []
    with contextlib.suppress(SyntaxError):  # `for ...:` alone is no code
        sums = [
            node for node in ast.walk(ast.parse(line)) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
        ]
    parts = [part for node in sums for part in (node.left, node.right)]
    return any(isinstance(part.left if isinstance(part, ast.BinOp) else part, ast.List) for part in parts)


def remedy(failure: Failure, line: str = "") -> str:
    """What often helps against an error of NumPy or Python in this line of code, to be put behind its message."""
    shapes = [tuple(map(int, re.findall(r"\d+", found))) for found in re.findall(r"\(([\d, ]+)\)", failure.message)]
    if re.match("index -", failure.message):
        return ". A negative index counts from the end: it is one before the beginning, and should perhaps be asked about first"
    if failure.kind == "KeyError":
        return ". There is no such key yet: d.get(key, 0) gives 0 for it"
    if "broadcast" in failure.message and len(shapes) >= 2:
        if adds_a_list(line):
            return ". + lays lists end to end, but adds arrays number by number: np.concatenate lays arrays end to end"
        long, short = sorted(shapes[:2], key=len, reverse=True)
        if len(long) == len(short) + 1 and any(long[:axis] + long[axis + 1 :] == short for axis in range(len(long))):
            return ". Is keepdims=True missing? It keeps the axis of a sum, a mean or a maximum, with length 1"
        if len(long) == len(short) and all(abs(one - other) in (0, 1) for one, other in zip(long, short, strict=True)):
            return ". One of them is longer by 1: does a column of ones, or the last place, belong to both?"
        if len(long) == len(short) == 1:
            return ". Two rows of numbers: shall each of one meet each of the other? Then one is a column, [:, None]"
        return ". From the last axis on, two shapes must agree, or one of them have a 1"
    if "matmul" in failure.message and "mismatch" in failure.message:
        return ". Is a .T missing, or are the two factors in the wrong order? (n, k) @ (k, m) is (n, m)"
    if failure.kind == "TypeError" and "positional argument" in failure.message and failure.line is None:
        return ". Leave the line with def as it was"
    return next((f". {help}" for text, help in REMEDIES.items() if text in failure.message), "")
