"""What a check of a rewritten text says, and what anything that checks must offer.

A verifier sees the text before and after, decides, and writes down what it measured. It never changes a text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from bluepencil.documents import Document


@dataclass(frozen=True, slots=True)
class Rejection:
    """One rule that a rewritten text breaks: a code to count by, and a sentence for people."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier found: the rules that are broken, in the order of their weight, and what it measured.

    `notes` are JSON values; they go into the ledger beside the outcome, whether the text is accepted or not.
    """

    rejections: tuple[Rejection, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether the rewritten text may be used."""
        return not self.rejections


@runtime_checkable
class Verifier(Protocol):
    """Compares a text before and after a rewrite.

    It is pickled into each worker with the step that holds it, so it holds options and loads late.
    """

    @property
    def name(self) -> str:
        """Names the verifier in the record of a run: `code:python`."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return everything that decides the verdict, as JSON values."""
        ...

    def check(self, before: str, after: str, document: Document) -> Verdict:
        """Return the verdict on one rewrite; `document` is where `before` comes from, with its fields."""
        ...

    def check_all(self, rewrites: Sequence[tuple[str, str, Document]]) -> list[Verdict]:
        """Return one verdict per (before, after, document), in order."""
        ...
