"""Slips that need no author: the solution with one small piece of its code changed, as a slip of the hand or of the mind would change it.

These are the operators of mutation testing (DeMillo, Lipton and Sayward 1978), used the other way round: there a program is changed to see
whether its tests notice; here the tests have noticed, and the changes are tried one by one to see which of them explains what came out.
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple

Change = tuple[ast.AST, str]  # what stands in the place of a node, and how that is told

OPERATORS: dict[type, list[tuple[type, str]]] = {
    ast.Add: [(ast.Sub, "{1} were subtracted, and it is added")],
    ast.Sub: [(ast.Add, "{1} were added, and it is subtracted")],
    ast.Mult: [
        (ast.Div, "{0} were divided by {1}, and it is multiplied"),
        (ast.Add, "{1} were added, and it is multiplied"),
        (ast.MatMult, "@ stood where * belongs, before {1}"),
    ],
    ast.Div: [
        (ast.Mult, "{0} were multiplied by {1}, and it is divided"),
        (ast.FloorDiv, "// stood where / belongs, before {1}"),
    ],
    ast.Pow: [(ast.Mult, "{0} * {1} stood where {0} ** {1} belongs")],
    ast.MatMult: [(ast.Mult, "* stood where @ belongs, before {1}")],
    ast.BitAnd: [(ast.BitOr, "| (or) stood where & (and) belongs, before {1}")],
    ast.BitOr: [(ast.BitAnd, "& (and) stood where | (or) belongs, before {1}")],
}
COMPARISONS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq, ast.LtE, ast.GtE),
    ast.NotEq: (ast.Eq, ast.Gt),
}
FUNCTIONS = {
    "sum": ("mean", "max", "prod"),
    "mean": ("sum", "max", "std"),
    "median": ("mean",),
    "max": ("min", "mean", "sum"),
    "std": ("var",),
    "sin": ("cos",),
    "cos": ("sin",),
    "exp": ("exp2",),
    "log": ("log2", "log10"),
    "any": ("all",),
    "all": ("any",),
    "minimum": ("maximum",),
    "maximum": ("minimum",),
    "argmax": ("argmin",),
    "zeros": ("ones",),
    "zeros_like": ("ones_like",),
    "empty": ("zeros",),
    "empty_like": ("zeros_like",),
    "cumsum": ("cumprod",),
}


# Of these the mean of many is not that of their mean.
CURVED = ("log", "exp", "sqrt", "abs", "square", "tanh", "sigmoid")


class Place(NamedTuple):
    """Where a node hangs in its tree."""

    parent: ast.AST
    field: str
    index: int | None  # in a list of nodes

    @property
    def node(self) -> ast.AST:
        found = getattr(self.parent, self.field)
        return found if self.index is None else found[self.index]

    @property
    def line(self) -> int:
        """In which line of the text it begins; parts such as a slice have none of their own."""
        return getattr(self.node, "lineno", None) or getattr(self.parent, "lineno", 0)

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def slips(solution: str, name: str) -> Iterator[tuple[str, str]]:
    """The solution's text with a slip in the function of this name, and how the slip is told; at one place, then at all that are alike.

    A function with `while` has none: with a slip in it, it might never end.
    """
    function = definition(solution, name)
    if any(isinstance(node, ast.While) for node in ast.walk(function)):
        return
    lines = solution.splitlines(keepends=True)
    before, after = "".join(lines[: function.lineno - 1]), "".join(lines[function.end_lineno :])
    alike: dict[str, list[tuple[Place, ast.AST]]] = {}
    for place in places(function):
        for new, message in (*changes(place.node), *other_names(place.node, function)):
            alike.setdefault(message, []).append((place, new))
            yield f"{before}{changed(function, [(place, new)])}\n{after}", message
    for message, edits in alike.items():
        if len(edits) > 1:
            yield f"{before}{changed(function, edits)}\n{after}", message


def definition(source: str, name: str) -> ast.FunctionDef | None:
    """The function of this name: of several the last one, which counts."""
    found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == name]
    return found[-1] if found else None


def places(function: ast.FunctionDef) -> Iterator[Place]:
    """Of all statements and expressions in the body."""
    stack = [Place(function, "body", index) for index in range(len(function.body))]
    while stack:
        place = stack.pop()
        yield place
        for field, value in ast.iter_fields(place.node):
            if isinstance(value, ast.AST):
                stack.append(Place(place.node, field, None))
            elif isinstance(value, list):
                stack += [Place(place.node, field, at) for at, each in enumerate(value) if isinstance(each, ast.AST)]


def changed(function: ast.FunctionDef, edits: list[tuple[Place, ast.AST]]) -> str:
    """The function's text with these edits, which are taken back."""
    old = [(place, place.node) for place, _ in edits]
    for place, new in edits:
        place.put(new)
    text = ast.unparse(function)
    for place, node in reversed(old):
        place.put(node)
    return text


