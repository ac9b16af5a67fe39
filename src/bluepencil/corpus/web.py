"""Web pages as blocks: records of WARC and WET files, and folders of HTML files.

A page becomes a document with the fields `id`, `text`, `url`, `date` and `content_type`, all of them text.
Records that hold no page (requests, images, redirects) are dropped and counted.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, BinaryIO, cast

import msgspec

from bluepencil.corpus.block import BLOCK_BYTES, BLOCK_DOCUMENTS, BadRecord, SkippedRecord, grouped
from bluepencil.corpus.jsonlines import JsonBlock, JsonReading, Row, document_of
from bluepencil.corpus.paths import Kind, Source, files_of, open_url
from bluepencil.documents import Document, Reason
from bluepencil.errors import InputError

FIELDS = ("id", "url", "date", "content_type")
Page = tuple[int, Row, Document | BadRecord | SkippedRecord]


class WarcPages:
    """Reads the records of a WARC or WET file; `stored_bytes_read` tells how far it is."""

    def __init__(self, source: Source, reading: JsonReading, max_bytes: int) -> None:
        self._source = source
        self._reading = reading
        self._max_bytes = max_bytes
        self.stored_bytes_read = 0

    def __iter__(self) -> Iterator[Page]:
        from bluepencil.corpus import warc

        with self._source.open() as stream:
            for item in warc.read_warc(cast("BinaryIO", stream), max_bytes=self._max_bytes):
                self.stored_bytes_read = stream.tell()
                match item:
                    case warc.WarcRecord():
                        yield item.position, *self._page(item)
                    case warc.Skipped(position, reason, detail):
                        yield position, {}, SkippedRecord(reason, detail)
                    case warc.BadRecord(position, reason, detail):
                        yield position, {}, BadRecord(reason, f"{self._source.url}: {detail}")
        self.stored_bytes_read = self._source.size

    def _page(self, record: Any) -> tuple[Row, Document | BadRecord]:
        values = {
            "id": record.record_id,
            "url": record.uri,
            "date": record.date,
            "content_type": record.content_type,
        }
        page = record.payload if record.text is None else None
        return _row(values, page, record.text, self._source, record.position, self._reading)


def html_pages(
    source: Source, group: tuple[int, int], reading: JsonReading, max_bytes: int
) -> Iterator[Page]:
    """Read some files of a folder of HTML; `group` is (first, last + 1) in the sorted list of files."""
    for position, (url, _) in list(enumerate(files_of(source.url, Kind.HTML)))[slice(*group)]:
        try:
            with open_url(url) as stream:
                data = stream.read(max_bytes + 1)
        except OSError as error:
            yield position, {}, BadRecord(Reason.UNREADABLE_INPUT, f"{url}: {error}")
            continue
        if len(data) > max_bytes:
            detail = f"{url} has more than {max_bytes} bytes (--max-record-mb)"
            yield position, {}, BadRecord(Reason.TOO_LARGE, detail, data).cut()
            continue
        name = url.removeprefix(source.url).lstrip("/") or source.name
        values = {"id": name, "url": url, "date": "", "content_type": "text/html"}
        yield position, *_row(values, data, None, source, position, reading)


@lru_cache(maxsize=8)
def groups_of_files(source: Source, unit_bytes: int) -> list[tuple[int, int]]:
    """Return the units of a folder of small files: runs of files of about `unit_bytes` together."""
    return grouped((size for _, size in files_of(source.url, source.kind)), unit_bytes)


def _row(
    values: dict[str, str],
    page: bytes | None,
    text: str | None,
    source: Source,
    position: int,
    reading: JsonReading,
) -> tuple[Row, Document | BadRecord]:
    if page is not None:
        from bluepencil.corpus.html import render

        try:
            text = render(page, encoding_hint=values["content_type"]).text
        except InputError as error:
            return {}, BadRecord(Reason.BAD_HTML, str(error), page).cut()
    row = {name: _raw(value) for name, value in values.items()}
    row[reading.text_field] = _raw(text or "")
    return document_of(row, source, position, reading)


def _raw(value: str) -> msgspec.Raw:
    # Headers may hold bytes that are no text.
    return msgspec.Raw(msgspec.json.encode(value.encode(errors="replace").decode()))


def blocks(pages: Iterator[Page], reading: JsonReading) -> Iterator[JsonBlock]:
    """Group pages into blocks."""
    block = JsonBlock([], [], [], [], reading.text_field)
    size = 0
    for position, row, record in pages:
        line = msgspec.json.encode(row)
        block.add(position, record, line, row)
        size += len(line)
        if len(block.records) >= BLOCK_DOCUMENTS or size >= BLOCK_BYTES:
            yield block
            block, size = JsonBlock([], [], [], [], reading.text_field), 0
    if block.records:
        yield block
