"""What a linter says about a file: a score, or why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, Self


class LintReason(StrEnum):
    """Why a file has no score."""

    CANNOT_PARSE = "linter-cannot-parse"
    SKIPPED = "linter-told-to-skip"
    CRASHED = "linter-crashed"
    TIMEOUT = "linter-timeout"
    OUT_OF_MEMORY = "linter-out-of-memory"
    NOT_ENCODABLE = "not-encodable"


@dataclass(frozen=True, slots=True)
class LintScore:
    """The score of one file.

    `raw` is what the linter itself prints, at most 10; None for a file without a statement, for which pylint
    prints no score. `score` is after the comment penalty: `raw * (1 - comment_share)`, and 0 where `raw` is
    None. `comment_share` is comment tokens over all tokens of Python's tokenizer. `messages` counts the
    messages by their symbol.
    """

    score: float
    raw: float | None
    comment_share: float
    statements: int
    messages: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LintFailure:
    """A file that has no score: why, as a code to count by and as a sentence."""

    reason: LintReason
    detail: str = ""


class Scorer(Protocol):
    """Scores files. It may hold a process: use it as a context manager, or close it."""

    def score_all(self, texts: Sequence[str]) -> list[LintScore | LintFailure]:
        """Return one result per text, in order; none depends on another."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return everything that decides the scores, with the linter's version, as JSON values."""
        ...

    def close(self) -> None:
        """End what is held."""
        ...

    def __enter__(self) -> Self:
        """Return itself."""
        ...

    def __exit__(self, *_: object) -> None:
        """End what is held."""
        ...


def penalized(raw: float | None, comment_share: float) -> float:
    """Return a score after the comment penalty of SwallowCode (section 3.2)."""
    return 0.0 if raw is None else raw * (1 - comment_share)
