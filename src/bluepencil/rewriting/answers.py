"""What a model's answer says, as types, or a typed error; where there is doubt, nothing is guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable


class AnswerReason(StrEnum):
    """Why an answer cannot be read."""

    NO_SECTION = "answer-without-section"
    NO_CODE = "answer-without-code"
    NO_SCORE = "answer-without-score"
    UNCLOSED = "answer-unclosed"
    AMBIGUOUS = "answer-ambiguous"
    SCORE_RANGE = "answer-score-out-of-range"


class AnswerError(ValueError):
    """An answer that cannot be read with certainty; `reason` is a code to count by."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an answer says: the new text, and what else is to be kept on record, as JSON values."""

    text: str
    notes: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Parser(Protocol):
    """Turns answers into texts; it is pickled with the step that holds it."""

    def describe(self) -> Mapping[str, Any]:
        """Return everything that decides what is read, as JSON values."""
        ...

    def parse(self, answer: str, before: str) -> Parsed:
        """Return what an answer says about the text `before`; raises AnswerError."""
        ...
