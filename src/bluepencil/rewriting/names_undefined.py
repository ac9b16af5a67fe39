"""Names that a module reads and nothing defines: what is left where a rewrite moved or renamed by halves.

Works on the compiler's own symbol tables, so scopes are Python's. Says nothing about modules that fill their
names at run time: with `from x import *`, `exec`, or a call of `globals` or `vars`.
"""

import ast
import builtins
import symtable
import warnings
from collections.abc import Iterator

from bluepencil.rewriting.verify_source import Source

_ALWAYS = frozenset(dir(builtins)) | {
    "__annotations__", "__builtins__", "__cached__", "__class__", "__conditional_annotations__", "__doc__",
    "__file__", "__loader__", "__module__", "__name__", "__package__", "__path__", "__qualname__", "__spec__",
    "__classdict__", "__firstlineno__", "__static_attributes__", "__type_params__",
}  # fmt: skip
_DYNAMIC = {"exec", "globals", "vars", "setattr"}


def undefined(source: Source) -> frozenset[str]:
    """Return the names that are read somewhere and that neither the module nor Python defines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tables = list(_tables(symtable.symtable(source.text, "<rewrite>", "exec")))
    module = tables[0]
    defined = {symbol.get_name() for symbol in module.get_symbols() if _binds(symbol)}
    read: set[str] = set()
    for table in tables:
        for symbol in table.get_symbols():
            if symbol.is_declared_global() and _binds(symbol):
                defined.add(symbol.get_name())
            if symbol.is_referenced() and (table is module or symbol.is_global()):
                read.add(symbol.get_name())
    if "*" in _imported(source) or read & _DYNAMIC:
        return frozenset()
    return frozenset(read - defined - _ALWAYS)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    stack = [table]
    while stack:
        one = stack.pop()
        yield one
        stack += one.get_children()


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _imported(source: Source) -> set[str]:
    return {alias.name for node in source.of(ast.ImportFrom) for alias in node.names}
