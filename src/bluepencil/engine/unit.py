"""Runs a step over one unit and commits what comes out: data, then ledger, each by a rename."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bluepencil.corpus.block import BadRecord, Block, Record, SkippedRecord
from bluepencil.corpus.parquet import check_schema
from bluepencil.corpus.paths import Kind
from bluepencil.corpus.read import Segment
from bluepencil.corpus.write import Writer, open_writer, rows_schema
from bluepencil.documents import RECORDED, Document, Outcome, Status, listening
from bluepencil.engine.isolate import run_step
from bluepencil.engine.job import Job, Task, Unit
from bluepencil.engine.ledger import LedgerWriter, ledger_rows
from bluepencil.engine.stages import StageCounts, count_stages
from bluepencil.errors import RunError

Notify = Callable[..., None]

_TOLD_EVERY_S = 0.5
"""How often it is said, at most, what steps say of their progress inside a block, in seconds."""


@dataclass(slots=True)
class UnitReport:
    """What a unit came to; the manifest is the sum of these."""

    unit: Unit
    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    data_rows: int = 0
    characters_before: int = 0
    characters_after: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    stored_bytes: int = 0
    quarantined: str = ""
    stages: list[StageCounts] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        """Count what became of one record."""
        status = outcome.status.value
        self.statuses[status] += 1
        if outcome.reason:
            self.reasons[f"{status}:{outcome.reason}"] += 1
        if outcome.faults:
            self.faults.update(outcome.faults)
        if outcome.annotations:
            self.tokens_in += outcome.annotations.get("tokens_in") or 0
            self.tokens_out += outcome.annotations.get("tokens_out") or 0

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["stages"] = [stage.to_json() for stage in self.stages]
        return {name: dict(v) if isinstance(v, Counter) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "UnitReport":
        """Read a report from JSON values."""
        counters = {name: Counter(entry[name]) for name in ("statuses", "reasons", "faults")}
        stages = [StageCounts.from_json(stage) for stage in entry.get("stages", ())]
        return cls(**{**entry, "unit": (entry["unit"][0], entry["unit"][1]), **counters, "stages": stages})


def part_name(unit: Unit, suffix: str) -> str:
    """Return the file name of a unit's part; names sort in input order."""
    return f"part-{unit[0]:05d}-{unit[1]:06d}.{suffix}"


def data_path(output: Path, unit: Unit, data_format: str) -> Path:
    """Return where a unit's records go."""
    return output / "data" / part_name(unit, data_format)


def ledger_path(output: Path, unit: Unit) -> Path:
    """Return where a unit's ledger rows go."""
    return output / "ledger" / part_name(unit, "parquet")


