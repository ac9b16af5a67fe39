"""Rewrites that change nothing about a program, as a careful editor makes them."""

import ast
import io
import random
import re
import subprocess
import symtable
import sys
from collections.abc import Callable

from bench.planted.damage import compiles
from bluepencil.rewriting.verify_licence import restore

Rewrite = Callable[[random.Random, str], str | None]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def commented(rng: random.Random, text: str) -> str | None:
    """Put a comment before some statements of functions, and one at the end."""
    tree = ast.parse(text)
    starts = {
        node.lineno: node.col_offset
        for function in ast.walk(tree)
        if isinstance(function, Function)
        for node in function.body
        if node.lineno > function.lineno
    }
    starts = {row: column for row, column in starts.items() if rng.random() < 0.3}
    lines = []
    for row, line in enumerate(io.StringIO(text), start=1):
        if row in starts and not line[: starts[row]].strip() and not line.strip().startswith("@"):
            lines.append(" " * starts[row] + "# Go on with the next part of the work.\n")
        lines.append(line)
    return _ended("".join(lines)) + "# The end of the module.\n"


def documented(rng: random.Random, text: str) -> str | None:
    """Give functions and classes docstrings where they have none; comments go."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, Function | ast.ClassDef) and ast.get_docstring(node) is None:
            node.body.insert(
                0, ast.Expr(ast.Constant(f"Do what the name says: {node.name.replace('_', ' ')}."))
            )
    return _written(text, tree)


def annotated(rng: random.Random, text: str) -> str | None:
    """Annotate the parameters and results of functions that are not annotated."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, Function):
            for one in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
                if one.annotation is None and one.arg not in ("self", "cls"):
                    one.annotation = ast.Name("Any")
            node.returns = node.returns or ast.Name("Any")
    top = 0
    while top < len(tree.body) and _is_head(tree.body[top]):
        top += 1
    tree.body.insert(top, ast.ImportFrom("typing", [ast.alias("Any")], 0))
    return _written(text, tree)


def unparsed(rng: random.Random, text: str) -> str | None:
    """Write the tree anew: layout, quotes and comments go."""
    return _written(text, ast.parse(text))


def formatted(rng: random.Random, text: str) -> str | None:
    """Format with ruff."""
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--stdin-filename", "planted.py", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    return done.stdout if done.returncode == 0 and done.stdout != text else None


def renamed_locals(rng: random.Random, text: str) -> str | None:
    """Rename the local variables of functions that hold no other scope."""
    tables = {
        (one.get_name(), one.get_lineno()): one for one in _tables(symtable.symtable(text, "p", "exec"))
    }
    tree = ast.parse(text)
    changed = False
    for node in ast.walk(tree):
        if not isinstance(node, Function):
            continue
        table = tables.get((node.name, node.lineno))
        inner = (
            ast.Lambda,
            ast.ListComp,
            ast.SetComp,
            ast.DictComp,
            ast.GeneratorExp,
            ast.ClassDef,
            Function,
        )
        calls = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        if table is None or calls & {"locals", "eval", "exec", "vars", "dir"}:
            continue
        if any(isinstance(one, inner) for part in node.body for one in ast.walk(part)):
            continue
        names = {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_local() and not symbol.is_parameter() and not symbol.is_imported()
        }
        for one in (one for part in node.body for one in ast.walk(part)):
            if isinstance(one, ast.Name) and one.id in names:
                one.id = f"the_{one.id}"
                changed = True
            elif isinstance(one, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and one.name in names:
                one.name = f"the_{one.name}"
            elif isinstance(one, ast.MatchMapping) and one.rest in names:
                one.rest = f"the_{one.rest}"
    return _written(text, tree) if changed else None


def main_added(rng: random.Random, text: str) -> str | None:
    """Put a script without definitions into a function `main`, called under `__main__`."""
    tree = ast.parse(text)
    definitions = (*Function.__args__, ast.ClassDef, ast.Lambda, ast.GeneratorExp, ast.Global)
    if any(isinstance(node, definitions) for node in ast.walk(tree)) or re.search(r"__\w+__|import \*", text):
        return None
    top = 0
    while top < len(tree.body) and (
        _is_head(tree.body[top]) or isinstance(tree.body[top], ast.Import | ast.ImportFrom)
    ):
        top += 1
    constants = [node for node in tree.body[top:] if isinstance(node, ast.Assign) and _is_constant(node)]
    body = [node for node in tree.body[top:] if node not in constants]
    if not body or (constants and body[0].lineno < constants[-1].lineno):
        return None
    arguments = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    function = ast.FunctionDef("main", arguments, body, [])
    guard = ast.parse('if __name__ == "__main__":\n    main()\n').body
    tree.body = [*tree.body[:top], *constants, function, *guard]
    return _written(text, tree)


def _is_constant(node: ast.Assign) -> bool:
    return all(isinstance(target, ast.Name) and target.id.isupper() for target in node.targets)


def _is_head(node: ast.stmt) -> bool:
    future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    return future or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _tables(table: symtable.SymbolTable) -> list[symtable.SymbolTable]:
    return [table, *(one for child in table.get_children() for one in _tables(child))]


def _written(text: str, tree: ast.Module) -> str | None:
    """Write a tree, with the notices that go with comments put back; None where that does not compile."""
    head = []
    for line in io.StringIO(text):
        if line.strip() and not line.lstrip().startswith("#"):
            break
        head.append(line)
    try:
        changed = "".join(head) + ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    except RecursionError:
        return None
    return restore(text, changed) if compiles(changed) else None


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


KINDS: dict[str, Rewrite] = {
    "comments added": commented,
    "docstrings added": documented,
    "annotations added": annotated,
    "written anew from the tree": unparsed,
    "formatted by ruff": formatted,
    "local variables renamed": renamed_locals,
    "script put into main()": main_added,
}
