"""The smallest repair: one piece of the student's own function changed, so that all of its answers are right.

This is program repair by search (Weimer et al. 2009) of the simplest kind: each change is tried, and the tests decide. It runs the
student's text, so it belongs into the process that `attempt` starts.
"""

import ast
import contextlib
import copy
import time
import types
from collections.abc import Iterator, Sequence
from typing import Any

from minillm.course.answers import answers, as_json, from_json, same
from minillm.course.slips import Place, changed, changes, definition, other_names, places, short, variables
from minillm.course.wording import listed, narrowed, size

REDUCTIONS = ("sum", "mean", "max", "min", "std", "var", "all", "any", "argmax", "argmin", "cumsum", "prod", "norm")
MAKERS = ("zeros", "ones", "full", "array", "zeros_like", "ones_like", "full_like")  # of arrays that may hold integers
ROUNDS = 10_000  # of a while loop that a change may have made endless
Edits = list[tuple[Place, ast.AST]]


def repair(
    source: str, theirs: types.ModuleType, name: str, calls: Sequence[tuple], target: Sequence[Any], seconds: float
) -> str:
    """What to change in the student's function, and in which line; empty if no single change is found in this time.

    source: the student's text, which was loaded as `theirs`; target: the right answers to the calls. The more calls there are, the less
    is found that is right by chance.
    """
    function, ends = definition(source, name), time.perf_counter() + seconds

    def right(text: str, only: Sequence[int]) -> bool:
        found = tried(text, theirs, name, copy.deepcopy([calls[index] for index in only]))
        return all(map(same, found, [target[index] for index in only]))

    everything = range(len(calls))
    wrong = [index for index in everything if function and not right(ast.unparse(function), [index])]
    if not wrong:
        return ""
    shortest = min(wrong, key=lambda index: size(calls[index]))
    for edits, message in candidates(function):
        if time.perf_counter() > ends:
            return ""
        text = changed(function, edits)
        if right(text, [shortest]) and right(text, everything):
            return message
    return ""


def tried(text: str, theirs: types.ModuleType, name: str, calls: Sequence[tuple]) -> Iterator[Any]:
    """The answers of a changed function, among the other names of the student's file."""
    tree = ast.parse(text)
    for loop in (node for node in ast.walk(tree) if isinstance(node, ast.While)):
        loop.test = ast.BoolOp(ast.And(), [ast.parse("next(_rounds)", mode="eval").body, loop.test])
    names = {**theirs.__dict__, "_rounds": iter([True] * ROUNDS)}
    function = types.SimpleNamespace(__name__=theirs.__name__)
    with contextlib.suppress(Exception):  # a change may leave nothing that can be compiled: then there is no function
        exec(compile(ast.fix_missing_locations(tree), theirs.__name__, "exec"), names)
        setattr(function, name, names[name])
    for answer in answers(function, name, calls):
        yield from_json(as_json(answer))


def candidates(function: ast.FunctionDef) -> Iterator[tuple[Edits, str]]:
    """All changes that are tried, the likeliest first, and how each is told; an expression's at one place, then at all that are alike."""
    everywhere, names = list(places(function)), [ast.Name(name, ast.Load()) for name in variables(function)]
    bounds, others = (
        [place for place in everywhere if (type(place.parent), type(place.node)) == (ast.Compare, ast.Constant)],
        [place for place in everywhere if (type(place.parent), type(place.node)) != (ast.Compare, ast.Constant)],
    )
    yield from _one_then_all((place, new) for place in others for new, _ in changes(place.node))
    yield from _one_then_all((place, new) for place in everywhere for new in additions(place.node))
    yield from _one_then_all((place, new) for place in bounds for new, _ in changes(place.node))
    yield from gathered(everywhere)
    yield from moves(function)
    yield from _one_then_all((place, new) for place in everywhere for new, _ in other_names(place.node, function))
    yield from _one_then_all((place, new) for place in everywhere for new in guesses(place.node))
    yield from _one_then_all((place, new) for place in everywhere for new in with_names(place.node, names))


def _one_then_all(edits: Iterator[tuple[Place, ast.AST]]) -> Iterator[tuple[Edits, str]]:
    alike: dict[tuple[str, str], Edits] = {}
    for place, new in edits:
        alike.setdefault((ast.unparse(place.node), ast.unparse(new)), []).append((place, new))
        yield [(place, new)], told([(place, new)])
    yield from ((group, told(group)) for group in alike.values() if len(group) > 1)


