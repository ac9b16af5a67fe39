"""Deciding again: another strength over the scores that the ledger of a tagger run keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bluepencil.documents import RECORDED, Document, Outcome, Reason, Status, text_hash
from bluepencil.errors import InputError
from bluepencil.refiners.base import Proposal, Refine
from bluepencil.refiners.tagger import Tagger, redecide


@dataclass(frozen=True, slots=True)
class Redecide:
    """The step that makes the programs of `tagger` from recorded scores; the network does not run.

    It gives what `refine` with that strength would give, at a small part of the cost.
    """

    tagger: Tagger
    refine: Refine

    @property
    def name(self) -> str:
        """Names the step as the refining itself."""
        return self.refine.name

    @property
    def fields(self) -> tuple[str, ...]:
        """No field beside the text is read; the engine adds the ledger row."""
        return ()

    @property
    def row_columns(self) -> None:
        """Documents are written."""
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result."""
        return {**self.refine.describe(), "redecided": True}

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Decide each document again."""
        return [self._outcome(document, document.fields[RECORDED]) for document in documents]

    def _outcome(self, document: Document, row: Mapping[str, Any] | None) -> Outcome:
        if row is None or row["source_hash"] != text_hash(document.text):
            why = "its text is not the one that was refined"
            return Outcome(Status.FAILED, reason=Reason.SOURCE_DIFFERS, detail=why)
        scores = {name: row[name] for name in ("line_scores", "span_scores") if row[name] is not None}
        try:
            program = redecide(document.text, scores, self.tagger)
        except InputError as error:
            return Outcome(Status.FAILED, reason=Reason.STEP_ERROR, detail=str(error))
        return self.refine.outcome(document.text, Proposal(program, annotations=scores))
