"""How a recipe is run: what the engine is told beside the steps."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bluepencil.recipes.load import Built, Recipe, load_recipe, with_settings

PATIENCE_S = 86_400.0
"""How long a worker that asks a model may be silent: its client notices a server that hangs."""


_SECTIONS = {
    "text_field": ("input", "text_field"),
    "id_field": ("input", "id_field"),
    "html_field": ("input", "html_field"),
    "data_format": ("output", "format"),
    "on_failure": ("output", "on_failure"),
}


def prepared(
    recipe: "str | os.PathLike[str] | Recipe",
    settings: Sequence[str] = (),
    asking: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Recipe:
    """Return a recipe, read if it is a file, with what else is said of it; see `api.run_recipe`."""
    read = recipe if isinstance(recipe, Recipe) else load_recipe(Path(recipe))
    read = with_options(with_settings(read, settings), options or {})
    return replace(read, server=read.server.with_values(dict(asking or {})))


def with_options(recipe: Recipe, options: Mapping[str, Any]) -> Recipe:
    """Return the recipe with those options of `api.run_step` that it has a say in."""
    for name, (section, field) in _SECTIONS.items():
        if options.get(name) is not None:
            changed = replace(getattr(recipe, section), **{field: options[name]})
            recipe = replace(recipe, **{section: changed})
    return recipe


def run_options(recipe: Recipe, built: Sequence[Built], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `api.run_step`: what the recipe says, what suits its steps, and those given."""
    options = {name: getattr(getattr(recipe, section), field) for name, (section, field) in _SECTIONS.items()}
    options["about"] = {
        "recipe": recipe.name,
        "description": recipe.description.strip(),
        "file": recipe.path.name,
    }
    if recipe.dedup is not None:
        options["about"]["dedup"] = True
    if any(one.calls for one in built):
        options |= {"workers": _workers(built), "hang_seconds": PATIENCE_S}
    rest = {n: value for n, value in given.items() if value is not None and n not in _SECTIONS}
    return {**options, **rest}


def dedup_options(recipe: Recipe, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `api.deduplicate` for what a run of the recipe has left."""
    options: dict[str, Any] = {
        "duplicates": asdict(recipe.dedup) if recipe.dedup else {},
        "text_field": recipe.input.text_field,
        "id_field": recipe.input.id_field,
        "data_format": recipe.output.format,
    }
    passed = ("workers", "fresh", "unit_mb", "max_record_mb", "hang_seconds")
    return {**options, **{name: given[name] for name in passed if given.get(name) is not None}}


def _workers(built: Sequence[Built]) -> int:
    """Return how many processes suit steps that ask a model; they share the limits of the client.

    One keeps as many requests in flight as it may, if it has nothing else to do. With other steps beside, or
    several questions, a process waits for the last answer of one step before it begins with the next: then
    another has the server meanwhile.
    """
    if len(built) == 1:
        return 1
    in_flight = min(client.in_flight for one in built for client in one.clients)
    return max(1, min(max(2, os.cpu_count() or 1), in_flight))
