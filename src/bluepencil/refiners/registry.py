"""Refiners by name, as options and recipes write them: `NAME` or `NAME:ARGUMENT`."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bluepencil.errors import InputError, OptionError
from bluepencil.refiners.base import KeepEverything, Refiner

DEFAULT = "tagger"
CASCADE = "cascade"
_OF_CASCADES = {"sure", "context"}
NAMES = (
    "tagger, tagger:MODEL, lm:FOLDER, prox-d:MODEL, prox-c:MODEL, ultrax:MODEL@FILE, rescraper:MODEL@FILE, "
    "cascade:tagger,MODEL (MODEL is one of the language models), rules, rules:SET,SET, none"
)


def make_refiner(
    spec: str, strength: str | None = None, model_options: Mapping[str, Any] | None = None
) -> Refiner:
    """Return the refiner that a name stands for.

    `strength` is for those that have one (tagger, cascade), `model_options` for language models: `client`
    (options of `bluepencil.llm`, to ask a server), `cost` of a faulty call, `window`, `overlap`,
    `max_new_tokens`, what else `refiners.lm.trained` takes, `thresholds` for prox-c, and for a cascade `sure`
    and `context`. Raises OptionError where there is no such refiner or it has no such
    option, and InputError where its model is not there.
    """
    name, _, argument = spec.partition(":")
    given = {key: value for key, value in (model_options or {}).items() if value is not None}
    if name == CASCADE:
        return _cascade(spec, strength, given)
    if own := given.keys() & _OF_CASCADES:
        raise OptionError(f"the refiner {spec} has no {', '.join(sorted(own))}; a cascade has")
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
    """Say whether a name stands for a language model, alone or in a cascade; it may take long."""
    return spec.partition(":")[0] in (*LANGUAGE_MODELS, CASCADE)


def stages(spec: str) -> tuple[str, ...]:
    """Return the names of the refiners in a name: two of a cascade, else the name itself.

    Raises OptionError for a cascade of anything else than a tagger and a language model.
    """
    name, _, argument = spec.partition(":")
    if name != CASCADE:
        return (spec,)
    # The path of a model may hold a comma: the one that parts the stages stands before a model's name.
    match = re.fullmatch(rf"(tagger(?::.+?)?),((?:{'|'.join(LANGUAGE_MODELS)}):.*)", argument)
    if not match:
        raise OptionError(
            f"{spec!r} is no cascade; one is cascade:tagger,lm:FOLDER or cascade:tagger:MODEL,prox-c:MODEL"
        )
    return match[1], match[2]


def _cascade(spec: str, strength: str | None, given: Mapping[str, Any]) -> Refiner:
    from bluepencil.refiners.cascade import cascade

    first, second = stages(spec)
    own = {name: value for name, value in given.items() if name in _OF_CASCADES}
    rest = {name: value for name, value in given.items() if name not in _OF_CASCADES}
    return cascade(make_refiner(first, strength), make_refiner(second, None, rest), **own)


def _no_strength(spec: str) -> OptionError:
    return OptionError(f"the refiner {spec} has no strength; tagger has")


def _trained(argument: str, given: Mapping[str, Any]) -> Refiner:
    from bluepencil.refiners.dialects_whole import as_asked
    from bluepencil.refiners.lm import trained

    if not argument:
        raise OptionError("name the folder of the model: lm:FOLDER")
    if "thresholds" in given:
        raise OptionError("lm has no thresholds; prox-c has")
    return as_asked(trained(Path(argument), **given))


def _released(name: str, argument: str, given: Mapping[str, Any]) -> Refiner:
    from bluepencil.refiners.dialects import released

    if "server_grammar" in given:
        raise OptionError(f"there is no grammar for the language of {name}; lm has one")
    return released(name, argument, **given)


_RELEASED = ("prox-d", "prox-c", "ultrax", "rescraper")
LANGUAGE_MODELS: dict[str, Callable[[str, Mapping[str, Any]], Refiner]] = {
    "lm": _trained,
    **{name: partial(_released, name) for name in _RELEASED},
}
"""Refiners that are language models: each makes one of its argument and the options given for it."""
