"""What a programming language is to the gates, and the languages there are."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

from bluepencil.code.problems import SyntaxProblem
from bluepencil.errors import OptionError


@dataclass(frozen=True, slots=True)
class Prose:
    """A comment or string of a source file, as it stands there with its marks, and its first line from 1."""

    kind: Literal["comment", "string"]
    text: str
    line: int


class Language(Protocol):
    """One programming language; adding one is adding an object of this kind to `language`."""

    @property
    def name(self) -> str:
        """The name of the language in lower case, as options and fields have it: `python`."""
        ...

    def check(self, text: str, version: tuple[int, int] | None = None) -> SyntaxProblem | None:
        """Return the first problem of its syntax; `version` means something to Python only."""
        ...

    def prose(self, text: str) -> Iterator[Prose]:
        """Yield comments and strings, in order, as far as the text can be read."""
        ...


NAMES = ("python", "c", "c++", "java", "javascript", "typescript", "tsx", "go", "rust", "bash")
"""The languages that have a syntax gate; all but Python through tree-sitter."""


@cache
def language(name: str) -> Language:
    """Return a language by its name.

    Raises OptionError for one that has no gate, MissingExtraError where its grammar is not installed.
    """
    if name == "python":
        from bluepencil.code.python import Python

        return Python()
    if name in NAMES:
        from bluepencil.code.tree import TreeSitter

        return TreeSitter(name)
    raise OptionError(f"the language must be one of {', '.join(NAMES)}, not {name!r}")