def additions(node: ast.AST) -> Iterator[ast.AST]:
    """What was left out, or written in the wrong order: an axis, keepdims, a bound, a transpose, two arguments exchanged."""
    match node:
        case ast.Call(ast.Attribute(_, str() as name)) if name in REDUCTIONS:
            given = [keyword.arg for keyword in node.keywords]
            for option, values in (("axis", ("0", "1", "-1")), ("keepdims", ("True",))):
                for value in values if option not in given else ():
                    keyword = ast.keyword(option, ast.parse(value, mode="eval").body)
                    yield ast.Call(node.func, node.args, [*node.keywords, keyword])
        case ast.Slice(lower, upper) if node.step is None:
            for operator in (ast.Sub(), ast.Add()):
                if lower is not None:
                    yield ast.Slice(ast.BinOp(lower, operator, ast.Constant(1)), upper)
                if upper is not None:
                    yield ast.Slice(lower, ast.BinOp(upper, operator, ast.Constant(1)))
            if lower is upper is None:
                yield ast.Slice(ast.Constant(1), None)
                yield ast.Slice(None, ast.Constant(-1))
        case ast.Subscript(value, index, context):
            yield value
            parts = index.elts if isinstance(index, ast.Tuple) else [index]
            for axes in (1, 2):
                yield ast.Subscript(value, ast.Tuple([*[ast.Slice()] * axes, *parts], ast.Load()), context)
            if len(parts) > 1:
                yield ast.Subscript(value, ast.Tuple(parts[1:], ast.Load()), context)
        case ast.comprehension(target, given, [_, *_]):
            yield ast.comprehension(target, given, [], 0)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            yield from values
        case ast.BinOp(left, ast.FloorDiv(), right):
            yield ast.BinOp(left, ast.Div(), right)
        case ast.BinOp(left, ast.Mult(), right):
            yield ast.BinOp(left, ast.Pow(), right)
        case ast.BinOp(left, ast.MatMult(), right):
            for sides in ((_transposed(left), right), (left, _transposed(right))):
                yield ast.BinOp(sides[0], ast.MatMult(), sides[1])
            yield _transposed(node)
        case ast.Assign([ast.Name() | ast.Subscript() as name], value):
            yield ast.AugAssign(name, ast.Add(), value)
        case ast.AugAssign(name, ast.Add() | ast.Sub() as operator, value):
            yield ast.AugAssign(name, ast.Sub() if isinstance(operator, ast.Add) else ast.Add(), value)
        case ast.Call(ast.Attribute(_, "append"), [ast.Name() as one]):
            yield ast.Call(node.func, [ast.Call(ast.Attribute(one, "copy", ast.Load()), [], [])], [])
        case ast.Call(ast.Attribute(_, str() as name)) if name in MAKERS:
            others = [keyword for keyword in node.keywords if keyword.arg != "dtype"]
            number = ast.keyword("dtype", ast.Name("float", ast.Load()))
            yield ast.Call(node.func, node.args, others if others != node.keywords else [*others, number])
        case ast.If(test, body, orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
    yield from rebracketed(node)
    if isinstance(node, ast.BinOp | ast.Call):
        yield ast.UnaryOp(ast.USub(), node)
    field = {ast.Call: "args", ast.Tuple: "elts"}.get(type(node))
    parts = getattr(node, field) if field else []
    for at in range(len(parts) - 1):
        other = copy.copy(node)
        setattr(other, field, [*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]])
        yield other


def rebracketed(node: ast.AST) -> Iterator[ast.AST]:
    """`a ** (b * c / d)` for `a ** b * c / d`, and `(a + b) / c` for `a + b / c`."""
    if not isinstance(node, ast.BinOp):
        return
    first, behind = node.left, [(node.op, node.right)]
    while isinstance(first, ast.BinOp):
        inner = first.right
        for operator, right in reversed(behind):
            inner = ast.BinOp(inner, operator, right)
        yield ast.BinOp(first.left, first.op, inner)
        behind.append((first.op, first.right))
        first = first.left
    if isinstance(node.right, ast.BinOp):
        last = node.right
        yield ast.BinOp(ast.BinOp(node.left, node.op, last.left), last.op, last.right)


def guesses(node: ast.AST) -> Iterator[ast.AST]:
    """What is seldom the mistake, and right by chance more often: a column, a half, a log, an exp or a 1 left out, + for *."""
    match node:
        case ast.BinOp(left, operator, right):
            yield ast.BinOp(_column(left), operator, right)
            yield ast.BinOp(left, operator, _column(right))
            if isinstance(operator, ast.Add):
                yield ast.BinOp(left, ast.Mult(), right)
        case ast.Call(ast.Name("range") | ast.Attribute(_, "arange"), [last]):
            yield ast.Call(node.func, [ast.BinOp(last, ast.FloorDiv(), ast.Constant(2))], node.keywords)
    if _is_value(node):
        for function in ("log", "exp"):
            yield ast.Call(ast.Attribute(ast.Name("np", ast.Load()), function, ast.Load()), [node], [])
        for number in (1, -1):
            yield ast.BinOp(node, ast.Add(), ast.Constant(number))


def _is_value(node: ast.AST) -> bool:
    """An expression that is read, and no part of a larger name such as np.sum."""
    return isinstance(node, ast.BinOp | ast.Call) or (
        isinstance(node, ast.Name | ast.Subscript) and isinstance(node.ctx, ast.Load)
    )


def _transposed(node: ast.AST) -> ast.AST:
    return ast.Attribute(node, "T", ast.Load())