class UnitRun:
    """One unit while it is worked on."""

    def __init__(self, job: Job, task: Task, segment: Segment, notify: Notify) -> None:
        self._job = job
        self._task = task
        self._segment = segment
        self._notify = notify
        self._unit = (task.unit[0], segment.number)
        self._report = UnitReport(self._unit, stages=[StageCounts(name) for name in job.stages])
        self._recorded: Iterator[Mapping[str, Any]] | None = None
        self._temporary = job.output / "state" / "tmp"
        self._writer: Writer | None = None
        self._untold: Counter[str] = Counter()
        self._told = 0.0

    def run(self) -> UnitReport:
        """Work through the unit and commit it."""
        if self._job.recorded is not None:
            recorded = ledger_path(self._job.recorded, self._unit)
            self._recorded = ledger_rows(recorded) if recorded.exists() else iter(())
        ledger_temporary = self._temporary_path(".ledger")
        ledger = LedgerWriter(ledger_temporary, self._unit[0], self._job.step.name)
        for block in self._segment.blocks:
            self._run_block(block, ledger)
        ledger.close()
        if self._writer is not None:
            self._writer.close()
            target = data_path(self._job.output, self._unit, self._job.data_format)
            commit(self._temporary_path(".data"), target)
        commit(ledger_temporary, ledger_path(self._job.output, self._unit))
        self._report.stored_bytes = self._segment.stored_bytes()
        return self._report

    def _temporary_path(self, suffix: str) -> Path:
        return self._temporary / f"{part_name(self._unit, str(os.getpid()))}{suffix}"

    def _run_block(self, block: Block, ledger: LedgerWriter) -> None:
        outcomes = self._outcomes(block)
        kept: list[tuple[int, str | None]] = []
        keep_failed = self._job.on_failure == "keep"
        report = self._report
        characters = 0
        for index, (position, record, outcome) in enumerate(
            zip(block.positions, block.records, outcomes, strict=True)
        ):
            status = outcome.status
            if status is Status.EDITED:
                kept.append((index, outcome.text))
            elif status is Status.UNCHANGED:
                kept.append((index, None))
            elif status is Status.FAILED:
                self._failed(record, position, outcome)
                if keep_failed and isinstance(record, Document):
                    kept.append((index, None))
            before, after = ledger.add(position, record, outcome)
            characters += before
            report.characters_after += after
            report.count(outcome)
            if outcome.stages and isinstance(record, Document):
                count_stages(report.stages, record.text, outcome.stages)
        report.rows += len(outcomes)
        report.characters_before += characters
        if self._job.step.row_columns is not None:
            rows = [row for outcome in outcomes for row in outcome.rows]
            report.data_rows += len(rows)
            if rows:
                self._open_writer().write_rows(rows)
        elif kept:
            report.data_rows += len(kept)
            self._open_writer().write(block, kept)
        statuses = dict(Counter(o.status.value for o in outcomes))
        self._notify("progress", len(outcomes), characters, statuses, self._stored_up_to(block))

    def _stored_up_to(self, block: Block) -> int:
        """Return the stored bytes of the unit up to a block, where positions tell; else 0."""
        source = self._job.sources[self._unit[0]]
        if source.kind is not Kind.JSON_LINES or source.compression is not None:
            return 0
        return block.positions[-1] - self._unit[1] * self._job.reading.unit_bytes

    def _heard(self, what: str, count: int) -> None:
        """Pass on what a step says of its progress: a block may take minutes, and so would the silence."""
        self._untold[what] += count
        now = time.monotonic()
        if now - self._told >= _TOLD_EVERY_S:
            self._told = now
            self._tell()

    def _tell(self) -> None:
        if self._untold:
            told, self._untold = dict(self._untold), Counter()
            # Where the supervisor has gone, this process ends by itself; the step must not see an error.
            with suppress(OSError):
                self._notify("told", told)

    def _open_writer(self) -> Writer:
        if self._writer is None:
            source, reading = self._job.sources[self._unit[0]], self._job.reading
            schema = self._job.schema
            columns = self._job.step.row_columns
            if columns is not None:
                schema = rows_schema(columns)
            elif source.kind is Kind.PARQUET:
                schema = check_schema(source, reading.text_field, reading.html_field)
            path = self._temporary_path(".data")
            self._writer = open_writer(path, self._job.data_format, schema)
        return self._writer

    def _failed(self, record: Record, position: int, outcome: Outcome) -> None:
        if self._job.on_failure == "stop":
            name = self._job.sources[self._unit[0]].url
            who = f" (id {record.id})" if isinstance(record, Document) else ""
            raise RunError(f"{name}, position {position}{who}: {outcome.reason}: {outcome.detail}")

    def _outcomes(self, block: Block) -> list[Outcome]:
        documents: list[tuple[int, Document]] = []
        outcomes: list[Outcome | None] = []
        for position, record in zip(block.positions, block.records, strict=True):
            recorded = None if self._recorded is None else next(self._recorded, None)
            if isinstance(record, SkippedRecord):
                outcomes.append(Outcome(Status.DROPPED, reason=record.reason, detail=record.detail))
            elif isinstance(record, BadRecord):
                outcomes.append(Outcome(Status.FAILED, reason=record.reason, detail=record.detail))
            elif position in self._task.poison:
                reason = self._task.poison[position]
                outcomes.append(Outcome(Status.FAILED, reason=reason, detail="a worker ended on it, twice"))
            else:
                if self._recorded is not None:
                    record = Document(record.id, record.text, {**record.fields, RECORDED: recorded})
                documents.append((position, record))
                outcomes.append(None)
        with listening(self._heard):
            done = iter(list(self._run_step(documents)))
        self._tell()
        return [next(done) if outcome is None else outcome for outcome in outcomes]

    def _run_step(self, documents: Sequence[tuple[int, Document]]) -> Iterator[Outcome]:
        if not self._task.careful:
            yield from run_step(self._job.step, [document for _, document in documents])
            return
        for position, document in documents:
            self._notify("at", position)
            yield from run_step(self._job.step, [document])
        self._notify("at", None)


def commit(temporary: Path, target: Path) -> None:
    """Rename a finished file into place, durably."""
    temporary.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
