"""Refiners by name, as options and recipes write them: `NAME` or `NAME:ARGUMENT`."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bluepencil.errors import InputError, OptionError
from bluepencil.refiners.base import KeepEverything, Refiner

DEFAULT = "tagger"
NAMES = (
    "tagger, tagger:MODEL, lm:FOLDER, prox-d:MODEL, prox-c:MODEL, ultrax:MODEL@FILE, rescraper:MODEL@FILE, "
    "rules, rules:SET,SET, none"
)


def make_refiner(
    spec: str, strength: str | None = None, model_options: Mapping[str, Any] | None = None
) -> Refiner:
    """Return the refiner that a name stands for.

    `strength` is for those that have one (tagger), `model_options` for language models: `client` (options of
    `bluepencil.llm`, to ask a server), `cost` of a faulty call, `window`, `overlap`, `max_new_tokens`, and
    what else `refiners.lm.trained` takes. Raises OptionError where there is no such refiner or it has no such
    option, and InputError where its model is not there.
    """
    name, _, argument = spec.partition(":")
    given = {key: value for key, value in (model_options or {}).items() if value is not None}
    if name in LANGUAGE_MODELS:
        if strength is not None:
            raise _no_strength(spec)
        return LANGUAGE_MODELS[name](argument, given)
    if given.keys() - {"cost"}:
        raise OptionError(f"the refiner {spec} is no language model; it has no {', '.join(sorted(given))}")
    if name == "tagger":
        from bluepencil.refiners.tagger import Tagger

        if argument and not Path(argument).is_file():
            raise InputError(f"there is no model {argument}")
        return Tagger(Path(argument) if argument else None, strength or "normal")
    if strength is not None:
        raise _no_strength(spec)
    if name == "none" and not argument:
        return KeepEverything()
    if name == "rules":
        from bluepencil.refiners.rules import DEFAULT_SETS, Rules

        return Rules(tuple(argument.split(",")) if argument else DEFAULT_SETS)
    raise OptionError(f"there is no refiner {spec!r}; there are: {NAMES}")


def is_language_model(spec: str) -> bool:
    """Say whether a name stands for a language model, which may take long over a batch."""
    return spec.partition(":")[0] in LANGUAGE_MODELS


def _no_strength(spec: str) -> OptionError:
    return OptionError(f"the refiner {spec} has no strength; tagger has")


def _trained(argument: str, given: Mapping[str, Any]) -> Refiner:
    from bluepencil.refiners.lm import trained

    if not argument:
        raise OptionError("name the folder of the model: lm:FOLDER")
    return trained(Path(argument), **given)


def _released(name: str, argument: str, given: Mapping[str, Any]) -> Refiner:
    from bluepencil.refiners.dialects import released

    return released(name, argument, **given)


_RELEASED = ("prox-d", "prox-c", "ultrax", "rescraper")
LANGUAGE_MODELS: dict[str, Callable[[str, Mapping[str, Any]], Refiner]] = {
    "lm": _trained,
    **{name: partial(_released, name) for name in _RELEASED},
}
"""Refiners that are language models: each makes one of its argument and the options given for it."""
