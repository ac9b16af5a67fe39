"""Imports that a rewrite invents: modules that nobody has, and names that a real module does not.

A new import must be of the standard library, of a module that the original imports, or of a known
distribution. What is new out of the standard library must exist in it (`from math import squareroot`,
`os.read_lines`). Classes are not looked into: `datetime.datetime.noww` passes.
"""

import ast
from collections.abc import Collection, Iterator
from functools import cache
from importlib.resources import files

from bluepencil.rewriting import imports_standard as standard
from bluepencil.rewriting.verify_source import Source


@cache
def known() -> frozenset[str]:
    """Return the import names of well-known distributions, from `known_imports.txt`."""
    text = (files(__package__) / "known_imports.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0] for line in text.splitlines())
    return frozenset(name for line in lines for name in line.split())


def modules(source: Source) -> dict[str, None]:
    """Return the dotted names of the modules that are imported, relative ones with their dots, in order."""
    return dict.fromkeys(module for module, _ in _imported(source))


def invented_modules(before: Source, after: Source, more: Collection[str] = ()) -> list[str]:
    """Return the modules that only `after` imports and that nothing vouches for.

    A module of the original's own project is known by its top name; parts below it have to be named somewhere
    in the original.
    """
    old, new = modules(before), modules(after)
    roots = {module.partition(".")[0] for module in old if not module.startswith(".")}
    found = []
    for module in new:
        root, _, rest = module.partition(".")
        if module in old or root in known() or root in more:
            continue
        if module.startswith(".") or not (standard.is_top(root) or root in roots):
            found.append(module)
        elif standard.is_top(root):
            if rest and standard.names(module) is None and _importable(root):
                found.append(module)
        elif not set(rest.split(".")) - {""} <= before.identifiers:
            found.append(module)
    return found


def invented_names(before: Source, after: Source, more: Collection[str] = ()) -> list[str]:
    """Return `module.name` for what only `after` takes from a module that does not have it."""
    found = []
    old = dict.fromkeys(_used(before))
    vouched = known() | set(more)
    for module, name in dict.fromkeys(_used(after)):
        root = module.partition(".")[0]
        if (module, name) in old or name == "*" or not root:
            continue
        if standard.is_top(root):
            names = standard.names(module)
            if names is not None and name not in names and not _stored(after, root, name):
                found.append(f"{module}.{name}")
        elif root not in vouched and name not in before.identifiers:
            found.append(f"{module}.{name}")
    return found


def questions(before: Source, after: Source) -> set[str]:
    """Return the standard modules that have to be known to judge a rewrite, to ask for all at once."""
    wanted = {module for module, _ in set(_used(after)) - set(_used(before))}
    old = modules(before)
    wanted |= {module for module in modules(after) if module not in old and "." in module}
    return {module for module in wanted if standard.is_top(module.partition(".")[0])}


def _importable(root: str) -> bool:
    """Whether the module is there on this machine; `winreg` is not on Linux, and is nobody's invention."""
    return standard.names(root) is not None


def _imported(source: Source) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of every import anywhere; the name is empty for `import module`."""
    for node in source.of(ast.Import):
        for alias in node.names:
            yield alias.name, ""
    for origin in source.of(ast.ImportFrom):
        for alias in origin.names:
            yield "." * origin.level + (origin.module or ""), alias.name


def _used(source: Source) -> Iterator[tuple[str, str]]:
    """Yield (module, name) for names imported out of a module and for attributes read of one."""
    yield from ((module, name) for module, name in _imported(source) if name)
    bound = _module_names(source)
    imported = modules(source)
    for node in source.of(ast.Attribute) if bound else ():
        if isinstance(node.ctx, ast.Load):
            chain = _chain(node)
            if chain and chain[0] in bound:
                yield from _resolved([bound[chain[0]], *chain[1:]], imported)


def _resolved(chain: list[str], imported: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the attribute of the deepest module that a chain of names leads to."""
    module, rest = chain[0], chain[1:]
    while len(rest) > 1 and (f"{module}.{rest[0]}" in imported or f"{module}.{rest[0]}" == "os.path"):
        module, rest = f"{module}.{rest[0]}", rest[1:]
    if f"{module}.{rest[0]}" not in imported:
        yield module, rest[0]


def _chain(node: ast.expr) -> list[str]:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else []


def _module_names(source: Source) -> dict[str, str]:
    """Return the variables that hold a module of the standard library and nothing else, and which it is."""
    bound: dict[str, str] = {}
    for node in source.of(ast.Import):
        for alias in node.names:
            module = alias.name if alias.asname else alias.name.partition(".")[0]
            name = alias.asname or module
            bound[name] = module if bound.get(name, module) == module else ""
    for name in _rebound(source) & set(bound):
        del bound[name]
    return {name: module for name, module in bound.items() if standard.is_top(module.partition(".")[0])}


def _rebound(source: Source) -> set[str]:
    """Return the names that something other than `import` gives a value, in any scope."""
    found = {node.id for node in source.of(ast.Name) if not isinstance(node.ctx, ast.Load)}
    found.update(node.arg for node in source.of(ast.arg))
    found.update(node.name for node in [*source.functions, *source.of(ast.ClassDef)])
    found.update(alias.asname or alias.name for node in source.of(ast.ImportFrom) for alias in node.names)
    caught: list[ast.ExceptHandler | ast.MatchAs | ast.MatchStar] = [*source.of(ast.ExceptHandler)]
    caught += [*source.of(ast.MatchAs), *source.of(ast.MatchStar)]
    found.update(node.name for node in caught if node.name)
    return found


def _stored(source: Source, root: str, name: str) -> bool:
    """Whether the program gives a module an attribute of that name itself, as in `socket.timeout = 5`."""
    bound = _module_names(source)
    chains = [
        _chain(node)
        for node in source.of(ast.Attribute)
        if node.attr == name and not isinstance(node.ctx, ast.Load)
    ]
    return any(chain and bound.get(chain[0], "").partition(".")[0] == root for chain in chains)