def changes(node: ast.AST) -> Iterator[Change]:
    """What may stand in the place of a node."""
    match node:
        case ast.BinOp(left, operator, right):
            for other, message in OPERATORS.get(type(operator), []):
                yield ast.BinOp(left, other(), right), message.format(short(left), short(right))
            if isinstance(operator, ast.Sub | ast.Div | ast.Pow | ast.MatMult):
                yield ast.BinOp(right, operator, left), f"{short(left)} and {short(right)} were exchanged"
            if isinstance(operator, ast.Mult | ast.Div):
                yield ast.BinOp(node, operator, right), f"{short(right)} came in twice"
            if isinstance(operator, ast.Mult):
                yield ast.BinOp(left, operator, node), f"{short(left)} came in twice"
            yield left, f"{short(right)} were left out"
            if isinstance(operator, ast.Add | ast.Mult | ast.BitAnd | ast.BitOr | ast.MatMult):
                yield right, f"{short(left)} were left out"
            for part in (left, right):
                if isinstance(part, ast.Constant) and type(part.value) is int:
                    for near in (part.value - 1, part.value + 1):
                        sides = [ast.Constant(near) if each is part else each for each in (left, right)]
                        moved = ast.BinOp(sides[0], operator, sides[1])
                        yield moved, f"{short(moved)} stood where {short(node)} belongs"
        case ast.UnaryOp(ast.USub() | ast.Invert() | ast.Not() as operator, operand):
            sign = {ast.USub: "the minus sign", ast.Invert: "~ (not)", ast.Not: "not"}[type(operator)]
            yield operand, f"{sign} before {short(operand)} were left out"
        case ast.Compare(left, [operator], [right]):
            for other in COMPARISONS.get(type(operator), ()):
                symbols = (
                    ast.unparse(ast.Compare(ast.Name(""), [each], [ast.Name("")])).strip()
                    for each in (other(), operator)
                )
                yield (
                    ast.Compare(left, [other()], [right]),
                    "{} stood where {} belongs, before {}".format(*symbols, short(right)),
                )
        case ast.Constant(bool()) | ast.Constant(str()) | ast.Constant(None):
            return
        case ast.Constant(int() as number):
            for other in (number - 1, number + 1):
                yield ast.Constant(other), f"{other} stood where {number} belongs"
        case ast.Constant(float() as number) if abs(number) >= 10:
            for other in (number / 10, number * 10, number / 100):
                yield ast.Constant(other), f"{other:g} stood where {number:g} belongs"
        case ast.Slice(ast.Constant(1), None):
            yield (
                ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1))),
                "the last were left out ([:-1]), where the first is ([1:])",
            )
            yield ast.Slice(), "all were taken, where the first is to be left out ([1:])"
        case ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1))):
            yield ast.Slice(ast.Constant(1), None), "the first were left out ([1:]), where the last is ([:-1])"
            yield ast.Slice(), "all were taken, where the last is to be left out ([:-1])"
        case ast.Subscript(array, index, context):
            for near in _one_off(index):
                moved = ast.Subscript(array, near, context)
                yield moved, f"{short(moved)} stood where {short(node)} belongs"
        case ast.Expr(ast.Call()):
            yield ast.If(ast.Constant(True), [node, node], []), f"{short(node)} were done twice"
            yield ast.Pass(), f"{short(node)} were left out"
        case ast.Attribute(inner, "T"):
            yield inner, f"the .T of {short(inner)} were left out"
        case ast.Call(ast.Attribute(ast.Call(outer, [inner]), "mean" as name), []) if (
            name_of(outer) in CURVED and not node.keywords
        ):
            first = ast.Call(outer, [ast.Call(ast.Attribute(inner, name, ast.Load()), [], [])], [])
            yield first, f"{name_of(outer)} were taken of the mean, where the mean of all {name_of(outer)} belongs"
            yield from _changes_of_call(node)
        case ast.Call(outer, [ast.Call(ast.Attribute(inner, "mean" as name), [], [])]) if name_of(outer) in CURVED:
            last = ast.Call(ast.Attribute(ast.Call(outer, [inner], []), name, ast.Load()), [], [])
            yield last, f"the mean of all {name_of(outer)} were taken, where {name_of(outer)} of the mean belongs"
            yield from _changes_of_call(node)
        case ast.Call():
            yield from _changes_of_call(node)
        case ast.AugAssign(target, _, value):
            assigned = ast.Assign([target], value, lineno=0)
            yield assigned, f"{short(target)} were assigned anew, where something is added or taken away"
            yield ast.Pass(), f"nothing happened to {short(target)} in place"
        case ast.Assign([ast.Subscript() as target]):
            yield ast.Pass(), f"{short(target)} were never set"
        case ast.If(test, body, orelse) if orelse:
            yield ast.If(test, orelse, body), f"the two branches of `if {short(test)}` were exchanged"
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body), f"the two sides of `if {short(test)}` were exchanged"


