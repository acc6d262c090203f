"""A function of the library, made for one use: what is known of its arguments is worked out, and what isn't needed then is left out.

This is partial evaluation (Futamura 1971) of the simplest kind: constants are put in, conditions that they decide are decided, and
arithmetic with them is done. Lines that stay as they are keep their text and their comments; of the others the comment stays.
"""

import ast
import inspect
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import StringIO
from textwrap import dedent, indent
from types import MappingProxyType
from typing import Any, NamedTuple

CHECKS = ("check_window",)  # functions that only refuse bad arguments: a script that gives good ones does without
MARKS = ("constant",)  # decorators that tell the library something, and change nothing


class Use(NamedTuple):
    """A function; the parameters, parts of what a forward saved, and conditions whose values are known."""

    function: Callable
    values: Mapping[str, Any] = MappingProxyType({})
    given: tuple[str, ...] = ()  # the parameters that are never None

    @property
    def name(self) -> str:
        return self.function.__name__

    def left(self, parameters: Iterable[str]) -> list[str]:
        """Those of its parameters that must still be given."""
        return [name for name in parameters if name not in (*self.values, "xp", "self")]


def specialised(use: Use, others: Mapping[str, Use]) -> str:
    """The text of a function for this use; others, by their names: those that it may call, whose known arguments go as well.

    Annotations go, a docstring becomes its first line, NumPy is the only array module, and the attributes of a method become parameters.
    """
    source = dedent(inspect.getsource(use.function))
    node = ast.parse(source).body[0]
    body = node.body[bool(ast.get_docstring(node)) :]
    written = {each.partition("=")[0]: each for each in (*attributes(node), *signature(node))}
    written |= {name: name for name in use.given}
    given = [written[name] for name in use.left(written)]
    lines = [f'"""{text.splitlines()[0]}"""' for text in filter(None, [ast.get_docstring(node)])]
    lines += without_unread(list(Specialiser(source, use, others).statements(body)))
    decorators = [ast.unparse(each) for each in node.decorator_list]
    head = "".join(f"@{each}\n" for each in decorators if each not in MARKS)
    return f"{head}def {node.name}({', '.join(given)}):\n{indent(chr(10).join(lines), '    ')}\n"


def signature(node: ast.FunctionDef) -> Iterator[str]:
    """The parameters as they are written, without annotations; those that go by name alone can be given in their order as well."""
    none = [None] * (len(node.args.args) - len(node.args.defaults))
    for argument, default in zip(node.args.args, [*none, *node.args.defaults], strict=True):
        yield argument.arg if default is None else f"{argument.arg}={ast.unparse(default)}"
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        yield argument.arg if default is None else f"{argument.arg}={ast.unparse(default)}"


def attributes(node: ast.FunctionDef) -> list[str]:
    """The last names of what a method reads of self, such as `grad` of `self.vector.grad`, in their order."""
    found = [
        each for each in ast.walk(node) if isinstance(each, ast.Attribute) and ast.unparse(each).startswith("self.")
    ]
    inner = [each.value for each in found]
    outer = sorted((each for each in found if each not in inner), key=lambda each: (each.lineno, each.col_offset))
    return list(dict.fromkeys(each.attr for each in outer if not callable_of(node, each)))


def without_unread(lines: Sequence[str]) -> list[str]:
    """The lines of a function without those that only set names which nothing reads."""
    names = [each for each in ast.walk(ast.parse("\n".join(lines))) if isinstance(each, ast.Name)]
    read = {each.id for each in names if isinstance(each.ctx, ast.Load)}
    return [line for line in lines if not (sets := set_names(line)) or sets & read]


