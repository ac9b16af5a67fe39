"""The ledger: one row per input record, with all that is needed to see, count and replay what was done."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bluepencil.corpus.block import BadRecord, Record
from bluepencil.corpus.write import make_durable
from bluepencil.documents import Document, Outcome, Stage, Status, text_hash

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
    "stages": "stages",
}
"""The columns and their types; docs/output.md says what each means."""

STAGE_COLUMNS: dict[str, str] = {
    "step": _TEXT,
    "status": _TEXT,
    "reason": _TEXT,
    "detail": _TEXT,
    "program": _TEXT,
    "faults": "list",
    "result_hash": _TEXT,
    "characters_after": "int64",
    "prompt_hash": _TEXT,
    "tokens_in": "int64",
    "tokens_out": "int64",
    "annotations": _TEXT,
    "text": _TEXT,
}
"""The fields of an entry in the column `stages`, one for each step that a document went through.

A step alone has an entry where its new text cannot be made again from a program: `text` then holds it.
"""

_FROM_ANNOTATIONS = ("prompt_hash", "tokens_in", "tokens_out", "line_scores", "span_scores")
_FLUSH_ROWS = 65_536
# Texts kept in the column `stages` are not as small as the rest of a row.
_FLUSH_CHARACTERS = 64 << 20


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
        self._stages = _StageColumn()

    def add(self, position: int, record: Record, outcome: Outcome) -> tuple[int, int]:
        """Add a row; return the characters before and after."""
        before = after = 0
        source = result = ""
        key, raw, stages = "", None, outcome.stages
        if isinstance(record, Document):
            key, before = record.id, len(record.text)
            source = text_hash(record.text)
            if outcome.status is Status.EDITED and outcome.text is not None:
                after, result = len(outcome.text), text_hash(outcome.text)
                if not stages and not outcome.program:
                    stages = (Stage(self._step, outcome, outcome.text),)
            elif outcome.status is not Status.DROPPED:
                after, result = before, source
        elif isinstance(record, BadRecord):
            raw = record.raw
        more = outcome.annotations
        row = (
            key,
            self._number,
            position,
            outcome.status.value,
            outcome.reason,
            _storable(outcome.detail),
            outcome.program,
            outcome.faults,
            source,
            result,
            before,
            after,
            stages[-1].step if stages else self._step,
            more.get("prompt_hash"),
            more.get("tokens_in"),
            more.get("tokens_out"),
            more.get("line_scores"),
            more.get("span_scores"),
            _rest(more) if more else None,
            raw,
            self._stages.add(stages, source) if stages else None,
        )
        for values, value in zip(self._columns.values(), row, strict=True):
            values.append(value)
        if len(self._columns["id"]) >= _FLUSH_ROWS or self._stages.characters >= _FLUSH_CHARACTERS:
            self._flush()
        return before, after

    def _flush(self) -> None:
        import pyarrow

        if self._columns["id"]:
            arrays = [
                self._stages.array(values) if name == "stages" else pyarrow.array(values, kind)
                for (name, values), kind in zip(self._columns.items(), self._schema.types, strict=True)
            ]
            self._writer.write_table(pyarrow.Table.from_arrays(arrays, schema=self._schema))
        for values in self._columns.values():
            values.clear()
        self._stages.clear()

    def close(self) -> None:
        """Finish the file and make it durable."""
        self._flush()
        self._writer.close()
        make_durable(self._file)


class _StageColumn:
    """The column `stages` while it fills: the entries of all rows, field by field."""

    def __init__(self) -> None:
        self._fields: dict[str, list[Any]] = {name: [] for name in STAGE_COLUMNS}
        self.characters = 0

    def add(self, stages: Sequence[Stage], source_hash: str) -> int:
        """Add the entries of one row; return how many there are."""
        text, known = None, source_hash
        for stage in stages:
            outcome = stage.outcome
            edited = outcome.status is Status.EDITED and outcome.text is not None
            if edited and stage.text is not text:
                text, known = stage.text, text_hash(stage.text)
            more = outcome.annotations
            kept = stage.text if edited and not outcome.program else None
            entry = (
                stage.step,
                outcome.status.value,
                outcome.reason,
                _storable(outcome.detail),
                outcome.program,
                outcome.faults,
                known if stage.passed else "",
                len(stage.text) if stage.passed else 0,
                more.get("prompt_hash"),
                more.get("tokens_in"),
                more.get("tokens_out"),
                _rest(more) if more else None,
                kept,
            )
            for values, value in zip(self._fields.values(), entry, strict=True):
                values.append(value)
            self.characters += len(kept) if kept is not None else 0
        return len(stages)

    def array(self, counts: Sequence[int | None]) -> Any:
        """Return the column as a pyarrow array; `counts` says how many entries each row has."""
        import pyarrow

        types = _types()
        entries = pyarrow.StructArray.from_arrays(
            [pyarrow.array(self._fields[name], types[kind]) for name, kind in STAGE_COLUMNS.items()],
            fields=list(_stage_type()),
        )
        # A row without entries is null: so says a null where its entries would begin.
        starts, total = [], 0
        for count in counts:
            starts.append(None if count is None else total)
            total += count or 0
        offsets = pyarrow.array([*starts, total], pyarrow.int32())
        return pyarrow.ListArray.from_arrays(offsets, entries, type=pyarrow.list_(_stage_type()))

    def clear(self) -> None:
        for values in self._fields.values():
            values.clear()
        self.characters = 0


def _rest(annotations: Mapping[str, Any]) -> str | None:
    """Return as JSON text what has no column of its own."""
    rest = {name: value for name, value in annotations.items() if name not in _FROM_ANNOTATIONS}
    if not rest:
        return None
    try:
        return msgspec.json.encode(rest).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_cleaned(rest)).decode()


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, Mapping):
        return {_cleaned(key): _cleaned(inside) for key, inside in value.items()}
    return [_cleaned(inside) for inside in value] if isinstance(value, list | tuple) else value


def _storable(text: str) -> str:
    """Return the text with a question mark for what no file can hold (half of a surrogate pair)."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def ledger_schema() -> Any:
    """Return the pyarrow.Schema of a ledger part."""
    import pyarrow

    types = {**_types(), "stages": pyarrow.list_(_stage_type())}
    return pyarrow.schema([pyarrow.field(name, types[kind]) for name, kind in COLUMNS.items()])


def _stage_type() -> Any:
    import pyarrow

    types = _types()
    return pyarrow.struct([pyarrow.field(name, types[kind]) for name, kind in STAGE_COLUMNS.items()])


def _types() -> dict[str, Any]:
    import pyarrow

    return {
        _TEXT: pyarrow.string(),
        "int32": pyarrow.int32(),
        "int64": pyarrow.int64(),
        "binary": pyarrow.binary(),
        "list": pyarrow.list_(pyarrow.string()),
    }


def ledger_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of one ledger part, in input order."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(1024):
            yield from batch.to_pylist()
