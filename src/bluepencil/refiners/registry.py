"""Refiners by name, as options and recipes write them: `NAME` or `NAME:ARGUMENT`."""

from pathlib import Path

from bluepencil.errors import InputError, OptionError
from bluepencil.refiners.base import KeepEverything, Refiner

DEFAULT = "tagger"
NAMES = "tagger, tagger:MODEL, rules, rules:SET,SET, none"


def make_refiner(spec: str, strength: str | None = None) -> Refiner:
    """Return the refiner that a name stands for; `strength` is for those that have one (tagger).

    Raises OptionError where there is no such refiner, and InputError where its model is not there.
    """
    name, _, argument = spec.partition(":")
    if name == "tagger":
        from bluepencil.refiners.tagger import Tagger

        if argument and not Path(argument).is_file():
            raise InputError(f"there is no model {argument}")
        return Tagger(Path(argument) if argument else None, strength or "normal")
    if strength is not None:
        raise OptionError(f"the refiner {spec} has no strength; tagger has")
    if name == "none" and not argument:
        return KeepEverything()
    if name == "rules":
        from bluepencil.refiners.rules import DEFAULT_SETS, Rules

        return Rules(tuple(argument.split(",")) if argument else DEFAULT_SETS)
    raise OptionError(f"there is no refiner {spec!r}; there are: {NAMES}")