def _column(node: ast.AST) -> ast.AST:
    """Of a row; what is none, such as a number, stays."""
    index = ast.Tuple([ast.Slice(), ast.Constant(None)], ast.Load())
    return ast.Subscript(node, index, ast.Load()) if isinstance(node, ast.Name | ast.Call | ast.Subscript) else node


def moves(function: ast.FunctionDef) -> Iterator[tuple[Edits, str]]:
    """A statement before its neighbour, the first of a loop before it, the last behind it, or the next one in it; and how that is told."""
    for parent in ast.walk(function):
        block = getattr(parent, "body", None)
        if not isinstance(block, list):
            continue
        whole = Place(parent, "body", None)
        for at, first in enumerate(block):
            before, after = block[:at], block[at + 1 :]
            match block[at : at + 2]:
                case [ast.Assign([ast.Name(one)]), ast.Assign([ast.Name(other)]) as again] if one == other:
                    yield (
                        [(whole, [*before, first, *after[1:]])],
                        f"without line {again.lineno}, `{short(again)}`, it is right",
                    )
                    continue
            if after:
                yield (
                    [(whole, [*before, after[0], first, *after[1:]])],
                    f"line {after[0].lineno}, `{short(after[0])}`, belongs before line {first.lineno}",
                )
            match block[at : at + 2]:
                case [ast.Assign([ast.Name(one)], value), ast.Assign([ast.Name(other)], its)]:
                    values = (Place(first, "value", None), its), (Place(after[0], "value", None), value)
                    yield [*values], f"{one} and {other}, in lines {first.lineno} and {after[0].lineno}, are exchanged"
            if isinstance(first, ast.For | ast.While):
                *inner, last = first.body
                inside = Place(first, "body", None)
                if inner:
                    start, *rest = first.body
                    yield (
                        [(whole, [*before, start, first, *after]), (inside, rest)],
                        f"line {start.lineno}, `{short(start)}`, begins anew in each round: it belongs before line {first.lineno}",
                    )
                    yield (
                        [(whole, [*before, first, last, *after]), (inside, inner)],
                        f"line {last.lineno}, `{short(last)}`, belongs behind the loop, not into it: move it to the left",
                    )
                if after:
                    yield (
                        [(whole, [*before, first, *after[1:]]), (inside, [*first.body, after[0]])],
                        f"line {after[0].lineno}, `{short(after[0])}`, belongs into the loop: move it to the right",
                    )


def gathered(everywhere: Sequence[Place]) -> Iterator[tuple[Edits, str]]:
    """Sums that are gathered at the places of an array, where a place comes more than once: each time it is set anew, or counts once."""
    anew, once = [], []
    for place in everywhere:
        match place.node:
            case ast.Assign([ast.Subscript() as target], value):
                anew.append((place, ast.AugAssign(target, ast.Add(), value)))
            case ast.AugAssign(ast.Subscript(array, index), ast.Add() | ast.Sub() as operator, value):
                added = value if isinstance(operator, ast.Add) else ast.UnaryOp(ast.USub(), value)
                at = ast.parse("np.add.at", mode="eval").body
                once.append((place, ast.Expr(ast.Call(at, [array, index, added], []))))
    if len(anew) > 1:
        lines = listed(sorted({str(place.line) for place, _ in anew}))
        yield anew, f"lines {lines} set anew what stood there: with += in place of = it is right"
    for edits in (*([edit] for edit in once), once):
        if edits:
            yield edits, f"a place that stands twice in the index gets only one of the two: {told(edits)}"


def with_names(node: ast.AST, names: Sequence[ast.Name]) -> Iterator[ast.AST]:
    """A variable in the place of an expression or of a number, or beside it, where it was forgotten."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield from names
    match node:
        case ast.Call(ast.Name("range"), [last]):
            for name in names:
                yield ast.Call(node.func, [ast.BinOp(name, ast.Add(), ast.Constant(1)), last], [])
    for name in names if _is_value(node) else ():
        if isinstance(node, ast.Name) and node.id == name.id:
            continue
        if not isinstance(node, ast.Name):
            yield name
        for operator in (ast.Mult(), ast.Div(), ast.Add(), ast.Sub()):
            yield ast.BinOp(node, operator, name)
        yield ast.BinOp(name, ast.Sub(), node)


def told(edits: Edits) -> str:
    """`with t in place of t + 1 in line 7 it is right`."""
    place, new = edits[0]
    lines = sorted({each.line for each, _ in edits})
    times = f" ({len(edits)} times)" if len(edits) > len(lines) else ""
    where = f"in line{'s' * (len(lines) > 1)} {listed(list(map(str, lines)))}{times} it is right"
    # the `for` of a comprehension begins with a space
    old, after = ast.unparse(place.node).strip(), ast.unparse(new).strip()
    if isinstance(new, ast.Pass):
        return f"without `{old}` {where}"
    shown = narrowed(old, after)
    return f"with `{shown[1]}` in place of `{shown[0]}` {where}"
