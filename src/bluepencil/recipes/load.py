"""Reads a recipe, and makes its steps; everything that can be wrong is found before anything starts."""

import importlib.util
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bluepencil.dedup.options import DedupOptions
from bluepencil.documents import NOTED, Step
from bluepencil.engine.chain import chain
from bluepencil.errors import InputError, MissingExtraError, OptionError
from bluepencil.recipes.options import Context, Options, Shown
from bluepencil.recipes.registry import StepKind, kind_named
from bluepencil.recipes.server import Asking
from bluepencil.recipes.values import check_names, make

if TYPE_CHECKING:
    from bluepencil.llm import ClientOptions

_KEYS = ("name", "description", "input", "output", "server", "steps", "dedup")


@dataclass(frozen=True, slots=True)
class Input:
    """The table `[input]`: which fields of the records hold the text and the id."""

    text_field: str = "text"
    id_field: str = "id"
    html_field: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """The table `[output]`: how the result is written, and what a failure costs."""

    format: Literal["parquet", "jsonl.zst"] = "parquet"
    on_failure: Literal["keep", "drop", "stop"] = "keep"


@dataclass(frozen=True, slots=True)
class Entry:
    """One `[[steps]]` table: the kind of step, and its options as they stand there."""

    step: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A pipeline: what is read, which steps are run on each document in one pass, how it is written.

    With `dedup`, what is left is compared in the end, and written once more without duplicates.
    """

    name: str
    steps: tuple[Entry, ...]
    description: str = ""
    input: Input = field(default_factory=Input)
    output: Output = field(default_factory=Output)
    server: Asking = field(default_factory=Asking)
    path: Path = field(default_factory=lambda: Path("recipe.toml"))
    dedup: DedupOptions | None = None

    def place(self, number: int) -> str:
        """Return where a step is, for messages: `recipes/refinex.toml, step 1 (refine)`."""
        return f"{self.path}, step {number} ({self.steps[number - 1].step})"


@dataclass(frozen=True, slots=True)
class Built:
    """A step made of its entry; `clients` say whom it asks, one for each question about a document."""

    kind: StepKind
    step: Step
    options: tuple[Shown, ...]
    clients: tuple["ClientOptions", ...] = ()

    @property
    def calls(self) -> int:
        """The questions about a document, at most."""
        return len(self.clients)


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe; InputError where there is none, OptionError with the place where it is wrong."""
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the recipe cannot be read: {path}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"{path} is not TOML: {error}") from error
    return parse_recipe(content, path)


def parse_recipe(content: Mapping[str, Any], path: Path) -> Recipe:
    """Return the recipe that a TOML document stands for; its steps are not made yet."""
    check_names(content, _KEYS, str(path), "key")
    steps = content.get("steps")
    if not isinstance(steps, list) or not steps:
        raise OptionError(f'{path}: there is no step; each is a table [[steps]] with step = "KIND"')
    entries = []
    for number, table in enumerate(steps, 1):
        if not isinstance(table, dict) or not isinstance(table.get("step"), str):
            raise OptionError(f'{path}, step {number}: a step is a table with step = "KIND"')
        options = {name: value for name, value in table.items() if name != "step"}
        kind_named(table["step"], f"{path}, step {number}")
        entries.append(Entry(table["step"], options))
    texts = {}
    for name, default in (("name", path.stem), ("description", "")):
        texts[name] = content.get(name, default)
        if not isinstance(texts[name], str):
            raise OptionError(f"{path}: {name} must be text, not {texts[name]!r}")
    for name in ("input", "output", "server", "dedup"):
        if not isinstance(content.get(name, {}), dict):
            raise OptionError(f"{path}: {name} must be a table, not {content[name]!r}")
    return Recipe(
        texts["name"],
        tuple(entries),
        texts["description"],
        make(Input, content.get("input", {}), f"{path}, [input]"),
        make(Output, content.get("output", {}), f"{path}, [output]"),
        make(Asking, content.get("server", {}), f"{path}, [server]"),
        path,
        make(DedupOptions, content["dedup"], f"{path}, [dedup]") if "dedup" in content else None,
    )


def with_settings(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """Return the recipe with options set as `STEP.OPTION=VALUE`; STEP is a number from 1, or a kind."""
    for setting in settings:
        target, equals, written = setting.partition("=")
        step, dot, option = target.strip().partition(".")
        if not (equals and dot and option):
            raise OptionError(f"--set {setting}: expected STEP.OPTION=VALUE, such as refine.strength=light")
        number = _number_of(recipe, step, setting)
        entry = recipe.steps[number - 1]
        changed = replace(entry, options=_with(entry.options, option.split("."), _value(written.strip())))
        recipe = replace(recipe, steps=(*recipe.steps[: number - 1], changed, *recipe.steps[number:]))
    return recipe


def _number_of(recipe: Recipe, step: str, setting: str) -> int:
    numbers = [n for n, entry in enumerate(recipe.steps, 1) if step in (str(n), entry.step)]
    listed = ", ".join(f"{n} {entry.step}" for n, entry in enumerate(recipe.steps, 1))
    if not numbers:
        raise OptionError(f"--set {setting}: {recipe.path} has no step {step!r}; its steps are: {listed}")
    if len(numbers) > 1:
        raise OptionError(f"--set {setting}: {step} stands {len(numbers)} times; say its number: {listed}")
    return numbers[0]


def _value(written: str) -> Any:
    """Return a value as TOML reads it; what is no TOML is text."""
    try:
        return tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        return written


def _with(options: Mapping[str, Any], names: list[str], value: Any) -> dict[str, Any]:
    first, *rest = names
    inside = options.get(first, {})
    if rest:
        value = _with(inside if isinstance(inside, Mapping) else {}, rest, value)
    return {**options, first: value}


def build(recipe: Recipe, asking: Asking, output: Path, *, lenient: bool = False) -> tuple[Built, ...]:
    """Make the steps of a recipe; raises OptionError, InputError or MissingExtraError where one cannot be.

    `lenient` does without a server and without optional packages: to explain or to estimate.
    """
    context = Context(asking, recipe.path.parent, output, lenient)
    built = []
    for number, entry in enumerate(recipe.steps, 1):
        kind = kind_named(entry.step, recipe.place(number))
        if not lenient:
            kind.check_packages()
        options = Options(entry.options, recipe.place(number), context)
        step = kind.build(options)
        if not lenient:
            # Loads what decides the result: a model that cannot be read is said before the first document.
            options.called(step.describe)
        built.append(Built(kind, step, tuple(options.shown.values()), tuple(options.clients)))
        if NOTED in step.fields and "score" not in [one.kind.name for one in built[:-1]]:
            raise OptionError(
                f"{recipe.place(number)}: only goes by a score, and no step before gives one: "
                'put [[steps]] step = "score" before it'
            )
    try:
        made = chain([one.step for one in built])
    except OptionError as error:
        raise OptionError(f"{recipe.path}: {error}") from error
    if recipe.dedup is not None:
        if made.row_columns is not None:
            raise OptionError(f"{recipe.path}: [dedup] compares documents, and the last step writes rows")
        if recipe.dedup.near and not lenient and importlib.util.find_spec("datasketch") is None:
            raise MissingExtraError("datasketch", "dedup")
    return tuple(built)
