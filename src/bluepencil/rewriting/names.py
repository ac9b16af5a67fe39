"""The public surface of a Python module: what other code can call, and how.

Functions, classes, their methods and attributes, constants, `__all__`, tests and the `__main__` block, from
the source alone. Definitions inside `if`, `try` and `with` at the top count; those inside functions do not.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Statements in which a call is a part of the program, and not of a definition.
_DOING = (
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Expr,
    ast.For,
    ast.While,
    ast.With,
    ast.Assert,
    ast.Raise,
)
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]+\Z")
# What `dataclasses.dataclass` writes into a class without being asked.
_GENERATED = ("__init__", "__repr__", "__eq__")


class Kind(StrEnum):
    """What a public name stands for."""

    FUNCTION = "function"
    CLASS = "class"
    PROPERTY = "property"
    CONSTANT = "constant"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `kind` is positional, either, args, keyword or kwargs; `default` an expression."""

    name: str
    kind: str
    default: ast.expr | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of the surface; `name` is dotted inside a class. Parameters are those a caller fills."""

    name: str
    kind: Kind
    node: ast.AST = field(compare=False)
    parameters: tuple[Parameter, ...] = ()
    is_async: bool = False
    bases: tuple[str, ...] = ()

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    @property
    def public(self) -> bool:
        """Whether no part of the name is marked as private; names as in `__init__` are public."""
        return not any(part.startswith("_") and not _is_dunder(part) for part in self.name.split("."))

    @property
    def is_test(self) -> bool:
        """Whether pytest or unittest would run it."""
        return self.kind is Kind.FUNCTION and self.last.startswith("test")


@dataclass(frozen=True, slots=True)
class Surface:
    """What a module offers. `aliases` maps names that assignments copy to the names they copy.

    `acts`: it calls something when it is loaded or started; `may_act` also counts calls whose results are
    kept.
    """

    entries: dict[str, Entry]
    aliases: dict[str, str]
    exported: tuple[str, ...]
    variables: frozenset[str]
    has_main: bool
    acts: bool
    may_act: bool

    def find(self, name: str) -> Entry | None:
        """Return the entry of a name: its own, that of what it copies, or that of a base in this module."""
        seen: set[str] = set()
        while name not in self.entries and name in self.aliases and name not in seen:
            seen.add(name)
            name = self.aliases[name]
        if name in self.entries:
            return self.entries[name]
        owner, _, last = name.rpartition(".")
        if owner and owner not in seen and owner in self.entries:
            for base in self.entries[owner].bases:
                if base != owner and (found := self._inherited(f"{base}.{last}", {owner})):
                    return found
        return None

    def _inherited(self, name: str, seen: set[str]) -> Entry | None:
        owner, _, last = name.rpartition(".")
        if name in self.entries or owner in seen or owner not in self.entries:
            return self.entries.get(name)
        for base in self.entries[owner].bases:
            if found := self._inherited(f"{base}.{last}", seen | {owner}):
                return found
        return None

    def offers(self, name: str) -> bool:
        """Whether the name can be used at all, whatever stands behind it."""
        return self.find(name) is not None or name in self.aliases or name in self.variables


def surface(tree: ast.Module) -> Surface:
    """Return the public and private names that a module offers."""
    entries: dict[str, Entry] = {}
    aliases: dict[str, str] = {}
    variables: set[str] = set()
    exported: list[str] = []
    has_main = acts = may_act = False
    for statement in statements(tree.body):
        if is_main(statement):
            has_main = acts = True
            continue
        acts = acts or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Await))
        may_act = may_act or (isinstance(statement, _DOING) and _calls(statement))
        for entry in _entries(statement):
            entries[entry.name] = entry
        for name, copied in _bindings(statement):
            if name == "__all__":
                exported += _strings(statement)
            elif copied:
                aliases[name] = copied
            variables.add(name)
    return Surface(
        entries,
        aliases,
        tuple(dict.fromkeys(exported)),
        frozenset(variables),
        has_main,
        acts,
        acts or may_act,
    )


def _calls(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Call | ast.Await) for node in ast.walk(statement))


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a block and of the blocks in it, but for those under `__main__`."""
    stack = list(reversed(body))
    while stack:
        statement = stack.pop()
        yield statement
        if is_main(statement):
            continue
        inner: list[ast.stmt] = []
        if isinstance(statement, ast.If | ast.For | ast.While | ast.With | ast.Try | ast.TryStar):
            for part in ("body", "handlers", "orelse", "finalbody"):
                for one in getattr(statement, part, ()):
                    inner += one.body if isinstance(one, ast.ExceptHandler) else [one]
        stack += reversed(inner)


