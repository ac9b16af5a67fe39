"""JSON lines as blocks: the text is decoded, every other field is carried through as the bytes it came in."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bluepencil.corpus.block import BLOCK_BYTES, BLOCK_DOCUMENTS, BadRecord, Kept, Record
from bluepencil.corpus.lines import Line
from bluepencil.corpus.paths import Source
from bluepencil.corpus.schema import column
from bluepencil.documents import Document, Reason
from bluepencil.errors import InputError

Row = dict[str, msgspec.Raw]
"""A record: each field's value as JSON text, verbatim."""

_ROW = msgspec.json.Decoder(Row)
_STRING = msgspec.json.Decoder(str)
_ANY = msgspec.json.Decoder()
_ENCODE = msgspec.json.Encoder().encode
_BOM = b"\xef\xbb\xbf"


class _Bad(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class JsonReading:
    """How records become documents: the text field, the id field, and what else the step reads.

    `whole` decodes every field while reading, so that a record that cannot be written later (to Parquet)
    is found here. `html_field` holds HTML, of which the text is rendered into the text field.
    """

    text_field: str
    id_field: str
    fields: tuple[str, ...] = ()
    whole: bool = False
    html_field: str | None = None


@dataclass(slots=True)
class JsonBlock:
    """Some records of a JSON lines file."""

    positions: list[int]
    records: list[Record]
    lines: list[bytes]
    rows: list[Row]
    text_field: str

    def add(self, position: int, record: Record, line: bytes, row: Row) -> None:
        """Add a record: its place, what it is, its line as it would be written, its fields."""
        self.positions.append(position)
        self.records.append(record)
        self.lines.append(line)
        self.rows.append(row)

    def json_lines(self, kept: Kept) -> bytes:
        """Return the kept records; one whose text stays is written byte for byte as it came."""
        out = []
        for index, text in kept:
            if text is None:
                out.append(self.lines[index])
            else:
                row = self.rows[index]
                row[self.text_field] = msgspec.Raw(_ENCODE(text))
                out.append(_ENCODE(row))
        out.append(b"")
        return b"\n".join(out)

    def table(self, kept: Kept, schema: Any) -> Any:
        """Return the kept records as a table; a field that a record lacks is null."""
        import pyarrow

        arrays = []
        for field in schema:
            if field.name == self.text_field:
                values: list[Any] = [self._text(i) if text is None else text for i, text in kept]
                arrays.append(pyarrow.array(values, field.type))
            else:
                arrays.append(column([self.rows[i].get(field.name) for i, _ in kept], field, value_of))
        return pyarrow.Table.from_arrays(arrays, schema=schema)

    def _text(self, index: int) -> str:
        record = self.records[index]
        assert isinstance(record, Document)
        return record.text


def blocks(lines: Iterator[Line], source: Source, reading: JsonReading) -> Iterator[JsonBlock]:
    """Group lines into blocks of records, in order."""
    block = JsonBlock([], [], [], [], reading.text_field)
    size = 0
    for offset, line in lines:
        raw = b"" if isinstance(line, BadRecord) else line
        row, record = _record(offset, line, source, reading)
        if reading.html_field is not None and row:
            raw = _ENCODE(row)
        block.add(offset, record, raw, row)
        size += len(raw)
        if len(block.records) >= BLOCK_DOCUMENTS or size >= BLOCK_BYTES:
            yield block
            block = JsonBlock([], [], [], [], reading.text_field)
            size = 0
    if block.records:
        yield block


def _record(
    offset: int, line: bytes | BadRecord, source: Source, reading: JsonReading
) -> tuple[Row, Document | BadRecord]:
    if isinstance(line, BadRecord):
        return {}, line
    try:
        row = parse_row(line.removeprefix(_BOM) if offset == 0 else line)
        if reading.html_field is not None:
            row[reading.text_field] = _rendered(row, reading.html_field)
        return _document(row, source, offset, reading)
    except _Bad as bad:
        return {}, BadRecord(bad.reason, str(bad), line).cut()
    except RecursionError:
        return {}, BadRecord(Reason.NOT_JSON, "the record is nested too deeply", line).cut()


def document_of(
    row: Row, source: Source, position: int, reading: JsonReading
) -> tuple[Row, Document | BadRecord]:
    """Make a document of fields that were not read from JSON lines."""
    try:
        return _document(row, source, position, reading)
    except _Bad as bad:
        return {}, BadRecord(bad.reason, str(bad), _ENCODE(row)).cut()


def _document(row: Row, source: Source, position: int, reading: JsonReading) -> tuple[Row, Document]:
    text = _text(row, reading.text_field)
    if reading.whole:
        for value in row.values():
            value_of(value)
    fields = {name: value_of(row[name]) for name in reading.fields if name in row}
    return row, Document(_id(row, source, position, reading.id_field), text, fields)


def _rendered(row: Row, html_field: str) -> msgspec.Raw:
    from bluepencil.corpus.html import render

    try:
        return msgspec.Raw(_ENCODE(render(_text(row, html_field, nul=True)).text))
    except InputError as error:
        raise _Bad(Reason.BAD_HTML, str(error)) from error


def parse_row(line: bytes) -> Row:
    """Split a JSON object into its fields without decoding them."""
    try:
        return _ROW.decode(line)
    except UnicodeDecodeError as error:
        raise _Bad(Reason.BAD_ENCODING, str(error)) from error
    except msgspec.ValidationError as error:
        raise _Bad(Reason.NOT_AN_OBJECT, f"a record must be a JSON object: {error}") from error
    except msgspec.DecodeError as error:
        return _lenient_row(line, error)


def sound_row(line: bytes) -> Row:
    """Split a JSON object into its fields; a record that is none has no fields."""
    try:
        return parse_row(line.removeprefix(_BOM))
    except (_Bad, RecursionError):
        return {}


def _lenient_row(line: bytes, strict: Exception) -> Row:
    """Read what Python writes and the standard forbids: NaN, Infinity, lone surrogates outside the text."""
    try:
        values = json.loads(line)
    except UnicodeDecodeError as error:
        raise _Bad(Reason.BAD_ENCODING, str(error)) from error
    except (ValueError, RecursionError):
        raise _Bad(Reason.NOT_JSON, str(strict)) from strict
    if not isinstance(values, dict):
        raise _Bad(Reason.NOT_AN_OBJECT, "a record must be a JSON object")
    return {name: msgspec.Raw(_dump(value)) for name, value in values.items()}


def _dump(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _Bad(Reason.BAD_ENCODING, f"a lone surrogate: {error.reason}") from error


def value_of(raw: msgspec.Raw) -> Any:
    """Decode one field."""
    try:
        return _ANY.decode(raw)
    except UnicodeDecodeError as error:
        raise _Bad(Reason.BAD_ENCODING, str(error)) from error
    except msgspec.DecodeError:
        return json.loads(bytes(raw))


def _text(row: Mapping[str, msgspec.Raw], name: str, *, nul: bool = False) -> str:
    raw = row.get(name)
    if raw is None:
        raise _Bad(Reason.TEXT_MISSING, f"there is no field {name!r} (--text-field)")
    try:
        text = _STRING.decode(raw)
    except UnicodeDecodeError as error:
        raise _Bad(Reason.BAD_ENCODING, str(error)) from error
    except msgspec.DecodeError as error:
        if bytes(raw) == b"null":
            raise _Bad(Reason.TEXT_MISSING, f"the field {name!r} is null") from error
        raise _Bad(Reason.TEXT_NOT_A_STRING, f"the field {name!r}: {error}") from error
    if "\0" in text and not nul:
        raise _Bad(Reason.NUL, f"the field {name!r} holds a NUL character")
    return text


def _id(row: Mapping[str, msgspec.Raw], source: Source, offset: int, name: str) -> str:
    value = value_of(row[name]) if name in row else None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return f"{source.name}@{offset}"


def values_of(row: Row) -> dict[str, Any]:
    """Decode all fields of a record."""
    return {name: value_of(raw) for name, raw in row.items()}
