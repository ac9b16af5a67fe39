"""Steps of the tests of recipes: importable, because workers load them by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from bluepencil.documents import Document, Outcome, Status
from bluepencil.errors import InputError, OptionError
from bluepencil.recipes.options import Options
from bluepencil.recipes.registry import StepKind


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Inner:
    depth: int = 1
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """Drops texts that hold a word; its options are of every type that a recipe can write."""

    word: str = "bad"
    most: int = 10
    share: float = 0.5
    loud: bool = False
    limit: int | None = None
    colour: Colour = Colour.RED
    side: Literal["left", "right"] = "left"
    pair: tuple[int, str] = (1, "x")
    weights: Mapping[str, float] = field(default_factory=dict)
    languages: frozenset[str] = frozenset({"en"})
    inner: Inner = field(default_factory=Inner)
    place: Path | None = None
    measure: Callable[[str], int] = len

    def __post_init__(self) -> None:
        if self.most < 0:
            raise OptionError(f"most must not be negative, not {self.most}")
        if self.word == "missing":
            raise InputError("there is no such word")

    @property
    def name(self) -> str:
        return f"gate:{self.word}"

    @property
    def fields(self) -> tuple[str, ...]:
        return ()

    @property
    def row_columns(self) -> None:
        return None

    def describe(self) -> Mapping[str, Any]:
        return {"word": self.word}

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        return [
            Outcome(Status.DROPPED, reason="has-word") if self.word in d.text else Outcome(Status.UNCHANGED)
            for d in documents
        ]


@dataclass(frozen=True, slots=True)
class Needing(Gate):
    """Has an option without a default."""

    word: str


def of_options(options: Options) -> Gate:
    """Build a gate whose word is made of two options."""
    return Gate(word=options.take("first", str, "a") + options.take("second", str, "b"))


KINDS = {
    kind.name: kind
    for kind in (
        StepKind("gate", "drops what has a word", "recipes.steps:Gate"),
        StepKind("needing", "needs a word", "recipes.steps:Needing"),
        StepKind("made", "is made by a function", "recipes.steps:of_options"),
        StepKind("extra", "needs what is not there", "recipes.steps:Gate", (("no_such_package", "code"),)),
    )
}
