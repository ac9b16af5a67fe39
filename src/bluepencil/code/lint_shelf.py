"""Parsed modules kept for the files that import them, without a trace in the scores of those that do not.

Most of what pylint does for a small file is to parse what the file imports. A parsed module cannot simply be
left in astroid's cache, because parsing one module changes others: `shutil` sets attributes on `OSError`, and
a file that never imports `shutil` would find them there. So a module lies on a shelf, out of sight, with
everything that parsing it did to other modules undone and written down. When astroid first asks its cache
for the module, it is taken off the shelf: what it needs first, then the module, then what it did to others. A
file sees what it would see if it had parsed the module itself.

Nothing is on the shelf at first. Forks report the modules they had to parse, and these are parsed once more
here, in a state in which nothing else was ever imported.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bluepencil.code.lint_system import most_memory_kb

COLLECT_AFTER_KB = 32 << 10

MAX_MEMORY_KB = 1 << 20
"""Beyond so much memory nothing more is kept: a large package would cost each fork more than it saves."""


@dataclass(slots=True)
class Kept:
    """A module on the shelf, with the modules it needs and the changes that parsing it makes to others.

    `entries` are what parsing it put into the cache under this or other names. A change is a table of names
    of another module, the name, and the node that is added there.
    """

    entries: dict[str, Any] = field(default_factory=dict)
    needs: dict[str, None] = field(default_factory=dict)
    changes: list[tuple[dict[str, list[Any]], str, Any]] = field(default_factory=list)


class Shelf(dict[str, Any]):
    """Astroid's cache of parsed modules, in which kept modules appear when they are first asked for."""

    def __init__(self, cache: dict[str, Any]) -> None:
        super().__init__(cache)
        self._always = dict(cache)
        self.kept: dict[str, Kept] = {}
        self.parsed: list[str] = []
        self._learning: dict[str, Kept] = {}
        self._taken: list[Kept] = []
        self._parsing: list[str] = []
        self._refused: set[str] = set()
        self._loose_kb = 0

    def __contains__(self, name: object) -> bool:
        """Whether a module is there, taking it off the shelf if need be."""
        if self._parsing and isinstance(name, str) and name != self._parsing[-1]:
            self._note(name)
        if dict.__contains__(self, name):
            return True
        if name in self.kept:
            self._take(self.kept[str(name)])
            return True
        return False

    def __getitem__(self, name: str) -> Any:
        """Return a module."""
        if name not in self:
            raise KeyError(name)
        return dict.__getitem__(self, name)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Put a module there that was just parsed, unless there is one of this name."""
        if not dict.__contains__(self, name) and self._parsing:
            kept = self._learning.get(self._parsing[-1])
            if kept is not None:
                kept.entries[name] = default
        return dict.setdefault(self, name, default)

    def _note(self, name: str) -> None:
        kept = self._learning.get(self._parsing[-1])
        if kept is not None:
            kept.needs[name] = None

    def _take(self, kept: Kept) -> None:
        """Make a kept module visible: first what it needs, then itself, then its changes."""
        self.update(
            {name: module for name, module in kept.entries.items() if not dict.__contains__(self, name)}
        )
        self._taken.append(kept)
        for name in kept.needs:
            if not dict.__contains__(self, name) and name in self.kept:
                self._take(self.kept[name])
        for table, name, node in kept.changes:
            table.setdefault(name, []).append(node)

    @contextmanager
    def parsing(self, name: str) -> Iterator[None]:
        """Hold a module as the one that is being parsed."""
        self.parsed.append(name)
        self._parsing.append(name)
        try:
            yield
        finally:
            self._parsing.pop()

    def changed(self, owner: Any, name: str, node: Any) -> None:
        """Write down that parsing set a name of another module."""
        kept = self._learning.get(self._parsing[-1]) if self._parsing else None
        if kept is None:
            return
        for table in (getattr(owner, "instance_attrs", None), getattr(owner, "locals", None)):
            if table and any(found is node for found in table.get(name, ())):
                kept.changes.append((table, name, node))

    def learn(self, names: Iterable[str], parse: Callable[[str], Any]) -> None:
        """Parse and keep the modules of these names that are not kept yet."""
        for name in names:
            if name in self.kept or name in self._refused or most_memory_kb() > MAX_MEMORY_KB:
                continue
            self._learn(name, parse)

    def _learn(self, name: str, parse: Callable[[str], Any]) -> None:
        before = most_memory_kb()
        self._learning = _NewKept()
        try:
            parse(name)
        except Exception:  # noqa: BLE001 - a module that cannot be parsed here is left to the forks
            self._refused.add(name)
            self._learning.clear()
        finally:
            self._put_back()
        if name not in self.kept:
            self._refused.add(name)
        self._loose_kb += max(0, most_memory_kb() - before)
        if self._loose_kb > COLLECT_AFTER_KB:
            # Parsing leaves much behind that refers to itself; every fork pays for each page of it.
            # What is left stays for good: the next time it need not be looked at.
            gc.collect()
            gc.freeze()
            self._loose_kb = 0

    def _put_back(self) -> None:
        """Undo all changes and hide all modules; the new ones are kept."""
        new = [kept for kept in self._learning.values() if kept.entries]
        for kept in reversed(self._taken + new):
            for table, name, node in kept.changes:
                _remove(table, name, node)
        self.kept.update({name: kept for name, kept in self._learning.items() if name in kept.entries})
        self._learning = {}
        self._taken.clear()
        self.parsed.clear()
        self.clear()
        self.update(self._always)


class _NewKept(dict[str, Kept]):
    """Kept modules in the making; one that is asked for is begun."""

    def get(self, name: str, default: Kept | None = None) -> Kept:  # type: ignore[override]
        del default
        return self.setdefault(name, Kept())


def _remove(table: dict[str, list[Any]], name: str, node: Any) -> None:
    """Take out a node, which may equal others, from its list; the list goes when it is empty."""
    nodes = table.get(name, [])
    for index, found in enumerate(nodes):
        if found is node:
            del nodes[index]
            break
    if not nodes:
        table.pop(name, None)


class _Watched:
    """An expression that tells what it was inferred to be."""

    def __init__(self, expression: Any) -> None:
        self._expression = expression
        self.inferred: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._expression, name)

    def infer(self, *arguments: Any, **named: Any) -> Iterator[Any]:
        for inferred in self._expression.infer(*arguments, **named):
            self.inferred.append(inferred)
            yield inferred


def install() -> Shelf:
    """Put a shelf in the place of astroid's cache, and watch what parsing does.

    Parsing changes another module in one place only, `AstroidBuilder.delayed_assattr`: where an attribute of
    something imported is set.
    """
    from astroid.builder import AstroidBuilder
    from astroid.manager import AstroidManager

    shelf = Shelf(AstroidManager.brain["astroid_cache"])
    AstroidManager.brain["astroid_cache"] = shelf
    for manager in gc.get_objects():
        if type(manager) is AstroidManager:
            manager.astroid_cache = shelf
    builders: Any = AstroidBuilder
    file_build, module_build = builders.file_build, builders.module_build
    delayed_assattr = builders.delayed_assattr

    def from_file(builder: Any, path: str, modname: str | None = None) -> Any:
        with shelf.parsing(modname or path):
            return file_build(builder, path, modname)

    def from_module(builder: Any, module: Any, modname: str | None = None) -> Any:
        with shelf.parsing(modname or module.__name__):
            return module_build(builder, module, modname)

    def set_attribute(builder: Any, node: Any) -> None:
        expression = node.expr
        node.expr = watched = _Watched(expression)
        try:
            delayed_assattr(builder, node)
        finally:
            node.expr = expression
        for inferred in watched.inferred:
            owner = getattr(inferred, "_proxied", inferred)
            if getattr(owner, "root", None) and owner.root() is not node.root():
                shelf.changed(owner, node.attrname, node)

    builders.file_build = from_file
    builders.module_build = from_module
    builders.delayed_assattr = set_attribute
    return shelf
