"""The ledger: one row per input record, with all that is needed to see, count and replay what was done."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from bluepencil.corpus.block import BadRecord, Record
from bluepencil.corpus.write import make_durable
from bluepencil.documents import Document, Outcome, Status, text_hash

_TEXT = "string"
COLUMNS: dict[str, str] = {
    "id": _TEXT,
    "file": "int32",
    "position": "int64",
    "status": _TEXT,
    "reason": _TEXT,
    "detail": _TEXT,
    "program": _TEXT,
    "faults": "list",
    "source_hash": _TEXT,
    "result_hash": _TEXT,
    "characters_before": "int64",
    "characters_after": "int64",
    "step": _TEXT,
    "prompt_hash": _TEXT,
    "tokens_in": "int64",
    "tokens_out": "int64",
    "line_scores": "binary",
    "span_scores": _TEXT,
    "annotations": _TEXT,
    "record": "binary",
}
"""The columns and their types; docs/output.md says what each means."""

_FROM_ANNOTATIONS = ("prompt_hash", "tokens_in", "tokens_out", "line_scores", "span_scores")
_FLUSH_ROWS = 65_536


class LedgerWriter:
    """Writes the ledger rows of one unit, in input order."""

    def __init__(self, path: Path, file: int, step: str) -> None:
        from pyarrow import parquet

        self._file = path.open("wb")
        self._schema = ledger_schema()
        self._writer = parquet.ParquetWriter(self._file, self._schema, compression="zstd")
        self._number = file
        self._step = step
        self._columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}

    def add(self, position: int, record: Record, outcome: Outcome) -> tuple[int, int]:
        """Add a row; return the characters before and after."""
        before = after = 0
        source = result = ""
        key, raw = "", None
        if isinstance(record, Document):
            key, before = record.id, len(record.text)
            source = text_hash(record.text)
            if outcome.status is Status.EDITED and outcome.text is not None:
                after, result = len(outcome.text), text_hash(outcome.text)
            elif outcome.status is not Status.DROPPED:
                after, result = before, source
        elif isinstance(record, BadRecord):
            raw = record.raw
        more = outcome.annotations
        rest = (
            {name: value for name, value in more.items() if name not in _FROM_ANNOTATIONS} if more else None
        )
        row = (
            key,
            self._number,
            position,
            outcome.status.value,
            outcome.reason,
            outcome.detail,
            outcome.program,
            outcome.faults,
            source,
            result,
            before,
            after,
            self._step,
            more.get("prompt_hash"),
            more.get("tokens_in"),
            more.get("tokens_out"),
            more.get("line_scores"),
            more.get("span_scores"),
            msgspec.json.encode(rest).decode() if rest else None,
            raw,
        )
        for values, value in zip(self._columns.values(), row, strict=True):
            values.append(value)
        if len(self._columns["id"]) >= _FLUSH_ROWS:
            self._flush()
        return before, after

    def _flush(self) -> None:
        import pyarrow

        if self._columns["id"]:
            arrays = [
                pyarrow.array(values, field.type)
                for values, field in zip(self._columns.values(), self._schema, strict=True)
            ]
            self._writer.write_table(pyarrow.Table.from_arrays(arrays, schema=self._schema))
        for values in self._columns.values():
            values.clear()

    def close(self) -> None:
        """Finish the file and make it durable."""
        self._flush()
        self._writer.close()
        make_durable(self._file)


def ledger_schema() -> Any:
    """Return the pyarrow.Schema of a ledger part."""
    import pyarrow

    types = {
        _TEXT: pyarrow.string(),
        "int32": pyarrow.int32(),
        "int64": pyarrow.int64(),
        "binary": pyarrow.binary(),
        "list": pyarrow.list_(pyarrow.string()),
    }
    return pyarrow.schema([pyarrow.field(name, types[kind]) for name, kind in COLUMNS.items()])


def ledger_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of one ledger part, in input order."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(1024):
            yield from batch.to_pylist()
