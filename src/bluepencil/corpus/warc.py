"""Reads the web pages of WARC and WET files, plain or gzip, past whatever is broken in them.

    with open("sample.warc.gz", "rb") as stream:
        for record in read_warc(stream):
            match record:
                case WarcRecord(uri=uri, text=None): ...    # HTML: render(record.payload, ...)
                case WarcRecord(uri=uri, text=text): ...    # WET: text already
                case Skipped() | BadRecord(): ...           # to be counted

Framing is in `framing`, HTTP in `http`. Every record of the file gives one item, whatever became of it.
Source: ISO 28500:2017 (WARC 1.1), and https://commoncrawl.org for WET.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from bluepencil.corpus import http
from bluepencil.corpus.framing import BadRecord, Frame, frames
from bluepencil.errors import OptionError

__all__ = ["PAGE_KINDS", "BadRecord", "Skipped", "WarcRecord", "read_warc"]

PAGE_KINDS = frozenset({"response", "resource", "conversion"})
"""The types of records that hold pages."""

MAX_RECORD_BYTES = 32 << 20
"""Larger pages are none that a person wrote; Common Crawl cuts at 1 MB, since 2025 at 5 MB."""

NOT_A_PAGE = "record-type"
BAD_STATUS = "http-status"
NOT_HTML = "not-html"
EMPTY = "empty-page"

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_TEXT_TYPES = frozenset({"text/plain"})
# How a page begins that comes without a type; the standard for sniffing has the same tags and some more.
_HTML_BEGINNING = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<!--.{0,2000}?-->|<\?xml[^>]{0,200}>)*<(?:!doctype\s+html|html|head|body)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_OK = 200


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """A page: its HTML in `payload`, or in `text` what a WET file says it reads.

    `position` is where reading may start again. `content_type` is the whole header (of HTTP, where there is
    one), so that it serves as `encoding_hint` of `render`. Fields that the record does not have are "";
    `status` is None outside HTTP.
    """

    position: int
    record_type: str
    uri: str
    date: str
    record_id: str
    content_type: str
    payload: bytes
    text: str | None = None
    status: int | None = None
    languages: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sound record that holds no page: a code to count by, and what was found instead."""

    position: int
    reason: str
    detail: str


def read_warc(
    stream: BinaryIO,
    *,
    start: int = 0,
    kinds: frozenset[str] = PAGE_KINDS,
    max_bytes: int = MAX_RECORD_BYTES,
) -> Iterator[WarcRecord | Skipped | BadRecord]:
    """Return what each record of a WARC or WET file holds, in the order of the file.

    Pages are `response` and `resource` records of status 200 and type HTML, and `conversion` records of
    plain text. Records of the types in `kinds` beyond those come as they are, with their block as `payload`.

    `start` is a position that an earlier reading gave: the items are then the same as those from there on.
    No record takes more than a few times `max_bytes`, decompressed, of memory; a larger one is a BadRecord.
    InputError if `stream` cannot seek; an OSError of the stream itself passes through.
    """
    if start < 0 or max_bytes < 1:
        raise OptionError(f"no WARC file can be read from {start}, with records of {max_bytes} bytes at most")
    for item in frames(stream, start, max_bytes):
        yield item if isinstance(item, BadRecord) else _read(item, kinds, max_bytes)


def _read(frame: Frame, kinds: frozenset[str], max_bytes: int) -> WarcRecord | Skipped | BadRecord:
    record_type = frame.fields["warc-type"].lower()
    if record_type not in kinds:
        return Skipped(frame.position, NOT_A_PAGE, record_type)
    if record_type == "response":
        return _response(frame, max_bytes)
    if record_type == "resource":
        return _html(frame, frame.fields.get("content-type", ""), frame.block)
    if record_type == "conversion":
        return _conversion(frame)
    return _record(frame, frame.fields.get("content-type", ""), frame.block)


def _record(
    frame: Frame, content_type: str, payload: bytes, *, text: str | None = None, status: int | None = None
) -> WarcRecord:
    fields = frame.fields
    return WarcRecord(
        position=frame.position,
        record_type=fields["warc-type"].lower(),
        # Wget writes the address in angle brackets, as the standard of 2009 did by mistake.
        uri=fields.get("warc-target-uri", "").strip("<>"),
        date=fields.get("warc-date", ""),
        record_id=fields.get("warc-record-id", "").strip("<>"),
        content_type=content_type,
        payload=payload,
        text=text,
        status=status,
        languages=fields.get("warc-identified-content-language", ""),
    )


def _response(frame: Frame, max_bytes: int) -> WarcRecord | Skipped | BadRecord:
    if "application/http" not in frame.fields.get("content-type", "application/http").lower():
        return Skipped(frame.position, NOT_HTML, frame.fields["content-type"])
    try:
        response = http.read_response(frame.block, max_bytes)
    except http.HttpError as error:
        return BadRecord(frame.position, error.reason, error.detail)
    if response.status != _OK:
        return Skipped(frame.position, BAD_STATUS, str(response.status))
    return _html(frame, response.content_type, response.body, response.status)


def _html(frame: Frame, content_type: str, body: bytes, status: int | None = None) -> WarcRecord | Skipped:
    if not body.strip():
        return Skipped(frame.position, EMPTY, "")
    media_type = _media_type(content_type)
    if media_type in _HTML_TYPES or (not media_type and _HTML_BEGINNING.match(body)):
        return _record(frame, content_type, body, status=status)
    return Skipped(frame.position, NOT_HTML, media_type)


def _conversion(frame: Frame) -> WarcRecord | Skipped:
    content_type = frame.fields.get("content-type", "")
    media_type = _media_type(content_type)
    if media_type in _HTML_TYPES:
        return _html(frame, content_type, frame.block)
    if media_type and media_type not in _TEXT_TYPES:
        return Skipped(frame.position, NOT_HTML, media_type)
    text = frame.block.decode("utf-8", "replace")
    if not text.strip():
        return Skipped(frame.position, EMPTY, "")
    return _record(frame, content_type, frame.block, text=text)


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