def _one_off(index: ast.AST) -> Iterator[ast.AST]:
    """An index with one of its variables moved by one place."""
    if isinstance(index, ast.Name):
        for operator in (ast.Sub(), ast.Add()):
            yield ast.BinOp(index, operator, ast.Constant(1))
    elif isinstance(index, ast.Tuple):
        for at, part in enumerate(index.elts):
            for near in _one_off(part):
                yield ast.Tuple([*index.elts[:at], near, *index.elts[at + 1 :]], ast.Load())


def name_of(function: ast.AST) -> str:
    """`mean` of `x.mean` and of `np.mean`."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_off_by(node: ast.AST) -> bool:
    """`T - 1` and the like: its own number is changed."""
    return isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant)


def _changes_of_call(node: ast.Call) -> Iterator[Change]:
    name = name_of(node.func)
    for keyword in node.keywords:
        others = [each for each in node.keywords if each is not keyword]
        match keyword:
            case ast.keyword("keepdims", _):
                yield ast.Call(node.func, node.args, others), f"keepdims=True of {name} were left out"
            case ast.keyword("axis", value):
                for axis in ("0", "1", "-1", "-2", "None"):
                    other = ast.keyword("axis", ast.parse(axis, mode="eval").body)
                    message = f"axis={axis} stood in {name} where axis={ast.unparse(value)} belongs"
                    yield ast.Call(node.func, node.args, [*others, other]), message
            case ast.keyword(str() as option, _) if option != "dtype":
                yield ast.Call(node.func, node.args, others), f"{ast.unparse(keyword)} of {name} were left out"
    if isinstance(node.func, ast.Name) and name == "range" and node.args and not _is_off_by(node.args[-1]):
        *first, last = node.args
        ends = [ast.BinOp(last, operator, ast.Constant(1)) for operator in (ast.Sub(), ast.Add())]
        for args in (*([*first, end] for end in ends), [*(first or [ast.Constant(1)]), last]):
            other = ast.Call(node.func, args, [])
            yield other, f"{short(other)} stood where {short(node)} belongs"
    if isinstance(node.func, ast.Attribute):
        for other in FUNCTIONS.get(name, ()):
            function = ast.Attribute(node.func.value, other, ast.Load())
            yield ast.Call(function, node.args, node.keywords), f"{other} stood where {name} belongs"
        if not isinstance(node.func.value, ast.Name) or node.func.value.id != "np":
            yield node.func.value, f".{name}(...) of {short(node.func.value)} were left out"
    match node.args:
        case [inner]:
            yield inner, f"{name} were left out, around {short(inner)}"
            if isinstance(node.func, ast.Name):
                yield ast.Call(node.func, [node], node.keywords), f"{name} were taken twice, of {short(inner)}"
        case [one, other] if name in ("min", "max", "minimum", "maximum"):
            yield one, f"{name} were left out, and {short(one)} taken"
            yield other, f"{name} were left out, and {short(other)} taken"
        case [condition, one, other] if name == "where":
            yield ast.Call(node.func, [condition, other, one], []), "the two sides of np.where were exchanged"
            yield one, f"{short(one)} were taken everywhere, whatever the condition of np.where"
            yield other, f"{short(other)} were taken everywhere, whatever the condition of np.where"


def other_names(node: ast.AST, function: ast.FunctionDef) -> Iterator[Change]:
    """Each other variable of the function, in place of one that is read."""
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return
    names = variables(function)
    if node.id in names:
        for name in names:
            if name != node.id:
                yield ast.Name(name, ast.Load()), f"{name} stood where {node.id} belongs"


def variables(function: ast.FunctionDef) -> list[str]:
    """The parameters, and the names that are assigned in the body."""
    parameters = [argument.arg for argument in function.args.args]
    assigned = [
        each.id for each in ast.walk(function) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    ]
    return list(dict.fromkeys((*parameters, *assigned)))


def short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 50 else text[:49] + "…"
