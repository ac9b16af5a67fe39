"""What a rewrite did to the public surface of a module: names lost, renamed, or called otherwise.

The paper's rewrites rename to snake_case, which breaks whoever calls the old names (arXiv 2505.02881 leaves
MBPP out for it), so a rename is told apart from a loss.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bluepencil.rewriting.names import Entry, Kind, Parameter, Surface

# Two definitions with this share of their parts in common are one that was renamed. Chosen, not measured:
# what was only renamed shares all, what was given annotations and a docstring too shares most.
_SAME = 0.6
_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.Call)


@dataclass(frozen=True, slots=True)
class Changes:
    """Differences of two surfaces, in the order of the original. `harmless` are those no caller notices."""

    renamed: tuple[tuple[str, str], ...] = ()
    dropped: tuple[Entry, ...] = ()
    unexported: tuple[str, ...] = ()
    signatures: tuple[tuple[str, str], ...] = ()
    constants: tuple[str, ...] = ()
    harmless: tuple[tuple[str, str], ...] = ()
    added: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    main_dropped: bool = False

    def notes(self) -> dict[str, Any]:
        """Return what is worth a record, as JSON values."""
        found: dict[str, Any] = {
            "renamed": [list(pair) for pair in self.renamed],
            "dropped": [entry.name for entry in self.dropped],
            "unexported": list(self.unexported),
            "signatures": [list(pair) for pair in self.signatures],
            "constants": list(self.constants),
            "compatible": [list(pair) for pair in self.harmless],
            "added": list(self.added),
            "variables": list(self.variables),
        }
        return {name: value for name, value in found.items() if value}


@dataclass(slots=True)
class _Found:
    signatures: list[tuple[str, str]] = field(default_factory=list)
    harmless: list[tuple[str, str]] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)


def changes(before: Surface, after: Surface) -> Changes:
    """Compare two surfaces; only what is public in `before` counts."""
    wanted = [
        entry
        for entry in before.entries.values()
        if entry.public or entry.last in before.exported or entry.name in before.exported
    ]
    lost = [
        entry for entry in wanted if not after.offers(entry.name) or _uncovered(entry.name, before, after)
    ]
    new = [entry for name, entry in after.entries.items() if not before.offers(name)]
    renamed = dict(_renames(lost, new))
    pairs = [(entry.name, renamed[entry.name]) for entry in lost if entry.name in renamed]
    found = _Found()
    gone = {entry.name for entry in lost}
    for entry in wanted:
        other = after.find(entry.name)
        if other is not None and entry.name not in gone:
            _compare(entry, other, after, found)
    return Changes(
        renamed=tuple(pair for pair in pairs if not _follows(pair, renamed)),
        dropped=tuple(_outermost(lost, renamed)),
        unexported=tuple(name for name in before.exported if name not in after.exported and name not in gone),
        signatures=tuple(found.signatures),
        constants=tuple(found.constants),
        harmless=tuple(found.harmless),
        added=tuple(entry.name for entry in new if entry.public and entry.name not in renamed.values()),
        variables=tuple(sorted(_public_variables(before) - after.variables - set(after.entries))),
        main_dropped=(before.has_main and not after.has_main) or (before.acts and not after.may_act),
    )


def _uncovered(name: str, before: Surface, after: Surface) -> bool:
    """Whether a method went that overrode another one of the original, which is not the same."""
    if name in after.entries or "." not in name:
        return False
    other = after.find(name)
    return other is not None and other.name in before.entries


def _follows(pair: tuple[str, str], renamed: dict[str, str]) -> bool:
    """Whether a name changed only because its class did."""
    (old_owner, _, old), (new_owner, _, new) = (name.rpartition(".") for name in pair)
    return old == new and renamed.get(old_owner) == new_owner


def _public_variables(surface: Surface) -> set[str]:
    return {name for name in surface.variables - set(surface.entries) if not name.startswith("_")}


def _outermost(lost: list[Entry], renamed: dict[str, str]) -> Iterator[Entry]:
    """Yield what was dropped, without the members of a class that was dropped or renamed itself."""
    names = {entry.name for entry in lost if entry.kind is Kind.CLASS}
    for entry in lost:
        owner = entry.name.rpartition(".")[0]
        if entry.name not in renamed and owner not in names:
            yield entry


def _renames(lost: list[Entry], new: list[Entry]) -> Iterator[tuple[str, str]]:
    """Pair what went with what came: by the spelling of the name first, then by what it is made of."""
    free = list(new)
    rest = []
    for entry in lost:
        twin = next((one for one in free if _fold(one) == _fold(entry) and _alike(one, entry)), None)
        if twin is None:
            rest.append(entry)
        else:
            free.remove(twin)
            yield entry.name, twin.name
    scored = []
    for place, entry in enumerate(rest):
        parts = _parts(entry.node)
        for other_place, other in enumerate(free):
            if _alike(entry, other) and (share := _overlap(parts, _parts(other.node))) >= _SAME:
                scored.append((-share, place, other_place))
    used: set[tuple[str, int]] = set()
    for _, place, other_place in sorted(scored):
        if ("lost", place) not in used and ("new", other_place) not in used:
            used |= {("lost", place), ("new", other_place)}
            yield rest[place].name, free[other_place].name


def _fold(entry: Entry) -> str:
    return entry.last.replace("_", "").lower()


def _alike(one: Entry, other: Entry) -> bool:
    return one.kind is other.kind


def _parts(node: ast.AST) -> Counter[str]:
    """Return what a definition is made of: kinds of nodes, attributes, constants; variables by kind."""
    found: Counter[str] = Counter()
    for one in ast.walk(node):
        if isinstance(one, ast.Constant):
            found[repr(one.value)] += 1
        elif isinstance(one, ast.Attribute):
            found["." + one.attr] += 1
        elif not isinstance(one, ast.expr_context):
            found[type(one).__name__] += 1
    return found


def _overlap(one: Counter[str], other: Counter[str]) -> float:
    union = (one | other).total()
    return (one & other).total() / union if union else 0.0


def _compare(before: Entry, after: Entry, module: Surface, found: _Found) -> None:
    if before.kind is not after.kind:
        if not {before.kind, after.kind} <= {Kind.PROPERTY, Kind.ATTRIBUTE}:
            found.signatures.append((before.name, f"{before.kind} became {after.kind}"))
        return
    if before.kind is Kind.CONSTANT:
        if _differ(before.node, after.node, module):
            found.constants.append(before.name)
        return
    for base in before.bases:
        if base not in after.bases:
            found.signatures.append((before.name, f"no longer derives from {base}"))
    if before.is_async != after.is_async:
        found.signatures.append((before.name, "async changed"))
    if before.kind is Kind.FUNCTION:
        breaking, harmless = signature_changes(before.parameters, after.parameters, module)
        found.signatures += ((before.name, text) for text in breaking)
        found.harmless += ((before.name, text) for text in harmless)


def _differ(before: ast.AST, after: ast.AST, module: Surface) -> bool:
    """Whether both are literals, and of different values; what has to be computed is not judged."""
    known, one = _literal(before, module)
    also, other = _literal(after, module)
    return known and also and (type(one) is not type(other) or one != other)


def _literal(node: ast.AST | None, module: Surface) -> tuple[bool, Any]:
    """Return whether a value is known without running anything, and the value; constants are looked up."""
    for _ in range(5):
        if isinstance(node, ast.Name) and (entry := module.find(node.id)) and entry.kind is Kind.CONSTANT:
            node = entry.node
    try:
        return (True, ast.literal_eval(node)) if isinstance(node, ast.expr) else (False, None)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False, None


def signature_changes(
    before: Iterable[Parameter], after: Iterable[Parameter], module: Surface
) -> tuple[list[str], list[str]]:
    """Return the changes that break a call that worked, and those that do not."""
    old, new = list(before), list(after)
    if old == new and all(_same_default(one, two, module) for one, two in zip(old, new, strict=True)):
        return [], []
    breaking: list[str] = []
    harmless: list[str] = []
    _compare_positional(old, new, module, breaking, harmless)
    _compare_keywords(old, new, module, breaking, harmless)
    for kind in ("args", "kwargs"):
        one, two = _of(old, kind), _of(new, kind)
        if one and not two:
            breaking.append(f"{'*' if kind == 'args' else '**'}{one[0].name} is gone")
        elif two and not one:
            harmless.append(f"{'*' if kind == 'args' else '**'}{two[0].name} is new")
    return breaking, harmless


def _of(parameters: list[Parameter], *kinds: str) -> list[Parameter]:
    return [one for one in parameters if one.kind in kinds]


def _compare_positional(
    old: list[Parameter], new: list[Parameter], module: Surface, breaking: list[str], harmless: list[str]
) -> None:
    olds, news = _of(old, "positional", "either"), _of(new, "positional", "either")
    names = {one.name for one in new}
    for place, one in enumerate(olds):
        if place >= len(news):
            breaking.append(f"parameter {one.name} is gone" if one.name not in names else f"{one.name} moved")
            continue
        two = news[place]
        if one.name != two.name and one.kind == "either":
            moved = one.name in names
            breaking.append(f"{one.name} moved" if moved else f"parameter {one.name} became {two.name}")
        elif one.kind == "either" and two.kind == "positional":
            breaking.append(f"{one.name} cannot be named in a call any more")
        else:
            _compare_default(one, two, module, breaking, harmless)
    known = {one.name for one in _of(old, "keyword")}
    for two in news[len(olds) :]:
        if two.name in known:
            continue
        if two.default is None or _of(old, "args"):
            breaking.append(f"parameter {two.name} is new and has to be given")
        else:
            harmless.append(f"parameter {two.name} is new")


def _compare_keywords(
    old: list[Parameter], new: list[Parameter], module: Surface, breaking: list[str], harmless: list[str]
) -> None:
    olds = {one.name: one for one in _of(old, "keyword")}
    news = {one.name: one for one in _of(new, "keyword", "either")}
    for name, one in olds.items():
        if name not in news:
            breaking.append(f"parameter {name} is gone")
        else:
            _compare_default(one, news[name], module, breaking, harmless)
    known = {one.name for one in old}
    for two in _of(new, "keyword"):
        if two.name not in known:
            (breaking if two.default is None else harmless).append(f"parameter {two.name} is new")


def _compare_default(
    one: Parameter, two: Parameter, module: Surface, breaking: list[str], harmless: list[str]
) -> None:
    if one.default is None and two.default is not None:
        harmless.append(f"parameter {one.name} got a default")
    elif one.default is not None and two.default is None:
        breaking.append(f"the default of {one.name} is gone")
    elif not _same_default(one, two, module):
        breaking.append(f"the default of {one.name} changed")
    elif _is_none(two.default) and not _is_none(one.default):
        harmless.append(f"the default of {one.name} is None instead of a value shared by all calls")


def _same_default(one: Parameter, two: Parameter, module: Surface) -> bool:
    if one.default is None or two.default is None:
        return one.default is two.default
    if ast.dump(one.default) == ast.dump(two.default):
        return True
    if isinstance(one.default, _MUTABLE) and _is_none(two.default):
        # The usual cure for a default that all calls share; whether the body fills it in is not seen here.
        return True
    known, value = _literal(one.default, module)
    also, other = _literal(two.default, module)
    return known and also and type(value) is type(other) and value == other


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
