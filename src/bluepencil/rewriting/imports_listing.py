"""A program of its own: lists the names that modules of the standard library hold.

    python -I -S imports_listing.py '["math", "os.path"]'

Prints one line of JSON, {module: [names] or null}; null means that this Python has no such module. It imports
the modules, so it runs in a process that ends with it; those that do something when imported are only read.
"""

import ast
import importlib
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib.machinery import BuiltinImporter, ModuleSpec, PathFinder

ONLY_READ = {"__main__", "antigravity", "idlelib", "lib2to3", "test", "this", "turtledemo"}
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.TryStar, ast.ExceptHandler)


def find(module: str) -> ModuleSpec | None:
    """Return where a module is, without importing its package."""
    path: list[str] | None = None
    spec: ModuleSpec | None = None
    done: list[str] = []
    for part in module.split("."):
        done.append(part)
        full = ".".join(done)
        builtin = BuiltinImporter.find_spec(full) if path is None else None
        spec = builtin or PathFinder.find_spec(full, path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or ())
    return spec


def bound(body: Sequence[ast.AST]) -> Iterator[str]:
    """Yield the names that statements bind, whatever has to hold for them to run."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name) and _stores(one))
        elif isinstance(node, BLOCKS):
            for part in ("body", "handlers", "orelse", "finalbody"):
                yield from bound(getattr(node, part, ()))


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def written(spec: ModuleSpec) -> Iterator[str]:
    """Yield the names that a module's source binds, and the modules in its folder."""
    if spec.origin and spec.origin.endswith(".py"):
        with open(spec.origin, encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be 10 ms more
            yield from bound(ast.parse(file.read()).body)
    for folder in spec.submodule_search_locations or ():
        for entry in os.listdir(folder):  # noqa: PTH208 - as above
            if (stem := entry.partition(".")[0]).isidentifier():
                yield stem


def names(module: str) -> list[str] | None:
    """Return what a module holds; None where there is none of that name."""
    spec = find(module)
    found = set(written(spec)) if spec else set()
    there = bool(found)
    if module.partition(".")[0] not in ONLY_READ:
        try:
            found.update(dir(importlib.import_module(module)))
            there = True
        except BaseException:  # noqa: BLE001 - a module may do anything; its source is what is known
            there = there and bool(found)
    return sorted(found) if there else None


def main() -> None:
    """Answer the question in the first argument; what the modules print goes nowhere."""
    warnings.simplefilter("ignore")
    answers = os.dup(1)
    quiet = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(quiet, number)
    found = {module: names(module) for module in json.loads(sys.argv[1])}
    with os.fdopen(answers, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
