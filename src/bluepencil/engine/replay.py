"""Replay: the refined corpus once more, from the raw input and the ledger alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bluepencil.documents import RECORDED, Document, Outcome, Reason, Stage, Status, text_hash
from bluepencil.engine.chain import together
from bluepencil.engine.ledger import STAGE_COLUMNS, ledger_rows
from bluepencil.programs import Execution, FaultCode, Limits, Policy, execute, parse

# What was carried out once is carried out again: guards and limits have had their say.
_LIMITS = Limits(max_calls=1 << 31, max_characters=1 << 31)
_OF_A_STAGE = ("prompt_hash", "tokens_in", "tokens_out")
_SCORES = ("line_scores", "span_scores")
_PASSED = (Status.UNCHANGED, Status.EDITED)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Replay:
    """The step that does to each document what its ledger row says was done.

    A document whose text is not the one that was refined, or whose result is not the one that came out,
    fails with `source-differs` or `result-differs`. `stages` names the steps, where there were several.
    """

    name: str
    options: Mapping[str, Any]
    stages: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    row_columns: None = None

    def describe(self) -> Mapping[str, Any]:
        """Return the options of the run that is replayed."""
        return {**self.options, "replayed": True}

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Replay each document."""
        return [self._replay(document, document.fields[RECORDED]) for document in documents]

    def _replay(self, document: Document, row: Row | None) -> Outcome:
        if row is None:
            return _differs(Reason.SOURCE_DIFFERS, "the ledger has no row for it")
        known = row["source_hash"]
        if known != text_hash(document.text):
            detail = f"its text is not the one that was refined (id {row['id']})"
            return _differs(Reason.SOURCE_DIFFERS, detail)
        stages: list[Stage] = []
        for done in stages_on_record(row, document.text):
            if done.after is not done.before:
                known = text_hash(done.after)
            if done.entry["status"] in _PASSED and known != done.entry["result_hash"]:
                what = f"step {len(stages) + 1} ({done.entry['step']})"
                return _differs(Reason.RESULT_DIFFERS, f"what is on record of {what} makes another text")
            stages.append(Stage(done.entry["step"], _outcome_of(done), done.after))
        whole = together(document.text, stages) if self.stages and row["stages"] else stages[-1].outcome
        scores = {name: row[name] for name in _SCORES if row[name] is not None}
        return replace(whole, annotations={**whole.annotations, **scores}) if scores else whole


@dataclass(frozen=True, slots=True)
class StageOnRecord:
    """What one step did to a document: its entry in the ledger, the texts, and the edits of its program."""

    entry: Row
    before: str
    after: str
    edits: Sequence[tuple[int, int, str]] | None = None


def stages_on_record(row: Row, source: str) -> Iterator[StageOnRecord]:
    """Yield what each step did to a document, of which `source` is the text; a step alone is one."""
    text = source
    for entry in row.get("stages") or [{name: row.get(name) for name in STAGE_COLUMNS}]:
        done = StageOnRecord(entry, text, text)
        if entry["status"] == Status.EDITED and entry["text"] is not None:
            done = StageOnRecord(entry, text, entry["text"])
        elif entry["status"] == Status.EDITED and entry["program"]:
            execution = _carried_out(entry, text)
            done = StageOnRecord(entry, text, execution.text, execution.edits)
        yield done
        text = done.after


def _carried_out(entry: Row, text: str) -> Execution:
    # Under a policy without replacements, each of them was left out as a fault.
    replacements = FaultCode.NOT_ALLOWED not in entry["faults"]
    policy = Policy(replacements, max_deleted_share=1.0, max_calls=1 << 31)
    return execute(parse(entry["program"], _LIMITS).program, text, policy)


def _outcome_of(done: StageOnRecord) -> Outcome:
    entry = done.entry
    annotations = {name: entry[name] for name in _OF_A_STAGE if entry[name] is not None}
    if entry["annotations"] is not None:
        import msgspec

        annotations |= msgspec.json.decode(entry["annotations"])
    return Outcome(
        Status(entry["status"]),
        done.after if entry["status"] == Status.EDITED else None,
        entry["reason"],
        entry["detail"],
        entry["program"],
        entry["faults"],
        annotations,
    )


def _differs(reason: Reason, why: str) -> Outcome:
    return Outcome(Status.FAILED, reason=reason, detail=why)


def differing(output: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the ledger rows of the documents that a replay could not rebuild."""
    for part in sorted((output / "ledger").glob("part-*.parquet")):
        for row in ledger_rows(part):
            if row["reason"] in (Reason.SOURCE_DIFFERS, Reason.RESULT_DIFFERS):
                yield row
