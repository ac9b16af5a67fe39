"""Writing refined records: one file per unit, to a temporary path that the caller renames."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from bluepencil.corpus.block import Block, Kept
from bluepencil.corpus.schema import JSON_MARK

FORMATS = ("parquet", "jsonl.zst")

_ROW_GROUP_BYTES = 32 << 20
_ROWS_AT_ONCE = 1024


class Writer(Protocol):
    """Writes the records of a unit."""

    def write(self, block: Block, kept: Kept) -> None:
        """Write the kept records of a block."""
        ...

    def write_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows that a step made."""
        ...

    def close(self) -> None:
        """Finish the file and make it durable."""
        ...


def open_writer(path: Path, data_format: str, schema: Any) -> Writer:
    """Open a writer; `schema` is the pyarrow.Schema of the output, which only Parquet needs."""
    return ParquetWriter(path, schema) if data_format == "parquet" else JsonLinesWriter(path)


class JsonLinesWriter:
    """Writes JSON lines, zstd-compressed."""

    def __init__(self, path: Path) -> None:
        import pyarrow

        self._file = path.open("wb")
        self._stream = pyarrow.CompressedOutputStream(pyarrow.PythonFile(self._file), "zstd")

    def write(self, block: Block, kept: Kept) -> None:
        """Write the kept records of a block."""
        self._stream.write(block.json_lines(kept))

    def write_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows that a step made."""
        self._stream.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))

    def close(self) -> None:
        """Finish the file and make it durable."""
        self._stream.close()
        make_durable(self._file)


class ParquetWriter:
    """Writes Parquet, zstd-compressed, in row groups of about 32 MB."""

    def __init__(self, path: Path, schema: Any) -> None:
        from pyarrow import parquet

        self._file = path.open("wb")
        self._schema = schema
        self._writer = parquet.ParquetWriter(self._file, schema, compression="zstd")
        self._tables: list[Any] = []
        self._bytes = 0

    def write(self, block: Block, kept: Kept) -> None:
        """Write the kept records of a block."""
        if kept:
            table = block.table(kept, self._schema)
            self._tables.append(table)
            self._bytes += table.nbytes
        if self._bytes >= _ROW_GROUP_BYTES:
            self._flush()

    def write_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows that a step made."""
        import pyarrow

        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = [_plain(row) for row in rows[start : start + _ROWS_AT_ONCE]]
            self._tables.append(pyarrow.Table.from_pylist(part, schema=self._schema))
            self._bytes += self._tables[-1].nbytes
            if self._bytes >= _ROW_GROUP_BYTES:
                self._flush()

    def _flush(self) -> None:
        import pyarrow

        if self._tables:
            table = pyarrow.concat_tables(self._tables)
            self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._tables, self._bytes = [], 0

    def close(self) -> None:
        """Finish the file and make it durable."""
        self._flush()
        self._writer.close()
        make_durable(self._file)


def rows_schema(columns: Mapping[str, str]) -> Any:
    """Return the pyarrow.Schema of rows that a step makes (`Step.row_columns`)."""
    import pyarrow

    types = {
        "text": pyarrow.string(),
        "int": pyarrow.int64(),
        "flag": pyarrow.bool_(),
        "ints": pyarrow.list_(pyarrow.int64()),
        "json": pyarrow.string(),
    }
    marks = {"json": JSON_MARK}
    return pyarrow.schema(
        [pyarrow.field(name, types[kind], metadata=marks.get(kind)) for name, kind in columns.items()]
    )


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Turn what a column of kind "json" holds into text; lists of numbers are columns of their own kind."""
    return {
        name: msgspec.json.encode(value).decode() if _is_json(value) else value for name, value in row.items()
    }


def _is_json(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and not all(isinstance(x, int) for x in value))


def make_durable(file: Any) -> None:
    """Force a file to the disk and close it."""
    if not file.closed:
        file.flush()
        os.fsync(file.fileno())
        file.close()
