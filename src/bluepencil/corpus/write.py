"""Writing refined records: one file per unit, to a temporary path that the caller renames."""

import os
from pathlib import Path
from typing import Any, Protocol

from bluepencil.corpus.block import Block, Kept

FORMATS = ("parquet", "jsonl.zst")

_ROW_GROUP_BYTES = 32 << 20


class Writer(Protocol):
    """Writes the records of a unit."""

    def write(self, block: Block, kept: Kept) -> None:
        """Write the kept records of a block."""
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


def make_durable(file: Any) -> None:
    """Force a file to the disk and close it."""
    if not file.closed:
        file.flush()
        os.fsync(file.fileno())
        file.close()
