"""What a recipe would do, as text for a terminal: nothing is sent, nothing is written."""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from os import PathLike
from pathlib import Path
from textwrap import indent, wrap
from typing import Any

from bluepencil.engine.chain import chain
from bluepencil.recipes.load import Built, Recipe, build
from bluepencil.recipes.options import Shown, plain
from bluepencil.recipes.run import prepared
from bluepencil.recipes.server import NOWHERE

_WIDTH = 100
_LONGEST_VALUE = 72


def explain_recipe(
    recipe: "str | PathLike[str] | Recipe",
    *,
    settings: Sequence[str] = (),
    asking: Mapping[str, Any] | None = None,
    **options: Any,
) -> str:
    """Return what `api.run_recipe` would do with the same arguments, as text."""
    ready = prepared(recipe, settings, asking, options)
    return explain(ready, build(ready, ready.server, Path("OUT"), lenient=True))


def explain(recipe: Recipe, built: Sequence[Built]) -> str:
    """Return the steps in order with every option as it came out, and what they need and ask."""
    lines = [f"{recipe.name}  ({recipe.path})"]
    lines += [indent(line, "  ") for line in wrap(" ".join(recipe.description.split()), _WIDTH)]
    lines += ["", f"reads     {_reads(recipe, built)}"]
    for number, one in enumerate(built, 1):
        lines += ["", *_step(number, one)]
    lines += ["", f"writes    {_writes(recipe, built)}"]
    lines += [f"then      {line}" for line in _dedup(recipe)]
    near = recipe.dedup is not None and recipe.dedup.near
    for label, said in (
        ("asks", _asks(built)),
        ("prompts", _prompts(built)),
        ("needs", _needs(built, near=near)),
    ):
        lines += [f"{label if not at else '':<9} {line}" for at, line in enumerate(said)]
    return "\n".join(lines)


def _reads(recipe: Recipe, built: Sequence[Built]) -> str:
    fields = chain([one.step for one in built]).fields
    source = recipe.input
    text = f"the text in `{source.text_field}`"
    if source.html_field:
        text += f" (rendered from the HTML in `{source.html_field}`)"
    more = f"; and {', '.join(f'`{name}`' for name in fields)}" if fields else ""
    return f"{text}, the id in `{source.id_field}`{more}"


def _writes(recipe: Recipe, built: Sequence[Built]) -> str:
    columns = built[-1].step.row_columns
    kept = {"keep": "a document that fails keeps its text", "drop": "a document that fails is left out"}
    failure = kept.get(recipe.output.on_failure, "a document that fails ends the run")
    what = "documents, all fields carried through" if columns is None else f"rows of {', '.join(columns)}"
    return f"{what}, as {recipe.output.format}; {failure}"


def _dedup(recipe: Recipe) -> Iterator[str]:
    asked = recipe.dedup
    if asked is not None:
        near = f"those of which {asked.threshold:.0%} of {asked.size} {asked.unit} in a row are alike, and "
        yield f"drops duplicates ({near if asked.near else ''}equal ones): OUT.unique"


def _step(number: int, one: Built) -> Iterator[str]:
    yield f"{number}. {one.kind.name}: {one.kind.summary}"
    width = max((len(shown.name) for shown in one.options), default=0)
    for shown in one.options:
        value = _value(shown)
        yield f"     {shown.name:<{width}}  {value}{'' if shown.given else '   (default)'}"
    if one.step.name != one.kind.name:
        yield f"   in the ledger: {one.step.name}"


def _value(shown: Shown) -> str:
    value = plain(shown.value)
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split()) if text else '""'
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _asks(built: Sequence[Built]) -> Iterator[str]:
    calls = sum(one.calls for one in built)
    if not calls:
        yield "no model"
        return
    models: dict[str, int] = {}
    for one in built:
        for client in one.clients:
            name = client.model if client.server == NOWHERE else f"{client.model} at {client.server}"
            models[name] = models.get(name, 0) + 1
    for name, count in models.items():
        yield f"{name}: at most {count} {'call' if count == 1 else 'calls'} per document"
    yield "(--estimate counts tokens and money)"


def _prompts(built: Sequence[Built]) -> Iterator[str]:
    for number, one in enumerate(built, 1):
        files = {shown.name: str(shown.value) for shown in one.options if shown.name.endswith("prompt")}
        for kind, value in dict(_hashes(one.kind.name, one.step.describe())).items():
            named = files.get("prompt") if kind == one.kind.name else None
            yield f"step {number}: {named or kind}, hash {value}"


def _hashes(kind: str, description: Any) -> Iterator[tuple[str, str]]:
    """Yield the prompts in a step's description, at any depth: the kind of step that asks, and the hash."""
    if isinstance(description, Mapping):
        kind = str(description.get("step", kind)).partition(":")[0]
        for name, value in description.items():
            if name == "prompt" and isinstance(value, str):
                yield kind, value
            else:
                yield from _hashes(kind, value)


def _needs(built: Sequence[Built], *, near: bool) -> Iterator[str]:
    packages = dict.fromkeys(package for one in built for package in one.kind.needs(one.step))
    if near:
        packages["datasketch", "dedup"] = None
    if not packages:
        yield "nothing beside the base install"
    for package, extra in packages:
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            version = f"NOT INSTALLED: pip install 'bluepencil[{extra}]'"
        yield f"{package} {version} (extra: {extra})"
