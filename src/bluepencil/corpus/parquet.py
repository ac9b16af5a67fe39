"""Parquet files as blocks: read by row group, every column carried through with its type."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bluepencil.corpus.block import BLOCK_BYTES, BLOCK_DOCUMENTS, BadRecord, Kept, grouped
from bluepencil.corpus.jsonlines import JsonReading
from bluepencil.corpus.paths import Source
from bluepencil.documents import Document, Reason
from bluepencil.errors import InputError


@dataclass(slots=True)
class ParquetBlock:
    """Some consecutive rows. `positions` are row numbers in the file, from 0."""

    positions: range
    batch: Any
    text_field: str
    records: list[Document | BadRecord] = field(default_factory=list)

    def json_lines(self, kept: Kept) -> bytes:
        """Return the kept rows as JSON; what JSON has no type for (dates, decimals, bytes) becomes text."""
        rows = self.batch.take(_indices(kept)).to_pylist()
        for row, (_, text) in zip(rows, kept, strict=True):
            if text is not None:
                row[self.text_field] = text
        return b"".join(_json(row) + b"\n" for row in rows)

    def table(self, kept: Kept, schema: Any) -> Any:
        """Return the kept rows as a table; only the text column is new."""
        import pyarrow

        if all(text is None for _, text in kept) and len(kept) == self.batch.num_rows:
            return pyarrow.Table.from_batches([self.batch], schema=schema)
        batch = self.batch.take(_indices(kept))
        place = schema.get_field_index(self.text_field)
        texts = batch.column(place).to_pylist()
        new = [old if text is None else text for old, (_, text) in zip(texts, kept, strict=True)]
        columns = batch.columns
        columns[place] = pyarrow.array(new, _plain(schema.field(place).type)).cast(schema.field(place).type)
        return pyarrow.Table.from_arrays(columns, schema=schema)


def _plain(kind: Any) -> Any:
    import pyarrow

    return kind.value_type if pyarrow.types.is_dictionary(kind) else kind


def _indices(kept: Kept) -> Any:
    import pyarrow

    return pyarrow.array([index for index, _ in kept], pyarrow.int64())


def _json(row: Any) -> bytes:
    return msgspec.json.encode(row, enc_hook=str)


def open_parquet(source: Source) -> Any:
    """Open a Parquet file for reading; raises InputError where it is none."""
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(source.open())
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise InputError(f"{source.url} cannot be read as Parquet: {error}") from error


def check_schema(source: Source, text_field: str, html_field: str | None = None) -> Any:
    """Return the schema of a file, with the text column that is rendered from HTML if there is one.

    Raises InputError where the column to read is missing or holds no text.
    """
    with open_parquet(source) as file:
        schema = file.schema_arrow
    if html_field is not None:
        schema = _with_text(_column_of_text(source, schema, html_field), text_field)
    return _column_of_text(source, schema, text_field)


def _with_text(schema: Any, text_field: str) -> Any:
    import pyarrow

    place = schema.get_field_index(text_field)
    field = pyarrow.field(text_field, pyarrow.string())
    return schema.append(field) if place < 0 else schema.set(place, field)


def _column_of_text(source: Source, schema: Any, text_field: str) -> Any:
    import pyarrow

    if schema.names.count(text_field) != 1:
        names = ", ".join(schema.names)
        raise InputError(f"{source.url} has no column {text_field!r}; name it with --text-field: {names}")
    kind = _plain(schema.field(text_field).type)
    types = pyarrow.types
    if not (types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)):
        raise InputError(f"{source.url}: the column {text_field!r} holds {kind}, not text")
    return schema


def row_groups(source: Source, unit_bytes: int) -> list[tuple[int, int]]:
    """Return the units of a file, as (first, last + 1) row groups of about `unit_bytes` together."""
    with open_parquet(source) as file:
        sizes = [file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)]
    return grouped(sizes, unit_bytes)


def blocks(
    source: Source, groups: tuple[int, int], reading: JsonReading, max_bytes: int
) -> Iterator[ParquetBlock]:
    """Yield the rows of some row groups, in order."""
    with open_parquet(source) as file:
        metadata = file.metadata
        row = sum(metadata.row_group(i).num_rows for i in range(groups[0]))
        wanted = range(*groups)
        rows = sum(metadata.row_group(i).num_rows for i in wanted)
        size = sum(metadata.row_group(i).total_byte_size for i in wanted)
        per_row = max(1, size // max(1, rows))
        count = max(1, min(BLOCK_DOCUMENTS, BLOCK_BYTES // per_row))
        for batch in file.iter_batches(count, row_groups=list(wanted)):
            if reading.html_field is not None:
                batch = _rendered(batch, reading.html_field, reading.text_field)
            block = ParquetBlock(range(row, row + batch.num_rows), batch, reading.text_field)
            block.records = _records(block, source, reading, max_bytes)
            row += batch.num_rows
            yield block


def _records(
    block: ParquetBlock, source: Source, reading: JsonReading, max_bytes: int
) -> list[Document | BadRecord]:
    batch = block.batch
    texts = _texts(batch.column(reading.text_field))
    names = batch.schema.names
    ids = batch.column(reading.id_field).to_pylist() if reading.id_field in names else [None] * len(texts)
    extra = {name: batch.column(name).to_pylist() for name in reading.fields if name in names}
    records: list[Document | BadRecord] = []
    for index, (position, text, key) in enumerate(zip(block.positions, texts, ids, strict=True)):
        fault = _fault(text, reading.text_field, max_bytes)
        if fault is not None:
            records.append(BadRecord(*fault, _raw(batch, index)).cut())
            continue
        assert isinstance(text, str)
        fields = {name: values[index] for name, values in extra.items()}
        name = f"{source.name}@{position}" if key is None else str(key)
        records.append(Document(name, text, fields))
    return records


def _rendered(batch: Any, html_field: str, text_field: str) -> Any:
    """Return the batch with the text of its HTML; a page that cannot be read has none."""
    import pyarrow

    from bluepencil.corpus.html import render

    texts: list[str | None] = []
    for page in _texts(batch.column(html_field)):
        try:
            texts.append(render(page).text if isinstance(page, str) else None)
        except InputError:
            texts.append(None)
    schema = _with_text(batch.schema, text_field)
    columns = {field.name: batch.column(i) for i, field in enumerate(batch.schema)}
    columns[text_field] = pyarrow.array(texts, pyarrow.string())
    return pyarrow.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _texts(array: Any) -> Sequence[str | UnicodeDecodeError | None]:
    try:
        values: list[str | None] = array.to_pylist()
        return values
    except UnicodeDecodeError:
        return [_text(array[i]) for i in range(len(array))]


def _text(scalar: Any) -> str | UnicodeDecodeError | None:
    try:
        value: str | None = scalar.as_py()
        return value
    except UnicodeDecodeError as error:
        return error


def _fault(text: object, name: str, max_bytes: int) -> tuple[Reason, str] | None:
    if text is None:
        return Reason.TEXT_MISSING, f"the column {name!r} is null"
    if isinstance(text, UnicodeDecodeError):
        return Reason.BAD_ENCODING, str(text)
    assert isinstance(text, str)
    if "\0" in text:
        return Reason.NUL, f"the column {name!r} holds a NUL character"
    if len(text) > max_bytes:
        return Reason.TOO_LARGE, f"a text of {len(text)} characters; the limit is {max_bytes}"
    return None


def _raw(batch: Any, index: int) -> bytes:
    """Return a row that is no document as bytes to keep aside, as far as they decode."""
    row = batch.slice(index, 1)
    try:
        return _json(row.to_pylist()[0])
    except UnicodeDecodeError:
        import pyarrow

        sink = pyarrow.BufferOutputStream()
        with pyarrow.ipc.new_stream(sink, row.schema) as writer:
            writer.write_batch(row)
        return bytes(sink.getvalue())
