"""The least that a rewrite in a language other than Python has to pass: its grammar still reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bluepencil.code import syntax
from bluepencil.documents import Document
from bluepencil.rewriting.verdict import Rejection, Verdict

UNREADABLE = "does-not-parse"


@dataclass(frozen=True, slots=True)
class SyntaxVerifier:
    """Rejects rewrites that the grammar of a language cannot read, where it could read the original.

    Grammars know neither names nor types, and those of C and C++ stumble over macros: see
    `bluepencil.code.tree`.
    """

    language: str

    @property
    def name(self) -> str:
        """Names the verifier in the record of a run."""
        return f"syntax:{self.language}"

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the verdict."""
        return {"language": self.language}

    def check(self, before: str, after: str, document: Document) -> Verdict:
        """Return the verdict on one rewrite."""
        problem = syntax.check(after, self.language)
        if problem is None:
            return Verdict()
        if syntax.check(before, self.language) is not None:
            return Verdict((), {"syntax": "unreadable before and after"})
        detail = f"line {problem.line}: {problem.reason}: {problem.detail}"
        return Verdict((Rejection(UNREADABLE, detail),))

    def check_all(self, rewrites: Sequence[tuple[str, str, Document]]) -> list[Verdict]:
        """Return one verdict per rewrite, in order."""
        return [self.check(*rewrite) for rewrite in rewrites]
