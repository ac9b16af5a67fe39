"""Refiners by name, as options and recipes write them: `NAME` or `NAME:ARGUMENT`."""

from bluepencil.errors import OptionError
from bluepencil.refiners.base import KeepEverything, Refiner


def make_refiner(spec: str) -> Refiner:
    """Return the refiner that a name stands for; raises OptionError where there is none."""
    name, _, argument = spec.partition(":")
    if name == "none" and not argument:
        return KeepEverything()
    if name == "rules":
        from bluepencil.refiners.rules import DEFAULT_SETS, Rules

        return Rules(tuple(argument.split(",")) if argument else DEFAULT_SETS)
    raise OptionError(f"there is no refiner {spec!r}; there are: none, rules, rules:SET,SET")
