"""Values of a TOML file -> the types that the fields of a dataclass ask for.

One reader for every step: its options are the fields of its dataclass, nested ones in tables of their own.
"""

import types
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from bluepencil.errors import InputError, OptionError

Made = TypeVar("Made")

_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number", Path: "a path"}
_NONE = type(None)


def make(cls: type[Made], table: Mapping[str, Any], where: str) -> Made:
    """Return a dataclass made of a table; OptionError names the place, the option, what is wrong."""
    known = settable(cls)
    check_names(table, known, where)
    return filled(cls, converted(cls, table, where), where)


def filled(cls: type[Made], values: Mapping[str, Any], where: str) -> Made:
    """Return a dataclass with these values of its fields; its own complaints get the place in front."""
    for one in fields(cls):  # type: ignore[arg-type]
        if one.init and one.name not in values and one.default is one.default_factory is MISSING:
            raise OptionError(f"{where}: the option {one.name} is missing")
    try:
        return cls(**values)
    except (OptionError, InputError) as error:
        raise type(error)(f"{where}: {error}") from error


def converted(cls: type[Any], table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the values of a table, each as the field of that name asks for."""
    hints = get_type_hints(cls)
    return {name: convert(hints[name], value, f"{where}: {name}") for name, value in table.items()}


def settable(cls: type[Any]) -> dict[str, "Field[Any]"]:
    """Return the fields of a dataclass that a TOML file can give a value to."""
    hints = get_type_hints(cls)
    return {f.name: f for f in fields(cls) if f.init and _can_convert(hints[f.name])}


def check_names(table: Iterable[str], known: Iterable[str], where: str, what: str = "option") -> None:
    """Refuse a name that is not known, and say which one may be meant."""
    names = list(known)
    for name in table:
        if name not in names:
            raise OptionError(f"{where}: there is no {what} {name!r}{meant(name, names)}")


def meant(name: str, names: Iterable[str]) -> str:
    """Return the end of a message about a wrong name: which one may be meant, and all there are."""
    names = list(names)
    near = get_close_matches(name, names, 1, 0.5)
    question = f"; did you mean {near[0]!r}?" if near else "."
    return f"{question} There are: {', '.join(names) or 'none'}"


def convert(hint: Any, value: Any, where: str) -> Any:
    """Return a value as a type hint asks for; `where` begins the message of an OptionError."""
    made = _converted(hint, value, where)
    if made is MISSING:
        raise OptionError(f"{where} must be {_said(hint)}, not {value!r}")
    return made


def _can_convert(hint: Any) -> bool:
    """Say whether a hint has values that TOML can write; a callable, for one, has none."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return any(_can_convert(arm) for arm in get_args(hint) if arm is not _NONE)
    if hint is Any or origin is Literal or hint in _WORDS:
        return True
    if isinstance(origin, type):
        return issubclass(origin, (Sequence, Set, Mapping)) and all(
            _can_convert(inside) for inside in get_args(hint) if inside is not Ellipsis
        )
    return isinstance(hint, type) and (is_dataclass(hint) or issubclass(hint, Enum))


def _converted(hint: Any, value: Any, where: str) -> Any:
    """Return the value as asked for, or MISSING where it cannot be that."""
    origin = get_origin(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        return _one_of(get_args(hint), value, where)
    if origin is Literal:
        return value if value in get_args(hint) else MISSING
    if hint in _WORDS:
        return _simple(hint, value)
    if isinstance(origin, type):
        return _collection(origin, get_args(hint), value, where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next((member for member in hint if member.value == value), MISSING)
    if is_dataclass(hint) and isinstance(hint, type):
        return make(hint, value, where) if isinstance(value, Mapping) else MISSING
    return MISSING


def _one_of(arms: Sequence[Any], value: Any, where: str) -> Any:
    if value is None:
        return None if _NONE in arms else MISSING
    rest = [arm for arm in arms if arm is not _NONE and _can_convert(arm)]
    if len(rest) == 1:
        return _converted(rest[0], value, where)
    found = (_converted(arm, value, where) for arm in rest)
    return next((made for made in found if made is not MISSING), MISSING)


def _simple(hint: type[Any], value: Any) -> Any:
    if hint is float and type(value) is int:
        return float(value)
    if hint is Path:
        return Path(value) if isinstance(value, str) else MISSING
    return value if type(value) is hint else MISSING


def _collection(origin: type[Any], inside: Sequence[Any], value: Any, where: str) -> Any:
    if issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return MISSING
        return {key: convert(inside[1], one, f"{where}.{key}") for key, one in value.items()}
    if not isinstance(value, list | tuple):
        return MISSING
    if origin is tuple and Ellipsis not in inside:
        if len(value) != len(inside):
            return MISSING
        hints = list(inside)
    else:
        hints = [inside[0]] * len(value)
    made = [
        convert(hint, one, f"{where}[{n}]") for n, (hint, one) in enumerate(zip(hints, value, strict=True))
    ]
    makers: dict[type[Any], Callable[[list[Any]], Any]] = {set: set, frozenset: frozenset, list: list}
    if origin in makers:
        return makers[origin](made)
    return frozenset(made) if issubclass(origin, Set) else tuple(made)


def _said(hint: Any) -> str:
    """Return what a hint asks for, in words."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_said(arm) for arm in get_args(hint) if arm is not _NONE)
    if origin is Literal:
        return f"one of {', '.join(map(str, get_args(hint)))}"
    if hint in _WORDS:
        return _WORDS[hint]
    if isinstance(origin, type):
        if issubclass(origin, Mapping):
            return "a table"
        inside = [arm for arm in get_args(hint) if arm is not Ellipsis]
        size = f" of {len(inside)}" if origin is tuple and Ellipsis not in get_args(hint) else ""
        return f"a list{size}, each {_said(inside[0])}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"one of {', '.join(str(member.value) for member in hint)}"
    return "a table"
