"""Reading a corpus in units: slices of an input file that are worked on and committed as one.

A unit is (file, segment). A plain JSON lines file is cut by bytes and a Parquet file by row groups, so
that units of one file run side by side. A compressed stream can only be read from its start: its segments
are cut by decompressed bytes and read one after another.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import dropwhile, groupby, islice, takewhile
from typing import Any

from bluepencil.corpus import code_files, jsonlines, parquet, web
from bluepencil.corpus.block import BadRecord, Block
from bluepencil.corpus.jsonlines import JsonReading
from bluepencil.corpus.lines import LineReader
from bluepencil.corpus.paths import Kind, Source
from bluepencil.documents import Document
from bluepencil.errors import InputError

_PAGES = {Kind.HTML: web.html_pages, Kind.CODE: code_files.code_files}
"""Kinds of which a folder is one input, and what reads its files."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a corpus is read; every value is recorded, since it decides units and documents."""

    text_field: str = "text"
    id_field: str = "id"
    fields: tuple[str, ...] = ()
    whole: bool = False
    unit_bytes: int = 64 << 20
    max_record_bytes: int = 32 << 20
    html_field: str | None = None

    @property
    def json(self) -> JsonReading:
        """Return the part that decides how a record becomes a document."""
        return JsonReading(self.text_field, self.id_field, self.fields, self.whole, self.html_field)


@dataclass(slots=True)
class Segment:
    """A segment that is being read: its number, its blocks, and how many stored bytes they took so far."""

    number: int
    blocks: Iterator[Block]
    stored_bytes: Callable[[], int]


def is_stream(source: Source) -> bool:
    """Tell whether the segments of a file can only be read one after another."""
    return source.compression is not None or source.kind is Kind.WARC


def count_segments(source: Source, reading: Reading) -> int:
    """Return the number of units of a file that is no stream."""
    if source.kind is Kind.PARQUET:
        return len(parquet.row_groups(source, reading.unit_bytes))
    if source.kind in _PAGES:
        return len(web.groups_of_files(source, reading.unit_bytes))
    return -(-source.size // reading.unit_bytes)


def read_segment(source: Source, number: int, reading: Reading, records: int | None = None) -> Segment:
    """Open one unit of a file that is no stream; `records` cuts it off after that many."""
    if source.kind is Kind.PARQUET:
        groups = parquet.row_groups(source, reading.unit_bytes)
        blocks = parquet.blocks(source, groups[number], reading.json, reading.max_record_bytes)
        share = source.size // max(1, len(groups))
        return Segment(number, _cut(blocks, records), lambda: share)
    if source.kind in _PAGES:
        groups = web.groups_of_files(source, reading.unit_bytes)
        pages = _PAGES[source.kind](source, groups[number], reading.json, reading.max_record_bytes)
        share = source.size // len(groups)
        return Segment(number, web.blocks(islice(pages, records), reading.json), lambda: share)
    start, stop = number * reading.unit_bytes, (number + 1) * reading.unit_bytes
    lines = takewhile(lambda line: line[0] < stop, LineReader(source, start, reading.max_record_bytes))
    blocks_ = jsonlines.blocks(islice(lines, records), source, reading.json)
    return Segment(number, blocks_, lambda: min(stop, source.size) - start)


def read_stream(
    source: Source, first: int, reading: Reading, limits: dict[int, int] | None = None
) -> Iterator[Segment]:
    """Read the segments of a compressed file from `first` on; each must be used up before the next.

    `limits` holds, per segment, how many records to take; segments without one are left out.
    """
    size = reading.unit_bytes
    reader: LineReader | web.WarcPages
    if source.kind is Kind.WARC:
        # Records are found by reading on from the start, for a damaged one has no end to go by.
        reader = web.WarcPages(source, reading.json, reading.max_record_bytes)
        items: Iterator[Any] = dropwhile(lambda page: page[0] < first * size, reader)
    else:
        reader = LineReader(source, first * size, reading.max_record_bytes)
        items = iter(reader)
    last = max(limits, default=-1) if limits is not None else None
    for segment, group in groupby(items, lambda item: int(item[0] // size)):
        if last is not None and segment > last:
            return
        records = None if limits is None else limits.get(segment, 0)
        if records != 0:
            yield _stream_segment(segment, islice(group, records), reader, source, reading)
        deque(group, maxlen=0)  # noqa: B031 - what the limit left over is passed over


def _stream_segment(
    number: int, items: Iterator[Any], reader: "LineReader | web.WarcPages", source: Source, reading: Reading
) -> Segment:
    before = reader.stored_bytes_read
    if isinstance(reader, web.WarcPages):
        blocks = web.blocks(items, reading.json)
    else:
        blocks = jsonlines.blocks(items, source, reading.json)
    return Segment(number, blocks, lambda: reader.stored_bytes_read - before)


def _cut(blocks: Iterator[Block], records: int | None) -> Iterator[Block]:
    if records is None:
        yield from blocks
        return
    for block in blocks:
        if records <= 0:
            return
        surplus = len(block.records) - records
        if surplus > 0:
            del block.records[records:]  # type: ignore[attr-defined]
            block.positions = block.positions[:records]  # type: ignore[misc]
        records -= len(block.records)
        yield block


def read_all(source: Source, reading: Reading) -> Iterator[Document]:
    """Yield the documents of a file, without the records that are none."""
    if is_stream(source):
        segments = read_stream(source, 0, reading)
    else:
        segments = (read_segment(source, i, reading) for i in range(count_segments(source, reading)))
    for segment in segments:
        for block in segment.blocks:
            yield from (record for record in block.records if isinstance(record, Document))


def check_field(sources: Iterable[Source], field: str, option: str = "--text-field") -> None:
    """Raise InputError where the first records of the first JSON lines file are sound and none has a field.

    A wrong name is said at once, and not after hours of counting failures. `option` is where it was named.
    """
    source = next((source for source in sources if source.kind is Kind.JSON_LINES), None)
    if source is None:
        return
    names: dict[str, None] = {}
    for offset, line in islice(LineReader(source, 0, _LOOKED_AT_BYTES), _LOOKED_AT_RECORDS):
        if offset == 0 and isinstance(line, bytes) and line.lstrip().startswith(b"["):
            raise InputError(f"{source.url} looks like one JSON array; wanted is one object per line")
        row = {} if isinstance(line, BadRecord) else jsonlines.sound_row(line)
        if field in row:
            return
        names.update(dict.fromkeys(row))
    if names:
        raise InputError(f"{source.url} has no field {field!r}; name it with {option}: {', '.join(names)}")


_LOOKED_AT_RECORDS = 50
_LOOKED_AT_BYTES = 32 << 20
