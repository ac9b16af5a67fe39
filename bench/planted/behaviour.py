"""Small changes of what a program computes, which only running it can show."""

import ast
import random
from collections.abc import Callable, Sequence

Choice = tuple[ast.AST, Callable[[], None]]
_NEIGHBOURS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


def changed_constant(rng: random.Random, text: str) -> str | None:
    """Change one number or text inside a function."""
    return _change(rng, text, _constants)


def changed_operator(rng: random.Random, text: str) -> str | None:
    """Change one operator to its neighbour: `<` to `<=`, `+` to `-`."""
    return _change(rng, text, _operators)


def swapped_arguments(rng: random.Random, text: str) -> str | None:
    """Swap the first two arguments of one call."""
    return _change(rng, text, _calls)


def _change(rng: random.Random, text: str, choices: Callable[[ast.AST], Sequence[Choice]]) -> str | None:
    tree = ast.parse(text)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = [
        change
        for function in functions
        for node in ast.walk(function)
        if id(node) not in docstrings
        for _, change in choices(node)
    ]
    if not found:
        return None
    before = ast.dump(tree)
    rng.choice(found)()
    return None if ast.dump(tree) == before else ast.unparse(tree) + "\n"


def _constants(node: ast.AST) -> list[Choice]:
    if not isinstance(node, ast.Constant) or node.value is None or node.value is Ellipsis:
        return []

    def change() -> None:
        value = node.value
        if isinstance(value, bool):
            node.value = not value
        elif isinstance(value, int | float | complex):
            node.value = value + 1
        elif isinstance(value, str):
            node.value = value + "x"

    return [(node, change)] if isinstance(node.value, bool | int | float | complex | str) else []


def _operators(node: ast.AST) -> list[Choice]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _NEIGHBOURS:
        return [(node, lambda: node.ops.__setitem__(0, _NEIGHBOURS[type(node.ops[0])]()))]  # type: ignore[call-overload]
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in _NEIGHBOURS:
        return [(node, lambda: setattr(node, "op", _NEIGHBOURS[type(node.op)]()))]
    return []


def _calls(node: ast.AST) -> list[Choice]:
    if (
        not isinstance(node, ast.Call)
        or len(node.args) < 2
        or ast.dump(node.args[0]) == ast.dump(node.args[1])
    ):
        return []
    return [(node, lambda: node.args.__setitem__(slice(0, 2), node.args[1::-1]))]


KINDS = {
    "changed constant": changed_constant,
    "changed operator": changed_operator,
    "swapped arguments": swapped_arguments,
}
