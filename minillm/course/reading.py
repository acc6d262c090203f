"""What can be seen in the text of a student's function without running it: a return in a loop, a value that nobody reads, a list that is
kept from one call to the next.
"""

import ast
from collections.abc import Iterator

from minillm.course.slips import definition, short
from minillm.course.wording import listed


def early_return(source: str, name: str) -> str:
    """A loop whose last line is a return or a break: it ends in its first round, and whatever comes out is no sign of anything else."""
    for loop in _nodes(source, name, ast.For | ast.While):
        last = loop.body[-1]
        if isinstance(last, ast.Return | ast.Break):
            line = f"line {last.lineno}, `{short(last)}`, ends the loop of line {loop.lineno} in its first round"
            remedy = (
                "move it to the left, behind the loop"
                if isinstance(last, ast.Return)
                else "does it belong under an if?"
            )
            return f"{line}: {remedy}"
    return ""


def pitfall(source: str, name: str) -> str:
    """What Python takes otherwise than it was meant: ^ for a power, and a step that a for loop does not follow."""
    for node in _nodes(source, name, ast.BinOp):
        if isinstance(node.op, ast.BitXor):
            return f"line {node.lineno}, `{short(node)}`: in Python ^ is no power, that is **"
    for loop in _nodes(source, name, ast.For):
        for block in (getattr(node, field, []) for node in ast.walk(loop) for field in ("body", "orelse")):
            match block:
                case [*_, ast.AugAssign(ast.Name(moved)) as step] if moved == getattr(loop.target, "id", ""):
                    line = f"line {step.lineno}, `{short(step)}`, does not move the for loop of line {loop.lineno}"
                    return f"{line}, which takes its next value all the same: write it with while"
    return ""


def unread(source: str, solution: str, name: str) -> str:
    """An argument that the solution reads and the student's function does not; or a line whose result nothing uses."""
    function, right = definition(source, name), definition(solution, name)
    if function is None or right is None:
        return ""
    read, needed = _read(function), _read(right)
    missing = [each.arg for each in function.args.args if each.arg in needed and each.arg not in read]
    if missing:
        return f"it never uses {listed(missing)}: what comes out depends on {'them' if len(missing) > 1 else 'it'}"
    for node in ast.walk(function):
        match node:
            case ast.Assign([ast.Name(assigned)]) if assigned not in read:
                return f"line {node.lineno} works out {assigned}, and nothing uses it"
            case ast.Expr(ast.BinOp() | ast.Compare()):
                return (
                    f"line {node.lineno}, `{short(node)}`, works something out, and nothing uses it: is an = missing?"
                )
    return ""


def printed(source: str, name: str) -> str:
    """A print in place of a return."""
    calls = [node for node in _nodes(source, name, ast.Call) if isinstance(node.func, ast.Name)]
    line = next((node.lineno for node in calls if node.func.id == "print"), None)
    has_return = any(node.value is not None for node in _nodes(source, name, ast.Return))
    return f"line {line} prints it, which only shows it: return gives it back" if line and not has_return else ""


def kept(source: str, name: str) -> str:
    """What a function keeps from one call to the next: a default that it can change, or a global."""
    for node in _nodes(source, name, ast.FunctionDef | ast.Global):
        if isinstance(node, ast.Global):
            return (
                f"line {node.lineno}, `{short(node)}`, keeps from one call what the next one finds: begin anew in each"
            )
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            if isinstance(default, ast.List | ast.Dict | ast.Set | ast.Call):
                what = f"the default {short(default)} in line {default.lineno}"
                return f"{what} is made only once, and keeps what earlier calls left in it: make it in the function"
    return ""


def _nodes(source: str, name: str, kinds: type) -> Iterator[ast.AST]:
    function = definition(source, name)
    return (node for node in (ast.walk(function) if function else ()) if isinstance(node, kinds))


def _read(function: ast.FunctionDef) -> set[str]:
    """The names that are read in the function; of `x += 1` x is not."""
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
