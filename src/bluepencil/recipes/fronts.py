"""Recipes that commands make of their options: `bluepencil code` is one of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
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

    With `against`, files of benchmark items, documents that hold one are dropped, before the first rewrite
    and after the last. `index` is the folder for what is made of them.
    Raises OptionError for a step that there is not, or that stands twice.
    """
    for name in steps:
        if name not in CODE_STEPS:
            raise OptionError(f"--steps: there is no step {name!r}{meant(name, CODE_STEPS)}")
    if not steps or len(set(steps)) < len(steps):
        raise OptionError("--steps: name each step once, such as syntax,lint,sgcr,scor")
    entries = [Entry(name, options.get(name, {})) for name in steps]
    return Recipe("code", guarded(entries, against, index), path=Path("bluepencil code"))


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