def set_names(line: str) -> set[str]:
    """The names that a line sets, if that is all that it does."""
    match ast.parse(line).body:
        case [ast.Assign([target], value)] if not any(isinstance(each, ast.Call) for each in ast.walk(value)):
            return {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
    return set()


def callable_of(node: ast.AST, part: ast.AST) -> bool:
    return any(isinstance(each, ast.Call) and each.func is part for each in ast.walk(node))


class Specialiser(ast.NodeTransformer):
    """Works out the statements of one function. What is known of a name ends where something else is assigned to it."""

    def __init__(self, source: str, use: Use, others: Mapping[str, Use]):
        self.lines, self.values, self.given, self.others = source.splitlines(), dict(use.values), use.given, others
        tokens = tokenize.generate_tokens(StringIO(source).readline)
        self.comments = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}

    def statements(self, body: Sequence[ast.stmt]) -> Iterator[str]:
        """The lines of these statements, without those that do nothing any more; a decided `if` that returns is the last."""
        for statement in body:
            lines = list(self.statement(statement))
            yield from lines
            if lines and lines[-1].startswith("return"):
                return

    def statement(self, old: ast.stmt) -> Iterator[str]:
        before = ast.dump(old)
        match old:
            case ast.If(test, [ast.Raise()], []):
                return  # a check of what is given
            case ast.If(test, body, orelse) if (decided := self.decided(test)) is not None:
                yield from self.statements(body if decided else orelse)
                return
            case ast.Expr(ast.Call(ast.Name(name))) if name in CHECKS:
                return
        first, last = old.lineno, old.end_lineno
        new = self.visit(old)
        for name in [
            each.id
            for each in ast.walk(new or ast.Pass())
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        ]:
            self.values.pop(name, None)
        if new is None:
            return
        if ast.dump(new) == before:
            yield dedent("\n".join(self.lines[first - 1 : last]))
        else:
            comment = self.comments.get(last, "")
            yield written(new) + f"  {comment}" * bool(comment)

    def decided(self, test: ast.expr) -> bool | None:
        """Whether a condition holds; None where that is only known when the script runs."""
        found = self.visit(ast.parse(ast.unparse(test), mode="eval").body)
        return bool(found.value) if isinstance(found, ast.Constant) else None

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load) and node.id in self.values:
            return literal(self.values[node.id])
        return ast.Name("np", node.ctx) if (node.id, type(node.ctx)) == ("xp", ast.Load) else node

    def visit_Assign(self, node):
        """Without what is given to `xp`."""
        match node:
            case ast.Assign([ast.Name("xp")]):
                return None
            case ast.Assign([ast.Tuple([ast.Name("xp"), *names])], ast.Tuple([_, *values])):
                node = ast.Assign([ast.Tuple(names, ast.Store())], ast.Tuple(values, ast.Load()), lineno=0)
        return self.generic_visit(node)

    def visit_Attribute(self, node):
        if ast.unparse(node).startswith("self."):
            return self.visit_Name(ast.Name(node.attr, node.ctx))
        return self.generic_visit(node)

    def visit_Call(self, node):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "array_module":
            return ast.Name("np", ast.Load())
        if ast.unparse(node.func) == "kernels.fit":
            return ast.Constant(False)  # there is NumPy alone
        if name.endswith("Saved"):
            parts = [part for part in map(self.visit, node.args) if not is_known(part)]
            return ast.Tuple(parts, ast.Load())
        self.generic_visit(node)
        if use := self.others.get(name):
            names = list(inspect.signature(use.function).parameters)
            node.args = [part for part, given in zip(node.args, names, strict=False) if use.left([given])]
            node.keywords = [each for each in node.keywords if use.left([each.arg])]
        return node

    def visit_Tuple(self, node):
        """Of names that are set, as in `q, k, keep = saved`, only those whose values aren't known."""
        if isinstance(node.ctx, ast.Store):
            node.elts = [part for part in node.elts if getattr(part, "id", None) not in self.values]
        return self.generic_visit(node)

    def visit_IfExp(self, node):
        node = self.generic_visit(node)
        return (node.body if node.test.value else node.orelse) if isinstance(node.test, ast.Constant) else node

    def visit_Compare(self, node):
        if ast.unparse(node) in self.values:
            return literal(self.values[ast.unparse(node)])
        node = self.generic_visit(node)
        match node:
            case ast.Compare(one, [ast.Lt()], [other]) if ast.dump(one) == ast.dump(other):
                return ast.Constant(False)
            case ast.Compare(ast.Name(name), [ast.Is() | ast.IsNot() as operator], [ast.Constant(None)]) if (
                name in self.given
            ):
                return ast.Constant(isinstance(operator, ast.IsNot))
            case ast.Compare(ast.Name("np"), [ast.Is() | ast.IsNot() as operator], [ast.Name("np")]):
                return ast.Constant(isinstance(operator, ast.Is))
            case ast.Compare(ast.Constant(one), [ast.Is() | ast.Eq()], [ast.Constant(other)]):
                return ast.Constant(one == other)
            case ast.Compare(ast.Constant(one), [ast.IsNot()], [ast.Constant(other)]):
                return ast.Constant(one != other)
        return node

    def visit_BoolOp(self, node):
        node = self.generic_visit(node)
        deciding = isinstance(node.op, ast.Or)  # the constant that decides; the other one changes nothing
        parts = [part for part in node.values if not isinstance(part, ast.Constant) or bool(part.value) is deciding]
        if any(isinstance(part, ast.Constant) for part in parts):
            return ast.Constant(deciding)
        return parts[0] if len(parts) == 1 else ast.BoolOp(node.op, parts) if parts else ast.Constant(not deciding)

    def visit_UnaryOp(self, node):
        node = self.generic_visit(node)
        match node:
            case ast.UnaryOp(ast.Not(), ast.Constant(value)):
                return ast.Constant(not value)
        return node

    def visit_BinOp(self, node):
        before = ast.dump(node)
        node = self.generic_visit(node)
        match node:
            case ast.BinOp(ast.Constant(), _, ast.Constant()) if ast.dump(node) != before:
                return literal(eval(ast.unparse(node), {}))  # numbers of our own source
            case ast.BinOp(ast.UnaryOp(ast.USub(), ast.Constant(1)), ast.Mult(), part):
                return ast.UnaryOp(ast.USub(), part)
        return node


def written(node: ast.stmt) -> str:
    """The text of a statement; a tuple that is returned or set needs no brackets."""
    text = ast.unparse(node)
    if isinstance(node, ast.Return | ast.Assign) and isinstance(node.value, ast.Tuple):
        inside = ast.unparse(node.value)
        return text.removesuffix(inside) + inside[1:-1]
    return text


def literal(value: Any) -> ast.expr:
    return ast.Constant(...) if value is ... else ast.parse(repr(value), mode="eval").body


def is_known(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)