def is_main(statement: ast.stmt) -> bool:
    """Whether a statement is the block that only runs when the module is started as a program."""
    if not (isinstance(statement, ast.If) and isinstance(statement.test, ast.Compare)):
        return False
    sides = [statement.test.left, *statement.test.comparators]
    names = {side.id for side in sides if isinstance(side, ast.Name)}
    values = {side.value for side in sides if isinstance(side, ast.Constant)}
    return names == {"__name__"} and values == {"__main__"}


def decorators(node: ast.AST) -> set[str]:
    """Return the last parts of the names of a definition's decorators."""
    found = set()
    for decorator in getattr(node, "decorator_list", ()):
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Attribute):
            found.add(target.attr)
        elif isinstance(target, ast.Name):
            found.add(target.id)
    return found


def _entries(statement: ast.stmt) -> Iterator[Entry]:
    if isinstance(statement, FUNCTIONS):
        yield _function(statement.name, statement, statement.args, method=False)
    elif isinstance(statement, ast.ClassDef):
        yield from _class(statement, "")
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        for name in _targets(statement):
            if isinstance(statement.value, ast.Lambda):
                yield _function(name, statement.value, statement.value.args, method=False)
            elif _CONSTANT.match(name) and statement.value is not None:
                yield Entry(name, Kind.CONSTANT, statement.value)


def _class(node: ast.ClassDef, owner: str) -> Iterator[Entry]:
    prefix = f"{owner}{node.name}"
    bases = tuple(base for base in map(_base, node.bases) if base and base != "object")
    yield Entry(prefix, Kind.CLASS, node, bases=bases)
    if "dataclass" in decorators(node):
        for name in _GENERATED:
            parameters = tuple(_fields(node)) if name == "__init__" else ()
            yield Entry(f"{prefix}.{name}", Kind.FUNCTION, node, parameters)
    for statement in statements(node.body):
        if isinstance(statement, FUNCTIONS):
            yield _function(f"{prefix}.{statement.name}", statement, statement.args, method=True)
        elif isinstance(statement, ast.ClassDef):
            yield from _class(statement, f"{prefix}.")
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            for name in _targets(statement):
                yield Entry(f"{prefix}.{name}", Kind.ATTRIBUTE, statement.value or statement)


def _base(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _fields(node: ast.ClassDef) -> Iterator[Parameter]:
    """Yield the parameters of the `__init__` that a dataclass gets."""
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield Parameter(statement.target.id, "either", statement.value)


def _function(name: str, node: ast.AST, arguments: ast.arguments, *, method: bool) -> Entry:
    marks = decorators(node)
    parameters = list(_parameters(arguments))
    if (
        method
        and "staticmethod" not in marks
        and parameters
        and parameters[0].kind in ("either", "positional")
    ):
        del parameters[0]
    kind = Kind.PROPERTY if marks & {"property", "cached_property", "setter", "deleter"} else Kind.FUNCTION
    return Entry(name, kind, node, tuple(parameters), isinstance(node, ast.AsyncFunctionDef))


def _parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    positional = [(one, "positional") for one in arguments.posonlyargs]
    positional += [(one, "either") for one in arguments.args]
    missing = len(positional) - len(arguments.defaults)
    for position, (one, kind) in enumerate(positional):
        yield Parameter(
            one.arg, kind, arguments.defaults[position - missing] if position >= missing else None
        )
    if arguments.vararg:
        yield Parameter(arguments.vararg.arg, "args")
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield Parameter(one.arg, "keyword", default)
    if arguments.kwarg:
        yield Parameter(arguments.kwarg.arg, "kwargs")


def _bindings(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield the names that a statement binds without defining them, and the name each copies, if it does."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0], ""
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        copied = statement.value.id if isinstance(statement.value, ast.Name) else ""
        for name in _targets(statement):
            yield name, copied


def _targets(statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        for node in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            if isinstance(node, ast.Name):
                yield node.id


def _strings(statement: ast.stmt) -> list[str]:
    values = [node.value for node in ast.walk(statement) if isinstance(node, ast.Constant)]
    return [value for value in values if isinstance(value, str)]


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
