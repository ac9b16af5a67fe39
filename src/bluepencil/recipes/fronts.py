"""Recipes that commands make of their options: `bluepencil code` and `bluepencil math`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bluepencil.errors import OptionError
from bluepencil.recipes.load import Entry, Recipe
from bluepencil.recipes.values import meant

CODE_STEPS = (
    "language",
    "size",
    "syntax",
    "generated",
    "comments",
    "repetition",
    "lint",
    "score",
    "sgcr",
    "scor",
    "format",
)
REWRITES = ("sgcr", "scor", "math")
"""The steps after which a text may hold what it did not hold before."""


def code_recipe(
    steps: Sequence[str],
    options: Mapping[str, Mapping[str, Any]],
    *,
    against: Sequence[str] = (),
    index: str | Path = "index",
) -> Recipe:
    """Return the recipe of code steps by name, each with its options; those of other steps are not used.

    Rewriting that comes after `score` is for what is of medium score, as in SwallowCode's second version.
    With `against`, files of benchmark items, documents that hold one are dropped, before the first rewrite
    and after the last. `index` is the folder for what is made of them.
    Raises OptionError for a step that there is not, or that stands twice.
    """
    for name in steps:
        if name not in CODE_STEPS:
            raise OptionError(f"--steps: there is no step {name!r}{meant(name, CODE_STEPS)}")
    if not steps or len(set(steps)) < len(steps):
        raise OptionError("--steps: name each step once, such as syntax,lint,sgcr,scor")
    scored = steps.index("score") if "score" in steps else len(steps)
    entries = []
    for number, name in enumerate(steps):
        only = {"only": "medium"} if name in REWRITES and number > scored else {}
        entries.append(Entry(name, {**only, **options.get(name, {})}))
    return Recipe("code", guarded(entries, against, index), path=Path("bluepencil code"))


def math_recipe(
    *,
    only_math: bool = False,
    strength: str | None = "normal",
    rewrite: Mapping[str, Any] = MappingProxyType({}),
    against: Sequence[str] = (),
    index: str | Path = "index",
) -> Recipe:
    """Return the recipe that rewrites pages of mathematics: what is not about it is dropped, the tagger
    strips the rest at a `strength` and leaves formulas alone, and a model rewrites what is left.

    `only_math` looks at what pages are about; a `strength` of None leaves the tagger out. `rewrite` are the
    options of the step `math`; `against` and `index` as in `code_recipe`.
    """
    entries = [Entry("math-pages", {})] if only_math else []
    if strength is not None:
        entries.append(Entry("refine", {"refiner": "tagger", "strength": strength, "keep_math": True}))
    entries.append(Entry("math", rewrite))
    return Recipe("math", guarded(entries, against, index), path=Path("bluepencil math"))


def guarded(entries: Sequence[Entry], against: Sequence[str], index: str | Path) -> tuple[Entry, ...]:
    """Return steps with a look for benchmark items before the first rewrite and after the last."""
    if not against:
        return tuple(entries)
    look = Entry("decontaminate", {"index": str(index), "against": list(against)})
    rewrites = [number for number, entry in enumerate(entries) if entry.step in REWRITES]
    if not rewrites:
        return (*entries, look)
    first, after = rewrites[0], rewrites[-1] + 1
    return (*entries[:first], look, *entries[first:after], look, *entries[after:])
