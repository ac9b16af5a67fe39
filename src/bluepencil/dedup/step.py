"""Second pass: the documents that the plan names are dropped, each with what it is a duplicate of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np

from bluepencil.dedup.options import DedupOptions
from bluepencil.dedup.signatures import SCHEME
from bluepencil.documents import RECORDED, Document, Outcome, Reason, Status, text_hash


class DedupReason(StrEnum):
    """Why a document is dropped."""

    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near-duplicate"


@dataclass(frozen=True, slots=True)
class Deduplicate:
    """The step that drops duplicates by a plan; it is run with the ledger of the first pass at hand.

    A document whose text is not the one of the first pass fails with `source-differs`. `plan` is the path of
    the plan; what is in it follows from the input and the options, so it is not described.
    """

    options: DedupOptions
    plan: str

    @property
    def name(self) -> str:
        """Names the step."""
        return "dedup"

    @property
    def fields(self) -> tuple[str, ...]:
        """No field beside the text is read."""
        return ()

    @property
    def row_columns(self) -> None:
        """Documents are written."""
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return what decides which documents are dropped."""
        return {**self.options.describe(), "scheme": SCHEME}

    def run(self, documents: Sequence[Document]) -> list[Outcome]:
        """Drop what the plan names."""
        plan = _load(self.plan)
        return [_outcome(document, plan) for document in documents]


def _outcome(document: Document, plan: "_Plan") -> Outcome:
    row = document.fields[RECORDED]
    if row is None or row["source_hash"] != text_hash(document.text):
        detail = "its text is not the one that was compared; start over with --fresh"
        return Outcome(Status.FAILED, reason=Reason.SOURCE_DIFFERS, detail=detail)
    found = plan.find(row["file"], row["position"])
    if found is None:
        return Outcome(Status.UNCHANGED)
    of, exact = found["of_id"], found["exact"]
    notes = {
        "duplicate_of": of,
        "duplicate_of_file": found["of_file"],
        "duplicate_of_position": found["of_position"],
        "similarity": round(found["similarity"], 4),
    }
    reason = DedupReason.DUPLICATE if exact else DedupReason.NEAR_DUPLICATE
    detail = f"the same as {of}" if exact else f"similarity of {found['similarity']:.2f} to {of}"
    return Outcome(Status.DROPPED, reason=reason, detail=detail, annotations=notes)


class _Plan:
    """A plan in a file that is mapped into memory, so that workers share it."""

    def __init__(self, path: str) -> None:
        import pyarrow

        with pyarrow.memory_map(path) as file:
            self._table = pyarrow.ipc.open_file(file).read_all()
        self._files = self._table.column("file").to_numpy()
        self._positions = self._table.column("position").to_numpy()

    def find(self, file: int, position: int) -> dict[str, Any] | None:
        """Return the row of a document, or None where it is to be kept."""
        first, last = np.searchsorted(self._files, [file, file + 1])
        at = int(first + np.searchsorted(self._positions[first:last], position))
        if at == last or self._positions[at] != position:
            return None
        row: dict[str, Any] = self._table.slice(at, 1).to_pylist()[0]
        return row


@lru_cache(maxsize=1)
def _load(path: str) -> _Plan:
    return _Plan(path)
