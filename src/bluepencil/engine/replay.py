"""Replay: the refined corpus once more, from the raw input and the ledger alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluepencil.documents import RECORDED, Document, Outcome, Reason, Status, text_hash
from bluepencil.engine.ledger import ledger_rows
from bluepencil.programs import Execution, FaultCode, Limits, Policy, execute, parse

# What was carried out once is carried out again: guards and limits have had their say.
_LIMITS = Limits(max_calls=1 << 31, max_characters=1 << 31)
_ANNOTATIONS = ("prompt_hash", "tokens_in", "tokens_out", "line_scores", "span_scores")


@dataclass(frozen=True, slots=True)
class Replay:
    """The step that does to each document what its ledger row says was done.

    A document whose text is not the one that was refined, or whose result is not the one that came out,
    fails with `source-differs` or `result-differs`.
    """

    name: str
    options: Mapping[str, Any]
    fields: tuple[str, ...] = ()
    row_columns: None = None

    def describe(self) -> Mapping[str, Any]:
        """Return the options of the run that is replayed."""
        return {**self.options, "replayed": True}

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Replay each document."""
        return [_replay(document, document.fields[RECORDED]) for document in documents]


def _replay(document: Document, row: Mapping[str, Any] | None) -> Outcome:
    if row is None:
        return _differs(Reason.SOURCE_DIFFERS, "the ledger has no row for it")
    if row["source_hash"] != text_hash(document.text):
        return _differs(Reason.SOURCE_DIFFERS, f"its text is not the one that was refined (id {row['id']})")
    annotations = {name: row[name] for name in _ANNOTATIONS if row[name] is not None}
    if row["annotations"] is not None:
        import msgspec

        annotations |= msgspec.json.decode(row["annotations"])
    text = None
    if row["status"] == Status.EDITED:
        text = execution_on_record(row, document.text).text
        if text_hash(text) != row["result_hash"]:
            return _differs(Reason.RESULT_DIFFERS, "the program on record makes another text of it")
    return Outcome(
        Status(row["status"]), text, row["reason"], row["detail"], row["program"], row["faults"], annotations
    )


def execution_on_record(row: Mapping[str, Any], text: str) -> Execution:
    """Carry out the program of an edited document's ledger row on its source text."""
    # Under a policy without replacements, each of them was left out as a fault.
    replacements = FaultCode.NOT_ALLOWED not in row["faults"]
    policy = Policy(replacements, max_deleted_share=1.0, max_calls=1 << 31)
    return execute(parse(row["program"], _LIMITS).program, text, policy)


def _differs(reason: Reason, why: str) -> Outcome:
    return Outcome(Status.FAILED, reason=reason, detail=why)


def differing(output: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the ledger rows of the documents that a replay could not rebuild."""
    for part in sorted((output / "ledger").glob("part-*.parquet")):
        for row in ledger_rows(part):
            if row["reason"] in (Reason.SOURCE_DIFFERS, Reason.RESULT_DIFFERS):
                yield row
